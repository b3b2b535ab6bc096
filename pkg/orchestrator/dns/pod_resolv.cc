#include "orchestrator/dns/pod_resolv.h"

#include <algorithm>

#include "base/fs.h"
#include "orchestrator/dns/resolv_conf.h"

namespace appliance::orchestrator::dns {
namespace {

constexpr size_t kNameserversMax = 3;     // glibc's MAXNS
constexpr size_t kSearchDomainsMax = 32;  // the kubelet's limits
constexpr size_t kSearchBytesMax = 2048;
constexpr size_t kResolvConfBytesMax = 1U << 20U;

std::string_view text_of(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

// One word of a resolv.conf: nothing that could begin another line.
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

void append_unique(std::vector<std::string>& out, std::string_view word) {
  if (is_word(word) && std::find(out.begin(), out.end(), word) == out.end()) out.emplace_back(word);
}

ResolvConf cluster_first(std::string_view ns, const PodResolvOptions& o, const ResolvConf& host) {
  ResolvConf out;
  out.nameservers = {o.cluster_dns};
  const std::string svc = "svc." + o.cluster_domain;
  for (const auto& domain : {std::string(ns) + '.' + svc, svc, o.cluster_domain}) append_unique(out.search, domain);
  for (const auto& domain : host.search) append_unique(out.search, domain);
  out.options = {"ndots:5"};
  return out;
}

// dnsConfig's options replace those of the same name.
void merge_option(std::vector<std::string>& options, const json::Value& option) {
  const std::string name(json::string_at(option, {"name"}));
  const std::string value(json::string_at(option, {"value"}));
  if (!is_word(name) || (!value.empty() && !is_word(value))) return;
  std::erase_if(options, [&](const std::string& o) { return o.substr(0, o.find(':')) == name; });
  options.push_back(value.empty() ? name : name + ':' + value);
}

void merge_config(ResolvConf& out, const json::Value& pod_spec) {
  for (const auto& server : json::array_at(pod_spec, {"dnsConfig", "nameservers"}))
    append_unique(out.nameservers, text_of(server));
  for (const auto& domain : json::array_at(pod_spec, {"dnsConfig", "searches"}))
    append_unique(out.search, text_of(domain));
  for (const auto& option : json::array_at(pod_spec, {"dnsConfig", "options"})) merge_option(out.options, option);
}

void cut(ResolvConf& conf) {
  if (conf.nameservers.size() > kNameserversMax) conf.nameservers.resize(kNameserversMax);
  if (conf.search.size() > kSearchDomainsMax) conf.search.resize(kSearchDomainsMax);
  size_t bytes = 0;
  for (size_t i = 0; i < conf.search.size(); ++i) {
    bytes += conf.search[i].size() + 1;
    if (bytes <= kSearchBytesMax) continue;
    conf.search.resize(i);
    break;
  }
}

}  // namespace

std::string pod_resolv_conf(const json::Value& pod_spec, std::string_view ns, const PodResolvOptions& options) {
  const ResolvConf host = parse_resolv_conf(options.host_resolv_conf_text);
  std::string_view policy = json::string_at(pod_spec, {"dnsPolicy"}, "ClusterFirst");
  // A pod on the host's network asks as the host does, unless it says otherwise.
  if (policy == "ClusterFirst" && json::bool_at(pod_spec, {"hostNetwork"})) policy = "Default";
  const bool cluster =
      (policy == "ClusterFirst" || policy == "ClusterFirstWithHostNet") && !options.cluster_dns.empty();
  ResolvConf out;
  if (cluster) {
    out = cluster_first(ns, options, host);
  } else if (policy != "None") {
    out = host;
  }
  merge_config(out, pod_spec);
  cut(out);
  return format_resolv_conf(out);
}

std::string host_resolv_conf_text(const std::string& path) {
  const auto usable = [](const std::string& text) {
    const auto conf = parse_resolv_conf(text);
    return std::any_of(conf.nameservers.begin(), conf.nameservers.end(),
                       [](const auto& s) { return !is_loopback_nameserver(s); });
  };
  std::string fallback;
  for (const auto& file : {path, std::string("/run/systemd/resolve/resolv.conf"),
                           std::string("/run/NetworkManager/no-stub-resolv.conf")}) {
    auto text = base::read_file(file, kResolvConfBytesMax);
    if (!text) continue;
    if (usable(*text)) {
      // Loopback servers beside real ones go: a pod's 127.0.0.1 is the pod itself.
      auto conf = parse_resolv_conf(*text);
      std::erase_if(conf.nameservers, [](const auto& s) { return is_loopback_nameserver(s); });
      return format_resolv_conf(conf);
    }
    if (fallback.empty()) {
      auto conf = parse_resolv_conf(*text);
      conf.nameservers.clear();
      fallback = format_resolv_conf(conf);  // at least its search list
    }
  }
  return fallback;
}

}  // namespace appliance::orchestrator::dns
