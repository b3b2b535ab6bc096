// The proxy's nftables layout (table `ip appliance`): flat maps, so that every change of a service is a change of
// elements.
//
//   map svc            ip . proto . port -> goto <chain>       cluster IPs and external IPs
//   map nodeports      proto . port -> goto <chain>            any local address
//   map nodeports_in   proto . port -> goto <chain>            eTP=Local: what pods and this host use instead
//   map be             ip . proto . port . slot -> ip . port   the endpoints; node ports have ip 0.0.0.0 (0.0.0.1 for
//   _in) map no_svc         ip . proto . port -> goto reject | drop map no_nodeports   proto . port -> goto reject |
//   drop set cluster_ips    ip                                      an unknown port of a known cluster IP is rejected
//   map affinity       client . ip . proto . port -> endpoint  dynamic, with time-out
//   set live           ip . proto . port . endpoint ip . port  endpoints of services with affinity: a stale entry falls
//   through
//
// A chain is named by kind, number of slots and affinity: "cl-3", "np-2-a10800". It is made when first needed and
// stays. The first slot is tried again when a lookup misses: a packet between two generations of the maps must not lose
// its DNAT. Counts up to 64 have a chain each; above, slots are a power of two and endpoints repeat. One bit of the
// packet mark, 0x4000 as in kube-proxy, carries "masquerade" from the DNAT rule to postrouting, which clears it.
#pragma once

#include <cstdint>
#include <string>

#include "net/nft/batch.h"

namespace appliance::orchestrator::proxy {

inline constexpr const char* kTable = "appliance";
constexpr uint32_t kMasqueradeMark = 0x4000;
constexpr uint32_t kExactSlotsMax = 64;
constexpr uint32_t kAffinityEntriesMax = 262144;  // ~100 bytes each; more clients than that get no affinity

enum class FrontendKind : uint8_t {
  kCluster,         // cluster IP: masquerade sources outside the cluster's range
  kExternal,        // external IP, policy Cluster: masquerade always
  kExternalLocal,   // external IP, policy Local: the source is kept
  kNodePort,        // policy Cluster
  kNodePortLocal,   // policy Local, from outside
  kNodePortInside,  // policy Local, from pods and this host: all endpoints, as a cluster IP
};

struct ChainSpec {
  FrontendKind kind = FrontendKind::kCluster;
  uint32_t slots = 1;
  uint32_t affinity_seconds = 0;
  auto operator<=>(const ChainSpec&) const = default;
  [[nodiscard]] std::string name() const;
};

uint32_t slots_for(size_t endpoints);

// Makes or mends everything that does not depend on services. Elements stay.
void add_base(net::nft::Batch& batch, net::netlink::Cidr cluster_cidr, net::netlink::Cidr service_cidr);
// Makes or mends one endpoint chain.
void add_chain(net::nft::Batch& batch, const ChainSpec& chain, net::netlink::Cidr cluster_cidr);

}  // namespace appliance::orchestrator::proxy
