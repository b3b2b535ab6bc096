// The node-wide nftables rules of the pod network: table `ip appliance_pods`. Pure.
//
//   chain raw          prerouting -300  from a pod: its own source address only; never to 127.0.0.0/8 (CVE-2020-8558);
//                                       from elsewhere: no source inside of this node's pod range
//   chain prerouting   nat -101         host ports
//   chain output       nat -101         host ports, for processes of the host
//   chain input        filter 0         tunnel packets: to this node's own address, from nodes of the cluster only
//   chain forward      filter 0         no tunnel packets to nodes from pods or through a Service: the source that a
//                                       node would see is a node's, and the packet inside could claim anything
//   chain postrouting  nat 100          pod to itself through a service (hairpin), 127.0.0.1 to a pod, pods to the
//                                       outside world
//   set hairpin        ip . ip          every address of the pod range with itself: nft cannot compare two fields
//   set nodes          ip               the other nodes of the cluster
//   set tunnel_port    port             of this node's VXLAN device; empty when it has none, then 8472 is nobody's
//   map hostports      proto . port -> pod ip . port            (every local address)
//   map hostports_ip   ip . proto . port -> pod ip . port
// Pods' links are told by their device group, not by a name that a person may also use.
#pragma once

#include <optional>

#include "net/nft/batch.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::podnet {

inline constexpr const char* kTable = "appliance_pods";
inline constexpr const char* kHostPorts = "hostports";
inline constexpr const char* kHostPortsIp = "hostports_ip";
inline constexpr const char* kNodes = "nodes";
inline constexpr const char* kTunnelPort = "tunnel_port";
constexpr uint32_t kLinkGroup = 0x52;  // IFLA_GROUP of every pod's host link

struct RuleOptions {
  net::netlink::Cidr pod_cidr;
  net::netlink::Cidr cluster_cidr;
  std::optional<net::netlink::Ipv4> node_ip{};
  uint16_t vxlan_port = 8472;
};

// Makes or mends the table in one transaction; elements of the host port maps, of `nodes` and `tunnel_port` stay as
// they are.
net::nft::Batch node_rules(const RuleOptions& options);

// The element of a host port, and the map that it belongs to. kInvalidArgument for a bad protocol or address.
struct HostPortElement {
  std::string map;
  net::nft::Element element;
};
Result<HostPortElement> host_port_element(const HostPort& port, net::netlink::Ipv4 pod);

}  // namespace appliance::orchestrator::podnet
