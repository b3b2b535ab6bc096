// Watches under load: the promises that a watch cache builds on (etcd-api section 13: #15220, #17247, #17529, #20221).
#include <thread>

#include "store/server/test_server.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server::testing;
using namespace appliance::store::kv_conformance;

namespace {

// What an API server's cache does: list, then apply events from the list's revision on.
class Cache {
 public:
  explicit Cache(Kv& kv) {
    const auto listed = must_range(kv, {.key = "/registry/", .range_end = prefix_end("/registry/")});
    for (const KeyValue& one : listed.kvs) state_[one.key] = *one.value;
    revision_ = listed.revision;
    watch_ = kv.watch({.key = "/registry/",
                       .range_end = prefix_end("/registry/"),
                       .start_revision = listed.revision + 1,
                       .prev_kv = true,
                       .progress = true},
                      [this](Result<WatchBatch> batch) { apply(std::move(batch)); });
  }
  bool wait(Revision revision) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return revision_ >= revision || !fault_.empty(); }) &&
           fault_.empty();
  }
  std::map<std::string, std::string> state() {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  std::string fault() {
    const std::lock_guard lock(mutex_);
    return fault_;
  }

 private:
  void apply(Result<WatchBatch> batch) {
    const std::lock_guard lock(mutex_);
    if (!batch)
      fault_ = batch.error().message;
    else if (batch->revision < revision_ || (batch->revision == revision_ && !batch->events.empty()))
      fault_ = "went back to revision " + std::to_string(batch->revision);
    else {
      for (const Event& e : batch->events) one(e);
      revision_ = batch->revision;
    }
    changed_.notify_all();
  }
  void one(const Event& e) {
    const auto it = state_.find(e.kv.key);
    const bool had = it != state_.end();
    if (had != (e.prev != nullptr) || (had && *e.prev->value != it->second))
      fault_ = "previous value of " + e.kv.key + " does not fit";
    if (e.type == Event::Type::kDelete)
      state_.erase(e.kv.key);
    else
      state_[e.kv.key] = *e.kv.value;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> state_;
  Revision revision_ = 0;
  std::string fault_;
  std::unique_ptr<Watch> watch_;  // last: gone before what its callback uses
};

}  // namespace

TEST_CASE("store watch: caches that list and watch while 8 clients write end equal to the store") {
  Server s;
  std::vector<std::thread> writers;
  std::atomic<bool> failed{false};
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&, w] {
      base::SeededRandom random(static_cast<uint64_t>(w) + 1);
      for (int i = 0; i < 150 && !failed; ++i) {
        const std::string key = "/registry/pods/" + std::to_string(random.below(40));
        TxnRequest request = random.below(4) == 0 ? del(key) : put(key, std::to_string(w) + "-" + std::to_string(i));
        if (random.below(5) == 0)
          request.success.emplace_back(
              PutOp{.key = "/registry/both/" + std::to_string(w), .value = bytes(std::to_string(i))});
        if (!txn_wait(*s.store, std::move(request))) failed = true;
      }
    });
  }
  std::vector<std::unique_ptr<Cache>> caches;
  for (int i = 0; i < 12; ++i) {
    caches.push_back(std::make_unique<Cache>(*s.store));
    if (i % 4 == 3) caches.erase(caches.begin());  // some end early
    (void)txn_wait(*s.store, put("elsewhere", std::to_string(i)));
  }
  for (auto& t : writers) t.join();
  REQUIRE_FALSE(failed);
  const auto end = must_range(*s.store, {.key = "/registry/", .range_end = prefix_end("/registry/")});
  std::map<std::string, std::string> truth;
  for (const KeyValue& kv : end.kvs) truth[kv.key] = *kv.value;
  for (const auto& cache : caches) {
    const bool there = cache->wait(end.revision);
    INFO(cache->fault());
    REQUIRE(there);
    CHECK(cache->state() == truth);
  }
}

TEST_CASE("store watch: a callback that lags costs nobody an event; history fills the gap") {
  Server s;
  std::mutex gate;
  std::vector<Revision> slow_seen;
  Collector quick;
  gate.lock();
  const auto slow = s.store->watch({.key = "k"}, [&](Result<WatchBatch> batch) {
    const std::lock_guard lock(gate);  // what a callback must never do: the test holds it up on purpose
    if (batch && !batch->events.empty()) slow_seen.push_back(batch->revision);
  });
  const auto other = s.store->watch({.key = "k"}, quick.callback());
  // More than the hub keeps (16 MiB) waits behind the callback.
  constexpr int kWrites = 40;
  for (int i = 0; i < kWrites; ++i) must(*s.store, put("k", std::string(1U << 20U, static_cast<char>('a' + i % 26))));
  gate.unlock();
  const auto seen = quick.wait_batches(kWrites);
  for (int i = 0; i < kWrites; ++i) CHECK(seen[static_cast<size_t>(i)].revision == 2 + i);
  REQUIRE(eventually([&] {
    const std::lock_guard lock(gate);
    return slow_seen.size() == kWrites;
  }));
  for (int i = 0; i < kWrites; ++i) CHECK(slow_seen[static_cast<size_t>(i)] == 2 + i);
}

TEST_CASE("store watch: a long history is replayed page by page, whole revisions each, in order") {
  Server s;
  constexpr int kRevisions = 1200;
  burst(*s.store, kRevisions, [](int i) -> TxnRequest {
    return {.success = {PutOp{.key = "a", .value = bytes(std::to_string(i))}, PutOp{.key = "b", .value = bytes("")},
                        PutOp{.key = "c", .value = bytes("")}}};
  });
  s.reopen();
  Collector collected;
  const auto watch =
      s.store->watch({.key = "a", .range_end = "d", .start_revision = 2, .prev_kv = true}, collected.callback());
  const auto seen = collected.wait_batches(kRevisions);
  for (int i = 0; i < kRevisions; ++i) {
    const WatchBatch& b = seen[static_cast<size_t>(i)];
    REQUIRE(b.revision == 2 + i);
    REQUIRE(b.events.size() == 3);
    REQUIRE((b.events[0].prev == nullptr) == (i == 0));
    if (i > 0) REQUIRE(*b.events[0].prev->value == std::to_string(i - 1));
  }
}

TEST_CASE("store watch: can be destroyed in its own callback, and outlive the store") {
  Server s;
  std::unique_ptr<Watch> self;
  std::promise<void> called;
  std::atomic<int> calls{0};
  std::mutex mutex;
  {
    const std::lock_guard lock(mutex);
    self = s.store->watch({.key = "k"}, [&](const Result<WatchBatch>&) {
      const std::lock_guard inner(mutex);
      if (++calls == 1) {
        self.reset();
        called.set_value();
      }
    });
  }
  must(*s.store, put("k", "1"));
  called.get_future().wait();
  must(*s.store, put("k", "2"));
  Collector collected;
  auto outliving = s.store->watch({.key = "k"}, collected.callback());
  s.store.reset();
  CHECK(calls == 1);
  CHECK(collected.wait_error().code == Code::kCancelled);
  outliving.reset();
}
