#include "orchestrator/kubelet/etc_files.h"

#include "base/strings.h"

namespace appliance::orchestrator::kubelet {
namespace {

std::string aliases(const PodSpec& pod) {
  const auto& entries = json::array_at(*pod.document, {"spec", "hostAliases"});
  if (entries.empty()) return {};
  std::string out = "\n# Entries added by HostAliases.\n";
  for (const auto& entry : entries)
    out += std::string(json::string_at(entry, {"ip"})) + '\t' +
           base::join(strings_of(json::array_at(entry, {"hostnames"})), "\t") + '\n';
  return out;
}

}  // namespace

std::string hosts_file(const PodSpec& pod, std::string_view pod_ip, std::string_view host_hosts,
                       std::string_view cluster_domain) {
  if (pod.host_network)
    return "# Kubernetes-managed hosts file (host network).\n" + std::string(host_hosts) + aliases(pod);
  std::string out =
      "# Kubernetes-managed hosts file.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "fe00::0\tip6-mcastprefix\n"
      "fe00::1\tip6-allnodes\n"
      "fe00::2\tip6-allrouters\n";
  if (!pod_ip.empty()) {
    out += std::string(pod_ip) + '\t';
    if (!pod.subdomain.empty())
      out += pod.hostname + '.' + pod.subdomain + '.' + pod.ns + ".svc." + std::string(cluster_domain) + '\t';
    out += pod.hostname + '\n';
  }
  return out + aliases(pod);
}

}  // namespace appliance::orchestrator::kubelet
