#include "node/join/fit.h"

#include <catch2/catch.hpp>

namespace appliance::node {
namespace {

using net::netlink::Link;
using net::netlink::Route;

Membership member() {
  Membership out;
  out.node_name = "w1";
  out.node_ip = "192.0.2.7";
  out.cluster_cidr = "10.42.0.0/16";
  out.service_cidr = "10.43.0.0/16";
  return out;
}

Route route(const char* destination, uint8_t protocol = 2) {
  Route out;
  out.destination = *net::netlink::parse_cidr(destination);
  out.link = 3;
  out.protocol = protocol;
  return out;
}

std::vector<Link> links() {
  Link lan;
  lan.index = 3;
  lan.name = "lan";
  return {lan};
}

json::Value nodes(const char* name, const char* ip) {
  return json::Object{
      {"items",
       json::Array{json::Object{{"metadata", json::Object{{"name", name}}},
                                {"status", json::Object{{"addresses", json::Array{json::Object{{"type", "InternalIP"},
                                                                                               {"address", ip}}}}}}}}}};
}

}  // namespace

TEST_CASE("join: a route of this machine into the cluster's networks is named, with its link and the remedy") {
  const auto inside = overlapping_route(member(), {route("10.42.77.0/24")}, links());
  REQUIRE(inside.has_value());
  CHECK(inside->message ==
        "the cluster's network of pods, 10.42.0.0/16, overlaps this machine's route to 10.42.77.0/24 on lan");
  CHECK_FALSE(inside->hint.empty());
  CHECK(overlapping_route(member(), {route("10.0.0.0/8")}, links()).has_value());
  const auto services = overlapping_route(member(), {route("10.43.0.0/16")}, {});
  REQUIRE(services.has_value());
  CHECK(services->message.find("network of services, 10.43.0.0/16") != std::string::npos);
  CHECK(services->message.ends_with("on link 3"));
}

TEST_CASE("join: other networks, the default route and routes of our own are no overlap") {
  CHECK_FALSE(
      overlapping_route(member(),
                        {route("192.0.2.0/24"), route("0.0.0.0/0"), route("10.42.1.0/24", net::netlink::kOwnProtocol)},
                        links())
          .has_value());
}

TEST_CASE("join: a cluster that says nonsense about its networks is refused") {
  auto odd = member();
  odd.cluster_cidr = "everything";
  REQUIRE(overlapping_route(odd, {}, {}).has_value());
}

TEST_CASE("join: another node's address is taken, this node's own is not") {
  const auto taken = address_taken(member(), nodes("n1", "192.0.2.7"));
  REQUIRE(taken.has_value());
  CHECK(taken->message == "node n1 already has the address 192.0.2.7");
  CHECK(taken->hint.find("kubectl delete node n1") != std::string::npos);
  CHECK_FALSE(address_taken(member(), nodes("w1", "192.0.2.7")).has_value());
  CHECK_FALSE(address_taken(member(), nodes("n1", "192.0.2.8")).has_value());
}

}  // namespace appliance::node
