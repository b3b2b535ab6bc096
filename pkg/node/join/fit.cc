#include "node/join/fit.h"

namespace appliance::node {
namespace {

using net::netlink::Cidr;

std::string link_name(const std::vector<net::netlink::Link>& links, int index) {
  for (const auto& link : links)
    if (link.index == index) return link.name;
  return "link " + std::to_string(index);
}

}  // namespace

std::optional<Error> overlapping_route(const Membership& membership, const std::vector<net::netlink::Route>& routes,
                                       const std::vector<net::netlink::Link>& links) {
  for (const auto& [what, text] : {std::pair{"pods", membership.cluster_cidr}, {"services", membership.service_cidr}}) {
    const auto range = net::netlink::parse_cidr(text);
    if (!range)
      return Error{.code = Code::kInvalidArgument,
                   .message = "the cluster says that its " + std::string(what) + " are in \"" + text +
                              "\", which is not a network",
                   .errno_value = 0,
                   .hint = {}};
    for (const auto& route : routes) {
      if (route.protocol == net::netlink::kOwnProtocol || route.destination.prefix == 0) continue;
      if (!range->overlaps(route.destination)) continue;
      return Error{.code = Code::kFailedPrecondition,
                   .message = "the cluster's network of " + std::string(what) + ", " + text +
                              ", overlaps this machine's route to " + route.destination.string() + " on " +
                              link_name(links, route.link),
                   .errno_value = 0,
                   .hint = "move that network, or make the cluster with another --cluster-cidr and --service-cidr"};
    }
  }
  return std::nullopt;
}

std::optional<Error> address_taken(const Membership& membership, const json::Value& node_list) {
  for (const auto& node : json::array_at(node_list, {"items"})) {
    const auto name = json::string_at(node, {"metadata", "name"});
    if (name == membership.node_name) continue;
    for (const auto& address : json::array_at(node, {"status", "addresses"})) {
      if (json::string_at(address, {"type"}) != "InternalIP" ||
          json::string_at(address, {"address"}) != membership.node_ip)
        continue;
      return Error{
          .code = Code::kAlreadyExists,
          .message = "node " + std::string(name) + " already has the address " + membership.node_ip,
          .errno_value = 0,
          .hint = "give this machine another with --node-ip, or remove the node that is gone: kubectl delete node " +
                  std::string(name)};
    }
  }
  return std::nullopt;
}

}  // namespace appliance::node
