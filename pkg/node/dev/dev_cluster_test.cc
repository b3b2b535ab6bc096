#include "node/dev/dev_cluster.h"

#include <catch2/catch.hpp>

namespace appliance::node {

TEST_CASE("dev cluster: nodes are numbered, their addresses follow, the network is the first free one") {
  const auto free = plan_dev_cluster({.name = "x", .nodes = 3}, {*net::netlink::parse_cidr("10.88.0.0/23")});
  REQUIRE(free.has_value());
  CHECK(free->network.string() == "10.88.2.0/24");
  CHECK(free->gateway().string() == "10.88.2.1");
  REQUIRE(free->nodes.size() == 3);
  CHECK(free->nodes[0].name == "x-1");
  CHECK(free->nodes[2].ip == "10.88.2.13");
  CHECK(free->bridge().size() <= 15);
}

TEST_CASE("dev cluster: bad names and counts are named by their flag, a full range says how to make room") {
  for (const auto* name : {"", "-x", "x-", "Upper", "a/b", "a b"}) {
    const auto bad = plan_dev_cluster({.name = name, .nodes = 1}, {});
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().message.starts_with("--name: "));
  }
  for (const int nodes : {0, -1, kDevNodesMax + 1})
    CHECK(plan_dev_cluster({.name = "x", .nodes = nodes}, {}).error().message.starts_with("--nodes: "));
  const auto full = plan_dev_cluster({.name = "x", .nodes = 1}, {*net::netlink::parse_cidr("10.88.0.0/16")});
  CHECK(full.error().code == Code::kResourceExhausted);
}

}  // namespace appliance::node
