// Inside this folder only: pieces that rules and elements encode alike.
#pragma once

#include "net/netlink/message.h"
#include "net/nft/types.h"

namespace appliance::net::nft {

void put_verdict(netlink::Builder& b, uint16_t attribute, const Verdict& verdict);

}  // namespace appliance::net::nft
