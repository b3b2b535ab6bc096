#include "orchestrator/controllers/node_ipam.h"

#include <catch2/catch.hpp>

namespace appliance::orchestrator::controllers {

TEST_CASE("node ipam: the lowest free range of the cluster's network") {
  const NodeIpamOptions options{.cluster_cidr = "10.42.0.0/16", .node_bits = 24};
  CHECK(*free_subnet(options, {}) == "10.42.0.0/24");
  CHECK(*free_subnet(options, {"10.42.0.0/24", "10.42.2.0/24"}) == "10.42.1.0/24");
  CHECK(*free_subnet(options, {"10.42.0.0/23", "not a range"}) == "10.42.2.0/24");
  CHECK(*free_subnet(options, {"192.0.2.0/24"}) == "10.42.0.0/24");
}

TEST_CASE("node ipam: a server's own range is for it alone, also while its object is deleted") {
  const NodeIpamOptions options{
      .cluster_cidr = "10.42.0.0/16", .node_bits = 24, .reserved = {{.node_name = "n1", .cidr = "10.42.0.0/24"}}};
  CHECK(*range_for(options, "w1", {}) == "10.42.1.0/24");  // n1 was deleted and runs on
  CHECK(*range_for(options, "w2", {"10.42.0.0/24", "10.42.1.0/24"}) == "10.42.2.0/24");
  CHECK(*range_for(options, "n1", {}) == "10.42.0.0/24");
  CHECK(*range_for(options, "n1", {"10.42.0.0/24", "10.42.1.0/24"}) == "10.42.0.0/24");
  CHECK(*range_for({}, "w1", {}) == "10.42.0.0/24");
}

TEST_CASE("node ipam: a full network is an error that says so") {
  const NodeIpamOptions options{.cluster_cidr = "10.42.0.0/23", .node_bits = 24};
  const auto full = free_subnet(options, {"10.42.0.0/24", "10.42.1.0/24"});
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == Code::kResourceExhausted);
  CHECK(full.error().message == "no range of pod addresses is left in 10.42.0.0/23 (2 nodes have one)");
}

}  // namespace appliance::orchestrator::controllers
