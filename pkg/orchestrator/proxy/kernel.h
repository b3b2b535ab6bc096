// The proxy's side of the kernel: applies changes, reads back what is there, cleans up connection tracking. Thin;
// blocking; one owner at a time.
#pragma once

#include <set>

#include "net/nft/nft.h"
#include "orchestrator/proxy/plan.h"

namespace appliance::orchestrator::proxy {

class Kernel {
 public:
  Kernel(net::netlink::Cidr cluster_cidr, net::netlink::Cidr service_cidr)
      : cluster_cidr_(cluster_cidr), service_cidr_(service_cidr) {}

  // Table, base chains, maps and rules as this version wants them; elements and flows are not touched.
  Result<> prepare();
  // Makes the chains that are not known yet, then removes and adds elements: one transaction.
  Result<> apply(const std::set<ChainSpec>& chains, const Changes& changes);
  Result<State> read();           // the elements that are there now
  Result<uint32_t> generation();  // counts every nftables change on this machine, also by others
  [[nodiscard]] uint32_t commits() const { return commits_; }  // our own ones: each counts the generation up by one

 private:
  net::netlink::Cidr cluster_cidr_;
  net::netlink::Cidr service_cidr_;
  uint32_t commits_ = 0;
  std::set<ChainSpec> chains_;  // made since prepare(); all are made anew once, so that their rules are of this version
};

// Deletes the UDP flows that point to an endpoint that left: the NAT of a flow is decided once, by its first packet.
// `frontends` are all that exist, `gone` those that a change removed. Returns the count.
Result<size_t> clean_udp_flows(const std::vector<UdpFrontend>& frontends, const std::vector<UdpFrontend>& gone);

}  // namespace appliance::orchestrator::proxy
