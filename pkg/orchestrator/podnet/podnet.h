// The pod network of this node: one veth per pod, pod side /32 with gateway 169.254.1.1, a host route to the pod,
// permanent neighbours both ways; no bridge. Addresses come from the node's pod CIDR, round robin, a freed one rests 30
// s. Kernel state is the truth: attach() after a restart finds what is there and mends the rest. Blocking (a few ms of
// netlink): call from pool threads. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace appliance::orchestrator::podnet {

// auto: a direct route when the peer's address is on a network of one of our links, else VXLAN.
enum class Tunnel : unsigned char { kAuto, kAlways, kNever };

struct Options {
  std::string pod_cidr;      // "10.42.0.0/24"
  std::string cluster_cidr;  // not masqueraded
  std::string service_cidr;  // gets an own route, so that rejects and host clients work without a default route
  std::string state_dir;     // <run-dir>/net: leases, recorded sysctls; synced before use
  int mtu = 0;               // 0 = the MTU of the link with the default route, else 1500
  std::string node_name;     // of this node; needed for set_peers()
  std::string node_ip;
  Tunnel tunnel = Tunnel::kAuto;
  int vxlan_port = 8472;
  base::Log log;
};

struct Attachment {
  std::string address;    // "10.42.0.7"
  std::string host_link;  // veth name on the host
};

// Another node of the cluster, as this node's routes need it.
struct Peer {
  std::string node;      // name; the tunnel's link address is derived from it
  std::string pod_cidr;  // "10.42.1.0/24"
  std::string node_ip;   // "192.0.2.7"
};

struct HostPort {
  std::string protocol = "TCP";  // TCP, UDP
  uint16_t host_port = 0;
  uint16_t container_port = 0;
  std::string host_ip;  // "" or "0.0.0.0": every address of this machine, 127.0.0.1 included
};

class PodNet {
 public:
  virtual ~PodNet() = default;
  // Sets the host's sysctls (recording what was there) and the node-wide nft chains.
  static Result<std::unique_ptr<PodNet>> open(Options options, const base::Clock& clock);
  virtual Result<Attachment> attach(const std::string& pod_uid, const std::string& netns_path) = 0;  // idempotent
  virtual Result<> detach(const std::string& pod_uid) = 0;                                           // idempotent
  // Makes the node forward these ports to the pod; replaces what was set for this address. detach() removes them.
  virtual Result<> set_host_ports(const std::string& pod_uid, const std::string& address,
                                  const std::vector<HostPort>& ports) {
    (void)pod_uid, (void)address, (void)ports;
    return fail(Code::kUnimplemented, "host ports");
  }
  // Makes the pods of these nodes reachable, and those of no other: replaces what was set before, keeps what is right,
  // so that a restart breaks no flow. Peers that are wrong (no address, a range outside of the cluster's) are left out
  // and named in the error, the others are set.
  virtual Result<> set_peers(const std::vector<Peer>& peers) {
    (void)peers;
    return fail(Code::kUnimplemented, "routes to other nodes");
  }
  // Removes links and leases of pods not in `live_uids`. Call once the runtime's list is loaded.
  virtual Result<> reconcile(const std::vector<std::string>& live_uids) = 0;
  // Undoes everything: links, routes, tables, sysctls as they were. For `down` and `uninstall`.
  virtual Result<> teardown() = 0;
};

// teardown() for when no PodNet is open and none shall be set up: `down` and `uninstall` after a crash. Idempotent.
Result<> remove_all(const Options& options);

// What of this machine's own firewall will stop pod traffic, in words, each with the remedy; empty: nothing found. For
// `check`.
Result<std::vector<std::string>> diagnose();

}  // namespace appliance::orchestrator::podnet
