// Connection tracking entries over ctnetlink (NFNL_SUBSYS_CTNETLINK): find the flows that point to what is gone and
// delete them. After an nftables commit, never before: a packet in between would make the old entry again.
//
//   TRY(delete_flows(IPPROTO_UDP, [&](const Flow& f) { return f.original_dst == gone; }));
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "net/netlink/ip.h"

namespace appliance::net::nft {

struct Endpoint {
  netlink::Ipv4 ip{};
  uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

struct Flow {
  uint8_t proto = 0;
  Endpoint original_src;
  Endpoint original_dst;
  Endpoint reply_src;  // who really answers: differs from original_dst when the flow is DNATed
  bool dnat = false;
};

// IPv4, this thread's network namespace. Returns how many were deleted. Blocking: one dump, one batch.
Result<size_t> delete_flows(uint8_t proto, const std::function<bool(const Flow&)>& doomed);

}  // namespace appliance::net::nft
