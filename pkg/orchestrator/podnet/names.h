// What is computed from a pod's uid alone, so that every run finds the same: the host link's name and both hardware
// addresses.
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

}  // namespace appliance::orchestrator::podnet
