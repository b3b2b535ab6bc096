// The thin side of peers.h: reads what the kernel holds, and makes it hold the changes.
#pragma once

#include "base/error.h"
#include "net/nft/nft.h"
#include "orchestrator/podnet/peers.h"

namespace appliance::orchestrator::podnet {

Result<PeerState> observe_peers(net::netlink::RouteSocket& net, net::nft::Nft& nft);

// Everything that can be done is done: one peer's trouble does not stop another's. The first error, and how many more.
Result<> apply_peers(net::netlink::RouteSocket& net, net::nft::Nft& nft, const PeerChanges& changes);

}  // namespace appliance::orchestrator::podnet
