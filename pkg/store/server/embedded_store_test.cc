#include "store/server/embedded_store.h"

#include "base/fault_fs.h"
#include "store/server/test_server.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::server::testing;
using namespace appliance::store::kv_conformance;
using appliance::base::FaultFs;

namespace {

// Lets the conformance suite own folder and store together.
class OwnedStore final : public Kv {
 public:
  void range(RangeRequest r, Callback<RangeResponse> d) override { s_.store->range(std::move(r), std::move(d)); }
  void txn(TxnRequest r, Callback<TxnResponse> d) override { s_.store->txn(std::move(r), std::move(d)); }
  std::unique_ptr<Watch> watch(WatchRequest r, WatchCallback c) override {
    return s_.store->watch(std::move(r), std::move(c));
  }
  void compact(Revision r, Callback<Revision> d) override { s_.store->compact(r, std::move(d)); }
  void lease_grant(LeaseId i, int64_t t, Callback<LeaseId> d) override { s_.store->lease_grant(i, t, std::move(d)); }
  void lease_revoke(LeaseId i, Callback<Revision> d) override { s_.store->lease_revoke(i, std::move(d)); }
  void lease_keep_alive(LeaseId i, Callback<int64_t> d) override { s_.store->lease_keep_alive(i, std::move(d)); }
  StoreStatus status() const override { return s_.store->status(); }

 private:
  Server s_;
};

const std::string kAll(1, '\0');

}  // namespace

TEST_CASE("store: the embedded store keeps the promises of kv.h") {
  run_all([] { return std::make_unique<OwnedStore>(); });
}

TEST_CASE("store: what was acknowledged is there after a stop and a start") {
  Server s;
  burst(*s.store, 500, [](int i) { return put("k" + std::to_string(i), std::to_string(i)); });
  must(*s.store, del("k7"));
  const StoreStatus before = s.store->status();
  CHECK(before.revision == 502);
  CHECK(before.keys == 499);
  s.reopen();
  const StoreStatus after = s.store->status();
  CHECK(after.revision == before.revision);
  CHECK(after.keys == before.keys);
  const auto all = must_range(*s.store, {.key = "k", .range_end = "l"});
  CHECK(all.count == 499);
  CHECK(*must_range(*s.store, {.key = "k123"}).kvs.at(0).value == "123");
  CHECK(must(*s.store, put("k7", "again")).revision == 503);
}

TEST_CASE("store: overlay and tables give the same answers, for now and for the past") {
  Server s;
  // Half of it flushed for certain (a restart), the rest in the overlay or on its way.
  burst(*s.store, 300, [](int i) { return put("r/" + std::to_string(i % 50), std::to_string(i)); });
  s.reopen();
  std::map<Revision, std::map<std::string, std::string>> model;
  std::map<std::string, std::string> now;
  for (const KeyValue& kv : must_range(*s.store, {.key = "r/", .range_end = prefix_end("r/")}).kvs)
    now[kv.key] = *kv.value;
  REQUIRE(now.size() == 50);
  for (int i = 0; i < 300; ++i) {
    const std::string key = "r/" + std::to_string(i * 7 % 60);
    if (i % 5 == 0)
      now.erase(key);
    else
      now[key] = "n" + std::to_string(i);
    const Revision at = must(*s.store, i % 5 == 0 ? del(key) : put(key, now[key])).revision;
    model[at] = now;
    if (i % 10 != 0) continue;
    for (const Revision revision : {Revision{0}, at, std::max(model.begin()->first, at - 20)}) {
      const auto it = revision == 0 ? model.find(at) : model.upper_bound(revision);
      const auto& want = revision == 0 ? it->second : std::prev(it)->second;
      const auto got = must_range(*s.store, {.key = "r/", .range_end = prefix_end("r/"), .revision = revision});
      REQUIRE(got.kvs.size() == want.size());
      CHECK(got.count == static_cast<int64_t>(want.size()));
      auto expected = want.begin();
      for (const KeyValue& kv : got.kvs) {
        REQUIRE(kv.key == expected->first);
        REQUIRE(*kv.value == expected->second);
        ++expected;
      }
      const auto some =
          must_range(*s.store, {.key = "r/", .range_end = prefix_end("r/"), .limit = 3, .revision = revision});
      CHECK(some.count == static_cast<int64_t>(want.size()));
    }
  }
}

TEST_CASE("store: a second server on the same data is refused, naming the holder") {
  Server s;
  const auto second = EmbeddedStore::open(s.options());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::kFailedPrecondition);
  CHECK(second.error().message.find("is in use by process " + std::to_string(::getpid())) != std::string::npos);
  CHECK_FALSE(second.error().hint.empty());
  CHECK(must(*s.store, put("k", "v")).revision == 2);  // the first one did not notice
}

TEST_CASE("store: data of a newer version is refused and left alone") {
  FaultFs fs({});
  const StoreOptions options{.dir = "/d/store", .fs = fs, .clock = kClock, .segment_bytes = 1U << 20U};
  {
    auto store = EmbeddedStore::open(options).value();
    must(*store, put("k", "v"));
  }
  std::string path;
  std::string old;
  SECTION("tables") {
    path = "/d/store/state.db";
    REQUIRE(fs.remove(path + "-wal"));          // checkpointed, but its pages would still be read first
    old = fs.peek(path).value().substr(60, 4);  // user_version, big-endian: SQLite file format, section 1.3
    REQUIRE(old == std::string("\0\0\0\x01", 4));
    REQUIRE(fs.poke(path, 60, std::string("\0\0\0\x09", 4)));
  }
  SECTION("log") {
    path = "/d/store/log/0000000000000001.wal";
    old = fs.peek(path).value().substr(8, 4);
    REQUIRE(fs.poke(path, 8, std::string("\x09\0\0\0", 4)));
  }
  const size_t offset = path.ends_with(".db") ? 60 : 8;
  const auto refused = EmbeddedStore::open(options);
  REQUIRE_FALSE(refused);
  INFO(refused.error().message);
  CHECK(refused.error().code == Code::kFailedPrecondition);
  CHECK(refused.error().message.find("newer version") != std::string::npos);
  CHECK(refused.error().message.find("format 9") != std::string::npos);
  CHECK_FALSE(refused.error().hint.empty());
  REQUIRE(fs.poke(path, offset, old));
  auto store = EmbeddedStore::open(options).value();
  CHECK(must_range(*store, {.key = "k"}).count == 1);
}

TEST_CASE("store: a torn log tail is repaired, damage in the middle is refused with the remedy") {
  FaultFs fs({.survive = FaultFs::Survive::kAll});
  const StoreOptions options{.dir = "/d/store",
                             .fs = fs,
                             .clock = kClock,
                             .segment_bytes = 1U << 20U,
                             .flush_linger = std::chrono::seconds(60)};
  {
    auto store = EmbeddedStore::open(options).value();
    for (int i = 0; i < 20; ++i) must(*store, put("k" + std::to_string(i), std::string(200, 'v')));
    fs.cut_power_now();  // the tables stay behind: everything is in the log alone
  }
  fs.reboot();
  const std::string segment = "/d/store/log/0000000000000001.wal";
  const std::string whole = fs.peek(segment).value();
  const size_t end = whole.find_last_not_of('\0') + 1;
  SECTION("tail") {
    REQUIRE(fs.poke(segment, end - 100, std::string(100, '\0')));
    auto store = EmbeddedStore::open(options).value();
    CHECK(must_range(*store, {.key = "k", .range_end = "l"}).count == 19);
  }
  SECTION("middle") {
    REQUIRE(fs.poke(segment, end / 2, "XXXX"));
    const auto refused = EmbeddedStore::open(options);
    REQUIRE_FALSE(refused);
    INFO(refused.error().message);
    CHECK(refused.error().code == Code::kDataLoss);
    CHECK(refused.error().message.find(segment) != std::string::npos);
    CHECK(refused.error().hint.find("restore") != std::string::npos);
    REQUIRE(fs.poke(segment, 0, whole));
    auto store = EmbeddedStore::open(options).value();  // nothing had been changed
    CHECK(must_range(*store, {.key = "k", .range_end = "l"}).count == 20);
  }
}

TEST_CASE("store: a log that does not reach what has been applied is refused") {
  FaultFs fs({});
  const StoreOptions options{.dir = "/d/store", .fs = fs, .clock = kClock, .segment_bytes = 1U << 20U};
  {
    auto store = EmbeddedStore::open(options).value();
    for (int i = 0; i < 20; ++i) must(*store, put("k", "v"));
  }
  REQUIRE(fs.remove("/d/store/log/0000000000000001.wal"));
  const auto refused = EmbeddedStore::open(options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kDataLoss);
  CHECK(refused.error().message.find("20") != std::string::npos);
}

TEST_CASE("store: a full disk refuses writes by name, serves reads, lets go of data, and recovers by itself") {
  FaultFs fs({});
  const StoreOptions options{.dir = "/d/store",
                             .fs = fs,
                             .clock = kClock,
                             .segment_bytes = 1U << 20U,
                             .flush_linger = std::chrono::milliseconds(1)};
  auto store = EmbeddedStore::open(options).value();
  must(*store, put("k", "first"));
  fs.set_capacity(fs.used_bytes() + (3U << 20U));
  std::optional<Error> refused;
  int written = 0;
  while (!refused && written < 10000) {
    const auto r = txn_wait(*store, put("big/" + std::to_string(written), std::string(10000, 'x')));
    if (r)
      ++written;
    else
      refused = r.error();
  }
  REQUIRE(refused);
  CHECK(refused->code == Code::kResourceExhausted);
  CHECK(refused->message.find("no space left on device") != std::string::npos);
  CHECK(refused->message.find("/d/store") != std::string::npos);
  CHECK(refused->hint.find("free some space") != std::string::npos);
  CHECK(store->status().problem.find("no space left on device") != std::string::npos);
  CHECK(*must_range(*store, {.key = "k"}).kvs.at(0).value == "first");
  CHECK(must_range(*store, {.key = "big/", .range_end = prefix_end("big/"), .count_only = true}).count == written);
  fs.set_capacity(UINT64_MAX);
  REQUIRE(eventually([&] { return txn_wait(*store, put("k", "second")).has_value(); }));
  REQUIRE(eventually([&] { return store->status().problem.empty(); }));
  store.reset();
  store = EmbeddedStore::open(options).value();
  CHECK(*must_range(*store, {.key = "k"}).kvs.at(0).value == "second");
  CHECK(must_range(*store, {.key = "big/", .range_end = prefix_end("big/"), .count_only = true}).count == written);
}

TEST_CASE("store: a failed fdatasync stops writes until a restart, and reads go on") {
  FaultFs fs({});
  const StoreOptions options{.dir = "/d/store",
                             .fs = fs,
                             .clock = kClock,
                             .segment_bytes = 1U << 20U,
                             .flush_linger = std::chrono::seconds(60)};
  auto store = EmbeddedStore::open(options).value();
  must(*store, put("k", "1"));
  // The spare segment is made in the background: let that be over, so that the next change is the log's.
  uint64_t seen = 0;
  REQUIRE(
      eventually([&] { return fs.changes() == std::exchange(seen, fs.changes()) && fs.used_bytes() >= (2U << 20U); }));
  fs.fail_at(2, EIO);  // write, fdatasync
  const auto failed = txn_wait(*store, put("k", "2"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::kUnavailable);  // its outcome is unknown
  CHECK_FALSE(txn_wait(*store, put("k", "3")));
  CHECK(store->status().problem.find("restart") != std::string::npos);
  CHECK(*must_range(*store, {.key = "k"}).kvs.at(0).value == "1");
  store.reset();
  store = EmbeddedStore::open(options).value();
  CHECK(must_range(*store, {.key = "k"}).count == 1);
  CHECK(txn_wait(*store, put("k", "4")));
}

TEST_CASE("store: a lease that is not kept alive takes its keys in one revision, and lives on after a restart") {
  base::ManualClock clock;
  Server s(clock);
  const auto grant = wait<LeaseId>([&](Callback<LeaseId> done) { s.store->lease_grant(5, 10, std::move(done)); });
  REQUIRE(grant);
  must(*s.store, put("l/a", "1", 5));
  must(*s.store, put("l/b", "1", 5));
  s.reopen();
  clock.advance(std::chrono::seconds(6));
  const auto kept = wait<int64_t>([&](Callback<int64_t> done) { s.store->lease_keep_alive(5, std::move(done)); });
  CHECK(kept.value() == 10);
  clock.advance(std::chrono::seconds(6));
  CHECK(must_range(*s.store, {.key = "l/", .range_end = "l0"}).count == 2);
  Collector collected;
  const auto watch = s.store->watch({.key = "l/", .range_end = "l0"}, collected.callback());
  clock.advance(std::chrono::seconds(5));
  const auto seen = collected.wait_batches(1);
  CHECK(seen[0].events.size() == 2);
  CHECK(must_range(*s.store, {.key = "l/", .range_end = "l0"}).count == 0);
}

TEST_CASE("store: compaction survives a restart and gives space back") {
  Server s;
  const std::string value(2000, 'v');
  burst(*s.store, 2000, [&](int i) { return put("k" + std::to_string(i % 10), value + std::to_string(i)); });
  const Revision at = must(*s.store, put("end", "")).revision;
  s.reopen();
  REQUIRE(compact(*s.store, at));
  REQUIRE(eventually([&] { return s.store->status().compact_revision == at; }));
  s.reopen();
  CHECK(s.store->status().compact_revision == at);
  CHECK(range_wait(*s.store, {.key = "k1", .revision = at - 1}).error().message == kErrCompacted);
  CHECK(must_range(*s.store, {.key = "k", .range_end = "l", .revision = at}).count == 10);
  // The space goes to what is written next: the file grows no more.
  const uint64_t before = s.store->status().db_bytes;
  burst(*s.store, 500, [&](int i) { return put("k" + std::to_string(i % 10), value); });
  s.reopen();
  must(*s.store, put("k", ""));
  CHECK(s.store->status().db_bytes <= before + (1U << 20U));
}

TEST_CASE("store: every call is answered when it stops, and later ones say so") {
  Server s;
  std::atomic<int> answered{0};
  for (int i = 0; i < 200; ++i) {
    s.store->txn(put("k" + std::to_string(i), "v"), [&](const Result<TxnResponse>&) { ++answered; });
    s.store->range({.key = "k1"}, [&](const Result<RangeResponse>&) { ++answered; });
  }
  Collector collected;
  const auto watch = s.store->watch({.key = "k", .range_end = "l"}, collected.callback());
  s.store->stop();
  CHECK(answered == 400);
  CHECK(collected.wait_error().code == Code::kCancelled);
  CHECK(txn_wait(*s.store, put("k", "v")).error().code == Code::kUnavailable);
  CHECK(range_wait(*s.store, {.key = "k"}).error().code == Code::kUnavailable);
  s.open();
  CHECK(txn_wait(*s.store, put("k", "v")));
}
