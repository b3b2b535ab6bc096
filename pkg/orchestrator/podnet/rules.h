// The node-wide nftables rules of the pod network: table `ip appliance_pods`. Pure.
//
//   chain raw          prerouting -300  from a pod: its own source address only; never to 127.0.0.0/8 (CVE-2020-8558)
//   chain prerouting   nat -101         host ports
//   chain output       nat -101         host ports, for processes of the host
//   chain postrouting  nat 100          pod to itself through a service (hairpin), 127.0.0.1 to a pod, pods to the
//   outside world set hairpin        ip . ip          every address of the pod range with itself: nft cannot compare
//   two fields map hostports      proto . port -> pod ip . port            (every local address) map hostports_ip   ip
//   . proto . port -> pod ip . port
// Pods' links are told by their device group, not by a name that a person may also use.
#pragma once

#include "net/nft/batch.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::podnet {

inline constexpr const char* kTable = "appliance_pods";
inline constexpr const char* kHostPorts = "hostports";
inline constexpr const char* kHostPortsIp = "hostports_ip";
constexpr uint32_t kLinkGroup = 0x52;  // IFLA_GROUP of every pod's host link

struct RuleOptions {
  net::netlink::Cidr pod_cidr;
  net::netlink::Cidr cluster_cidr;
};

// Makes or mends the table in one transaction; elements of the host port maps stay as they are.
net::nft::Batch node_rules(const RuleOptions& options);

// The element of a host port, and the map that it belongs to. kInvalidArgument for a bad protocol or address.
struct HostPortElement {
  std::string map;
  net::nft::Element element;
};
Result<HostPortElement> host_port_element(const HostPort& port, net::netlink::Ipv4 pod);

}  // namespace appliance::orchestrator::podnet
