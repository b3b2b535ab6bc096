// How pods of other nodes are reached: what the kernel shall hold for a list of peers, as differences to what it holds.
// Pure; peers_apply.h reads and writes the kernel.
//
// A peer whose address is on a network of one of our Ethernet links gets a direct route: its pod range via its address.
// Any other gets three entries for the one VXLAN device of this node:
//   route       10.42.1.0/24 via 10.42.1.1 onlink, source 10.42.0.1    the .1 of a node's range is its end of the
//   tunnel neighbour   10.42.1.1 -> link address derived from the node's name forwarding  that link address -> the
//   node's address
// Our own .1 is an address of the device: what the node itself or a masquerade sends to a remote pod must come back by
// the tunnel too. The nftables sets `nodes` and `tunnel_port` (rules.h) follow the peers.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/netlink/route.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::podnet {

inline constexpr const char* kTunnelLink = "ap-vxlan";
constexpr uint32_t kTunnelVni = 0x415050;  // "APP": beside another overlay on the same port
constexpr int kTunnelOverhead = 50;        // outer Ethernet 14 (inner one, to be exact), IPv4 20, UDP 8, VXLAN 8
constexpr size_t kPeersMax = 5000;         // Kubernetes' own limit of nodes; bounds what one call can ask of the kernel

struct PeerSettings {
  net::netlink::Cidr pod_cidr;
  net::netlink::Cidr cluster_cidr;
  std::string node_name;
  std::optional<net::netlink::Ipv4> node_ip;
  Tunnel tunnel = Tunnel::kAuto;
  uint16_t vxlan_port = 8472;
  int mtu = 1500;  // of the underlay
};

struct PeerState {  // what the kernel holds
  std::vector<net::netlink::Link> links{};
  std::vector<net::netlink::Address> addresses{};
  std::vector<net::netlink::Route> routes{};
  std::vector<net::netlink::Neighbour> neighbours{};        // of the tunnel
  std::vector<net::netlink::ForwardingEntry> forwarding{};  // of the tunnel
  std::set<net::netlink::Ipv4> nodes{};                     // nftables
  std::set<uint16_t> tunnel_port{};                         // nftables
};

template <class T>
struct Difference {
  std::vector<T> added{};
  std::vector<T> gone{};
  [[nodiscard]] bool empty() const { return added.empty() && gone.empty(); }
};

// Link 0 in added entries stands for the tunnel that is to be created.
struct PeerChanges {
  std::vector<int> wrong_tunnel{};                         // deleted first: it has other properties
  std::optional<net::netlink::VxlanSpec> create_tunnel{};  //
  std::optional<int> tunnel_mtu{};                         // of the one that stays
  bool tunnel_up = false;                                  // the one that stays is down
  Difference<net::netlink::Address> addresses{};           // of the tunnel
  Difference<net::netlink::ForwardingEntry> forwarding{};
  Difference<net::netlink::Neighbour> neighbours{};
  Difference<net::netlink::Route> routes{};  // an added one may replace an old one to the same range
  Difference<net::netlink::Ipv4> nodes{};
  Difference<uint16_t> tunnel_port{};
  std::vector<int> unused_tunnel{};    // deleted last: no peer needs it any more
  std::vector<std::string> refused{};  // "node b: why"

  [[nodiscard]] bool nothing_to_do() const;
};

// A peer with this node's own name is passed over, so that a list of all nodes is fine.
PeerChanges plan_peers(const PeerSettings& settings, const std::vector<Peer>& peers, const PeerState& have);

// The link by which this address is reached without a gateway, if ARP finds it there.
std::optional<int> direct_link(net::netlink::Ipv4 address, const PeerState& have);

bool is_tunnel(const net::netlink::Link& link);
// MTU of the tunnel: that of the link which has the node's address, or the underlay's, whichever is less, minus what
// the tunnel adds.
int tunnel_mtu(const PeerSettings& settings, const PeerState& have);

}  // namespace appliance::orchestrator::podnet
