#include "store/server/embedded_store.h"

#include <stdlib.h>

#include "store/kv_conformance.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::kv_conformance;

namespace {

const base::SystemClock kClock;

struct TempDir {
  std::string path;
  TempDir() {
    char name[] = "/tmp/app-store-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~TempDir() { (void)base::remove_tree(path); }
};

// Small segments: what a test needs of them is that there are several.
constexpr uint64_t kSmallSegment = 8U << 20U;

struct Server {
  TempDir dir;
  std::unique_ptr<base::Fs> fs = base::make_real_fs();
  std::unique_ptr<EmbeddedStore> store;
  Server() { open(); }
  StoreOptions options() {
    return {.dir = dir.path + "/store",
            .fs = *fs,
            .clock = kClock,
            .segment_bytes = kSmallSegment,
            .flush_linger = std::chrono::milliseconds(1)};
  }
  void open() {
    auto opened = EmbeddedStore::open(options());
    INFO((opened ? std::string() : opened.error().message));
    REQUIRE(opened);
    store = std::move(*opened);
  }
  void reopen() {
    store.reset();
    open();
  }
};

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

}  // namespace

TEST_CASE("store: the embedded store keeps the promises of kv.h") {
  run_all([] { return std::make_unique<OwnedStore>(); });
}

TEST_CASE("store: what was acknowledged is there after a stop and a start") {
  Server s;
  for (int i = 0; i < 500; ++i) must(*s.store, put("k" + std::to_string(i), std::to_string(i)));
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
