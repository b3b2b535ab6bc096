// Inside this folder only: pieces that are encoded, asked and read alike in several files.
#pragma once

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>

#include <string>
#include <vector>

#include "net/netlink/message.h"
#include "net/netlink/socket.h"
#include "net/nft/ruleset.h"
#include "net/nft/types.h"

namespace appliance::net::nft {

constexpr uint16_t type_of(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8U) | message; }
inline nfgenmsg family(uint8_t value, uint16_t resource = 0) {
  return {.nfgen_family = value, .version = NFNETLINK_V0, .res_id = htons(resource)};
}

Result<std::vector<SetElement>> dump_set(netlink::Socket& socket, uint8_t of, const std::string& table,
                                         const std::string& set);  // ruleset.cc

void put_verdict(netlink::Builder& b, uint16_t attribute, const Verdict& verdict);

}  // namespace appliance::net::nft
