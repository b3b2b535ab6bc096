// What is computed from a pod's uid or a node's name alone, so that every run, and every node, finds the same: the
// host link's name and hardware addresses.
#pragma once

#include <string>

#include "net/netlink/route.h"

namespace appliance::orchestrator::podnet {

inline constexpr const char* kPodLink = "eth0";

struct PodIdentity {
  std::string host_link;  // "ap" + 12 hex digits
  net::netlink::Mac host_mac{};
  net::netlink::Mac pod_mac{};
};
PodIdentity identity_of(const std::string& pod_uid);

// The link address of a node's end of the tunnel: every node computes that of every other.
net::netlink::Mac tunnel_mac(const std::string& node_name);

}  // namespace appliance::orchestrator::podnet
