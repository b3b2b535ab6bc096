#include "orchestrator/podnet/names.h"

#include "base/strings.h"

namespace appliance::orchestrator::podnet {
namespace {

net::netlink::Mac mac_of(uint64_t hash) {
  net::netlink::Mac out{};
  out[0] = 0x02;  // locally administered, unicast
  for (size_t i = 1; i < out.size(); ++i) out[i] = static_cast<uint8_t>(hash >> (8 * i));
  return out;
}

}  // namespace

PodIdentity identity_of(const std::string& pod_uid) {
  const uint64_t hash = base::fnv1a64(pod_uid);
  std::string bytes;
  for (int i = 0; i < 6; ++i) bytes += static_cast<char>(hash >> (8 * i));
  return {.host_link = "ap" + base::hex(bytes),
          .host_mac = mac_of(base::fnv1a64(pod_uid + "/host")),
          .pod_mac = mac_of(base::fnv1a64(pod_uid + "/pod"))};
}

net::netlink::Mac tunnel_mac(const std::string& node_name) { return mac_of(base::fnv1a64(node_name + "/tunnel")); }

}  // namespace appliance::orchestrator::podnet
