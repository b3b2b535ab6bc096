// Leases measure time that has passed, not what the wall clock says (issue 1.9).
#include "store/server/test_server.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::server::testing;
using namespace appliance::store::kv_conformance;

TEST_CASE("store: a wall clock that jumps by an hour ends no lease early and keeps none longer") {
  base::ManualClock clock;
  Server s(clock);
  const auto grant = wait<LeaseId>([&](Callback<LeaseId> done) { s.store->lease_grant(5, 10, std::move(done)); });
  REQUIRE(grant);
  must(*s.store, put("l/a", "1", 5));
  for (const auto jump : {std::chrono::hours(1), std::chrono::hours(-2), std::chrono::hours(1)}) {
    clock.jump_wall(jump);
    clock.advance(std::chrono::seconds(3));  // the store looks at its leases; 9 of 10 seconds in all
    must(*s.store, put("k", "1"));
    CHECK(must_range(*s.store, {.key = "l/a"}).count == 1);
  }
  clock.jump_wall(std::chrono::hours(-1));
  clock.advance(std::chrono::seconds(2));
  CHECK(eventually([&] { return must_range(*s.store, {.key = "l/a"}).count == 0; }));
}
