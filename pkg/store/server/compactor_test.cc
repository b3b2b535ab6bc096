// Compaction by the clock of the test, on a real store.
#include "store/server/compactor.h"

#include "store/server/test_server.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::server::testing;
using namespace std::chrono_literals;

namespace {

Revision put(Kv& kv, const std::string& value) {
  TxnRequest request;
  request.success.push_back(PutOp{.key = "/registry/a", .value = std::make_shared<const std::string>(value)});
  const auto done = txn_wait(kv, std::move(request));
  REQUIRE(done);
  return done->revision;
}

Result<RangeResponse> at(Kv& kv, Revision revision) {
  RangeRequest request;
  request.key = "/registry/a";
  request.revision = revision;
  return range_wait(kv, std::move(request));
}

}  // namespace

TEST_CASE("compaction: the target is what the last look saw, if that is news") {
  struct Row {
    Revision seen;
    Revision revision;
    Revision compacted;
    Revision target;
  };
  for (const auto& row : std::vector<Row>{
           {0, 0, 0, 0},      // an empty store
           {0, 900, 0, 0},    // the first look
           {0, 900, 500, 0},  // the first look of a store that was compacted before
           {900, 950, 500, 900},
           {900, 900, 500, 900},
           {900, 900, 900, 0},  // nothing was written since
           {900, 980, 950, 0},  // a person compacted further
       }) {
    INFO(row.seen << ' ' << row.revision << ' ' << row.compacted);
    CHECK(compaction_target(row.seen, {.revision = row.revision, .compact_revision = row.compacted}) == row.target);
  }
}

TEST_CASE("compaction: every five minutes history older than the last look goes, and no later one") {
  base::ManualClock clock;
  Server server(clock);
  Kv& kv = *server.store;
  Compactor compactor(kv, clock, {});
  const auto first = put(kv, "1");
  const auto second = put(kv, "2");
  CHECK(compactor.tick() == 5min);
  clock.advance(4min + 59s);
  CHECK(compactor.tick() == 1s);
  clock.jump_wall(10h);
  CHECK(compactor.tick() == 1s);
  clock.advance(1s);
  CHECK(compactor.tick() == 5min);  // the first look
  const auto third = put(kv, "3");
  CHECK(at(kv, first));

  clock.advance(5min);
  CHECK(compactor.tick() == 5min);
  REQUIRE(eventually([&] { return kv.status().compact_revision == second; }));
  const auto gone = at(kv, first);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Code::kOutOfRange);
  for (const auto& [revision, value] : std::vector<std::pair<Revision, std::string>>{{second, "2"}, {third, "3"}}) {
    const auto kept = at(kv, revision);
    REQUIRE(kept);
    REQUIRE(kept->kvs.size() == 1);
    CHECK(*kept->kvs[0].value == value);
  }

  clock.advance(5min);
  CHECK(compactor.tick() == 5min);
  REQUIRE(eventually([&] { return kv.status().compact_revision == third; }));
  const auto applied = kv.status().applied_index;
  for (int i = 0; i < 3; ++i) {  // nobody writes: neither does compaction
    clock.advance(5min);
    CHECK(compactor.tick() == 5min);
  }
  put(kv, "4");
  CHECK(kv.status().applied_index == applied + 1);
  CHECK(kv.status().compact_revision == third);
}

TEST_CASE("compaction: a look that comes late, after a suspend, does one step and not several") {
  base::ManualClock clock;
  Server server(clock);
  Compactor compactor(*server.store, clock, {});
  put(*server.store, "1");
  clock.advance(24h);
  CHECK(compactor.tick() == 5min);
  CHECK(compactor.tick() == 5min);
  CHECK(server.store->status().compact_revision == 0);
}
