// The pod network of this node: one veth per pod, pod side /32 with gateway 169.254.1.1, a host route to the pod, permanent
// neighbours both ways; no bridge. Addresses come from the node's pod CIDR, round robin, a freed one rests 30 s.
// Kernel state is the truth: attach() after a restart finds what is there and mends the rest.
// Blocking (a few ms of netlink): call from pool threads. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace appliance::orchestrator::podnet {

struct Options {
  std::string pod_cidr;   // "10.42.0.0/24"
  std::string cluster_cidr;  // not masqueraded
  std::string service_cidr;  // gets an own route, so that rejects and host clients work without a default route
  std::string state_dir;  // <run-dir>/net: leases, recorded sysctls; synced before use
  int mtu = 0;            // 0 = the MTU of the link with the default route, else 1500
  base::Log log;
};

struct Attachment {
  std::string address;    // "10.42.0.7"
  std::string host_link;  // veth name on the host
};

class PodNet {
 public:
  virtual ~PodNet() = default;
  // Sets the host's sysctls (recording what was there) and the node-wide nft chains.
  static Result<std::unique_ptr<PodNet>> open(Options options, const base::Clock& clock);
  virtual Result<Attachment> attach(const std::string& pod_uid, const std::string& netns_path) = 0;  // idempotent
  virtual Result<> detach(const std::string& pod_uid) = 0;                                            // idempotent
  // Removes links and leases of pods not in `live_uids`. Call once the runtime's list is loaded.
  virtual Result<> reconcile(const std::vector<std::string>& live_uids) = 0;
  // Undoes everything: links, routes, tables, sysctls as they were. For `down` and `uninstall`.
  virtual Result<> teardown() = 0;
};

}  // namespace appliance::orchestrator::podnet
