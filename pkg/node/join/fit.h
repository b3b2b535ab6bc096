// Does this machine fit a cluster? Pure: what the cluster says against what the machine has.
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"
#include "net/netlink/route.h"
#include "node/join/membership.h"

namespace appliance::node {

// A route of this machine into the cluster's pod or service network that is not ours; nullopt: none. The default route
// does not count.
std::optional<Error> overlapping_route(const Membership& membership, const std::vector<net::netlink::Route>& routes,
                                       const std::vector<net::netlink::Link>& links);

// Another node with this machine's address, or this machine's name on another address (its own Node from before is
// fine: the certificate decides); nullopt: none.
std::optional<Error> address_taken(const Membership& membership, const json::Value& node_list);

}  // namespace appliance::node
