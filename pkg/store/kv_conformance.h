// The conformance suite of kv.h: what every implementation behind the door promises (etcd-api section 6). The unit test
// of the embedded store runs it; an external etcd will.
//
//   TEST_CASE("kv conformance: embedded store") {
//     kv_conformance::run_all([] { return std::make_unique<...>(); });
//   }
//
// Each case gets a store of its own that is empty. Catch2 assertions: include from a test file only.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>

#include <catch2/catch.hpp>

#include "store/kv.h"

namespace appliance::store::kv_conformance {

inline constexpr auto kDeadline = std::chrono::seconds(30);  // generous: sanitizers on a busy machine

inline SharedBytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }
inline TxnRequest put(std::string key, std::string value, LeaseId lease = 0) {
  return {.compares = {},
          .success = {PutOp{.key = std::move(key), .value = bytes(std::move(value)), .lease = lease}},
          .failure = {}};
}
inline TxnRequest del(std::string key, std::string end = {}) {
  return {.compares = {}, .success = {DeleteOp{.key = std::move(key), .range_end = std::move(end)}}, .failure = {}};
}
inline TxnResponse must(Kv& kv, TxnRequest request) {
  auto result = txn_wait(kv, std::move(request));
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  return std::move(*result);
}
inline RangeResponse must_range(Kv& kv, RangeRequest request) {
  auto result = range_wait(kv, std::move(request));
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  return std::move(*result);
}
template <class T>
Result<T> wait(const std::function<void(Callback<T>)>& start) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  start([promise](Result<T> r) { promise->set_value(std::move(r)); });
  return future.get();
}
inline Result<Revision> compact(Kv& kv, Revision revision) {
  return wait<Revision>([&](Callback<Revision> done) { kv.compact(revision, std::move(done)); });
}

// Collects what a watch delivers, and waits for it with a deadline.
class Collector {
 public:
  WatchCallback callback() {
    return [this](Result<WatchBatch> batch) {
      const std::lock_guard lock(mutex_);
      if (!batch)
        error_ = batch.error();
      else if (batch->events.empty())
        progress_ = std::max(progress_, batch->revision);
      else
        batches_.push_back(std::move(*batch));
      changed_.notify_all();
    };
  }
  std::vector<WatchBatch> wait_batches(size_t n) {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, kDeadline, [&] { return batches_.size() >= n || error_; });
    INFO("got " << batches_.size() << " batches of " << n << ": " << (error_ ? error_->message : std::string()));
    REQUIRE(there);
    REQUIRE(batches_.size() >= n);
    return batches_;
  }
  Error wait_error() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return error_.has_value(); }));
    return *error_;
  }
  void wait_progress(Revision revision) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kDeadline, [&] { return progress_ >= revision; }));
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return batches_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WatchBatch> batches_;
  std::optional<Error> error_;
  Revision progress_ = 0;
};

using Make = std::function<std::unique_ptr<Kv>()>;
void run_all(const Make& make);

// --- the cases ---

inline void revisions(Kv& kv) {
  CHECK(must_range(kv, {.key = "a"}).revision == 1);
  CHECK(must(kv, put("a", "1")).revision == 2);
  CHECK(must(kv, put("a", "1")).revision == 3);  // the same value counts
  const auto got = must_range(kv, {.key = "a"});
  REQUIRE(got.kvs.size() == 1);
  CHECK(got.kvs[0].create_revision == 2);
  CHECK(got.kvs[0].mod_revision == 3);
  CHECK(got.kvs[0].version == 2);
  CHECK(*got.kvs[0].value == "1");
  CHECK(must(kv, del("nothing")).revision == 3);  // deletes nothing: no revision
  CHECK(must(kv, del("a")).revision == 4);
  CHECK(must_range(kv, {.key = "a"}).count == 0);
  must(kv, put("a", ""));
  const auto again = must_range(kv, {.key = "a"});
  REQUIRE(again.kvs.size() == 1);
  CHECK(again.kvs[0].version == 1);  // a new generation
  CHECK(again.kvs[0].create_revision == 5);
  REQUIRE(again.kvs[0].value != nullptr);
  CHECK(again.kvs[0].value->empty());
  CHECK(must(kv, {}).succeeded);
  CHECK(must(kv, {}).revision == 5);
}

inline void ranges(Kv& kv) {
  for (const char* key : {"a", "b/1", "b/2", "b/3", "c"}) must(kv, put(key, std::string("v-") + key));
  const std::string end = prefix_end("b/");
  auto all = must_range(kv, {.key = "b/", .range_end = end});
  CHECK(all.count == 3);
  CHECK_FALSE(all.more);
  REQUIRE(all.kvs.size() == 3);
  CHECK(all.kvs[1].key == "b/2");
  auto some = must_range(kv, {.key = "b/", .range_end = end, .limit = 2});
  CHECK(some.kvs.size() == 2);
  CHECK(some.more);
  CHECK(some.count == 3);
  auto counted = must_range(kv, {.key = std::string(1, '\0'), .range_end = std::string(1, '\0'), .count_only = true});
  CHECK(counted.count == 5);
  CHECK(counted.kvs.empty());
  CHECK_FALSE(counted.more);
  auto keys = must_range(kv, {.key = "a", .range_end = std::string(1, '\0'), .keys_only = true});
  REQUIRE(keys.kvs.size() == 5);
  CHECK(keys.kvs[0].value == nullptr);
  CHECK(keys.kvs[0].mod_revision == 2);
  CHECK(must_range(kv, {.key = "z", .range_end = "a"}).count == 0);
  CHECK(range_wait(kv, {.key = ""}).error().code == Code::kInvalidArgument);

  const Revision before = must_range(kv, {.key = "a"}).revision;
  must(kv, del("b/2"));
  must(kv, put("b/4", "new"));
  auto past = must_range(kv, {.key = "b/", .range_end = end, .revision = before});
  REQUIRE(past.kvs.size() == 3);
  CHECK(past.kvs[1].key == "b/2");
  CHECK(past.revision == before + 2);  // the store's, not the one asked for
  auto past_some = must_range(kv, {.key = "b/", .range_end = end, .limit = 1, .revision = before});
  CHECK(past_some.kvs.size() == 1);
  CHECK(past_some.more);
  CHECK(past_some.count == 3);
  auto now = must_range(kv, {.key = "b/", .range_end = end, .limit = 1});
  CHECK(now.count == 3);
  CHECK(range_wait(kv, {.key = "a", .revision = before + 3}).error().message == kErrFutureRev);
}

inline void txns(Kv& kv) {
  // create only when absent
  const TxnRequest create{.compares = {Compare::mod_revision("k", Compare::Op::kEqual, 0)},
                          .success = {PutOp{.key = "k", .value = bytes("1")}},
                          .failure = {RangeRequest{.key = "k"}}};
  auto first = must(kv, create);
  CHECK(first.succeeded);
  CHECK(first.revision == 2);
  auto second = must(kv, create);
  CHECK_FALSE(second.succeeded);
  CHECK(second.revision == 2);
  REQUIRE(second.responses.size() == 1);
  CHECK(*std::get<RangeResponse>(second.responses[0]).kvs.at(0).value == "1");

  // ops see earlier writes of the same txn, all at one revision
  auto mixed = must(kv, {.compares = {},
                         .success = {PutOp{.key = "k", .value = bytes("2"), .prev_kv = true}, RangeRequest{.key = "k"},
                                     PutOp{.key = "l", .value = bytes("3")},
                                     RangeRequest{.key = "a", .range_end = std::string(1, '\0')},
                                     DeleteOp{.key = "m", .range_end = "n", .prev_kv = true}},
                         .failure = {}});
  CHECK(mixed.revision == 3);
  REQUIRE(mixed.responses.size() == 5);
  CHECK(*std::get<PutResponse>(mixed.responses[0]).prev_kvs.at(0).value == "1");
  CHECK(std::get<RangeResponse>(mixed.responses[1]).kvs.at(0).mod_revision == 3);
  CHECK(*std::get<RangeResponse>(mixed.responses[1]).kvs.at(0).value == "2");
  CHECK(std::get<RangeResponse>(mixed.responses[3]).count == 2);
  CHECK(std::get<DeleteResponse>(mixed.responses[4]).deleted == 0);

  // a delete of a range is one revision
  auto gone =
      must(kv, {.compares = {}, .success = {DeleteOp{.key = "k", .range_end = "z", .prev_kv = true}}, .failure = {}});
  CHECK(gone.revision == 4);
  CHECK(std::get<DeleteResponse>(gone.responses[0]).deleted == 2);
  CHECK(std::get<DeleteResponse>(gone.responses[0]).prev_kvs.size() == 2);

  // delete, then put the same key again within one txn is a duplicate; two deletes may overlap
  CHECK(txn_wait(kv, {.compares = {},
                      .success = {PutOp{.key = "x", .value = bytes("")}, DeleteOp{.key = "w", .range_end = "y"}},
                      .failure = {}})
            .error()
            .message == "etcdserver: duplicate key given in txn request");
  CHECK(txn_wait(kv, {.compares = {},
                      .success = {},
                      .failure = {PutOp{.key = "x", .value = bytes("")}, PutOp{.key = "x", .value = bytes("")}}})
            .error()
            .code == Code::kInvalidArgument);
  CHECK(txn_wait(
      kv, {.compares = {}, .success = {DeleteOp{.key = "a", .range_end = "z"}, DeleteOp{.key = "b"}}, .failure = {}}));
  CHECK(txn_wait(kv, put("", "x")).error().message == "etcdserver: key is not provided");
  CHECK(txn_wait(kv, put("k", std::string(kValueBytesMax + 1, 'x'))).error().message ==
        "etcdserver: request is too large");
  TxnRequest many;
  for (size_t i = 0; i <= kTxnOpsMax; ++i)
    many.success.push_back(PutOp{.key = "k" + std::to_string(i), .value = bytes("")});
  CHECK(txn_wait(kv, std::move(many)).error().message == "etcdserver: too many operations in txn request");

  // a range of the future inside a txn undoes all of it
  CHECK(txn_wait(kv, {.compares = {},
                      .success = {PutOp{.key = "u", .value = bytes("")}, RangeRequest{.key = "u", .revision = 99}},
                      .failure = {}})
            .error()
            .message == kErrFutureRev);
  CHECK(must_range(kv, {.key = "u"}).count == 0);
}

inline void compares(Kv& kv) {
  must(kv, put("a", "5"));
  must(kv, put("a", "6"));  // version 2, create 2, mod 3
  must(kv, put("b", "6"));
  const auto holds = [&](Compare c) {
    return must(kv, {.compares = {std::move(c)}, .success = {}, .failure = {}}).succeeded;
  };
  using T = Compare::Target;
  using O = Compare::Op;
  CHECK(holds({.key = "a", .target = T::kVersion, .op = O::kEqual, .number = 2}));
  CHECK(holds({.key = "a", .target = T::kCreate, .op = O::kLess, .number = 3}));
  CHECK(holds({.key = "a", .target = T::kMod, .op = O::kGreater, .number = 2}));
  CHECK_FALSE(holds({.key = "a", .target = T::kMod, .op = O::kGreater, .number = 3}));
  CHECK(holds({.key = "a", .target = T::kValue, .op = O::kEqual, .value = "6"}));
  CHECK(holds({.key = "a", .target = T::kValue, .op = O::kNotEqual, .value = "5"}));
  CHECK(holds({.key = "a", .target = T::kLease, .op = O::kEqual, .number = 0}));
  CHECK(holds({.key = "none", .target = T::kVersion, .op = O::kEqual, .number = 0}));
  CHECK_FALSE(holds({.key = "none", .target = T::kValue, .op = O::kNotEqual, .value = "x"}));
  CHECK(holds({.key = "a", .range_end = "c", .target = T::kValue, .op = O::kEqual, .value = "6"}));
  CHECK_FALSE(holds({.key = "a", .range_end = "c", .target = T::kVersion, .op = O::kEqual, .number = 2}));
  CHECK(holds({.key = "x", .range_end = "z", .target = T::kMod, .op = O::kEqual, .number = 0}));
}

inline void watches(Kv& kv) {
  must(kv, put("w/a", "1"));  // revision 2
  Collector live;
  Collector past;
  Collector future;
  const auto w1 = kv.watch({.key = "w/", .range_end = prefix_end("w/"), .prev_kv = true}, live.callback());
  must(kv, put("w/a", "2"));    // 3
  must(kv, put("other", "x"));  // 4
  const auto w3 = kv.watch({.key = "w/", .range_end = prefix_end("w/"), .start_revision = 7}, future.callback());
  must(kv, {.compares = {},
            .success = {PutOp{.key = "w/b", .value = bytes("3")}, DeleteOp{.key = "w/a"}},
            .failure = {}});  // 5
  const auto w2 = kv.watch({.key = "w/", .range_end = prefix_end("w/"), .start_revision = 1}, past.callback());
  must(kv, del("w/b"));       // 6
  must(kv, put("w/c", "4"));  // 7
  const auto seen = live.wait_batches(4);
  CHECK(seen[0].revision == 3);
  CHECK(*seen[0].events.at(0).kv.value == "2");
  REQUIRE(seen[0].events.at(0).prev != nullptr);
  CHECK(*seen[0].events.at(0).prev->value == "1");
  CHECK(seen[1].revision == 5);
  REQUIRE(seen[1].events.size() == 2);  // one revision, one batch
  CHECK(seen[1].events[0].type == Event::Type::kPut);
  CHECK(seen[1].events[0].prev == nullptr);
  CHECK(seen[1].events[1].type == Event::Type::kDelete);
  CHECK(seen[1].events[1].kv.mod_revision == 5);
  CHECK(seen[1].events[1].kv.value == nullptr);
  CHECK(seen[2].revision == 6);
  CHECK(seen[3].revision == 7);
  const auto replayed = past.wait_batches(5);
  std::vector<Revision> revisions_seen;
  for (const auto& b : replayed) revisions_seen.push_back(b.revision);
  CHECK(revisions_seen == std::vector<Revision>{2, 3, 5, 6, 7});
  CHECK(replayed[1].events.at(0).prev == nullptr);  // not asked for
  CHECK(future.wait_batches(1).at(0).revision == 7);
  CHECK(future.count() == 1);
}

inline void watch_progress_and_end(Kv& kv) {
  Collector collected;
  auto w = kv.watch({.key = "w/", .range_end = prefix_end("w/"), .progress = true}, collected.callback());
  must(kv, put("elsewhere", "1"));
  const Revision at = must(kv, put("elsewhere", "2")).revision;
  collected.wait_progress(at);
  CHECK(collected.count() == 0);
  w.reset();
  must(kv, put("w/x", "1"));
  Collector after;
  const auto w2 = kv.watch({.key = "w/x", .start_revision = at + 1}, after.callback());
  (void)after.wait_batches(1);
  CHECK(collected.count() == 0);  // after the destructor no callback runs
  Collector empty;
  const auto w3 = kv.watch({.key = "z", .range_end = "a"}, empty.callback());
  CHECK(empty.wait_error().message == "mvcc: watcher range is empty");
}

inline void compaction(Kv& kv) {
  must(kv, put("c/a", "1"));  // 2
  must(kv, put("c/a", "2"));  // 3
  must(kv, put("c/b", "1"));  // 4
  must(kv, del("c/b"));       // 5
  must(kv, put("c/a", "3"));  // 6
  CHECK(compact(kv, 9).error().message == kErrFutureRev);
  REQUIRE(compact(kv, 5));
  CHECK(compact(kv, 5).error().message == kErrCompacted);
  CHECK(range_wait(kv, {.key = "c/a", .revision = 4}).error().message == kErrCompacted);
  CHECK(range_wait(kv, {.key = "c/a", .revision = 4}).error().code == Code::kOutOfRange);
  CHECK(*must_range(kv, {.key = "c/a", .revision = 5}).kvs.at(0).value == "2");
  CHECK(must_range(kv, {.key = "c/b", .revision = 5}).count == 0);
  Collector early;
  const auto w1 = kv.watch({.key = "c/", .range_end = prefix_end("c/"), .start_revision = 4}, early.callback());
  CHECK(early.wait_error().code == Code::kOutOfRange);
  // From the compacted revision itself everything is there, the delete too (etcd #18089, #19179).
  Collector at;
  const auto w2 = kv.watch({.key = "c/", .range_end = prefix_end("c/"), .start_revision = 5}, at.callback());
  const auto seen = at.wait_batches(2);
  CHECK(seen[0].revision == 5);
  CHECK(seen[0].events.at(0).type == Event::Type::kDelete);
  CHECK(seen[1].revision == 6);
}

inline void leases(Kv& kv) {
  const auto grant = [&](LeaseId id, int64_t ttl) {
    return wait<LeaseId>([&](Callback<LeaseId> done) { kv.lease_grant(id, ttl, std::move(done)); });
  };
  const auto keep = [&](LeaseId id) {
    return wait<int64_t>([&](Callback<int64_t> done) { kv.lease_keep_alive(id, std::move(done)); });
  };
  const auto revoke = [&](LeaseId id) {
    return wait<Revision>([&](Callback<Revision> done) { kv.lease_revoke(id, std::move(done)); });
  };
  CHECK(grant(7, 600).value() == 7);
  CHECK(grant(7, 600).error().message == "etcdserver: lease already exists");
  const LeaseId other = grant(0, 600).value();
  CHECK(other > 0);
  CHECK(keep(7).value() == 600);
  CHECK(keep(12345).value() == 0);
  CHECK(txn_wait(kv, put("l/x", "1", 99)).error().message == "etcdserver: requested lease not found");
  must(kv, put("l/a", "1", 7));
  must(kv, put("l/b", "1", 7));
  must(kv, put("l/c", "1", 7));
  must(kv, put("l/c", "1"));         // detached
  must(kv, put("l/b", "1", other));  // moved
  const Revision before = must(kv, put("l/d", "1", 7)).revision;
  CHECK(must_range(kv, {.key = "l/a"}).kvs.at(0).lease == 7);
  CHECK(revoke(7).value() == before + 1);  // all keys in one revision
  const auto left = must_range(kv, {.key = "l/", .range_end = prefix_end("l/"), .keys_only = true});
  REQUIRE(left.kvs.size() == 2);
  CHECK(left.kvs[0].key == "l/b");
  CHECK(left.kvs[1].key == "l/c");
  CHECK(revoke(7).error().code == Code::kNotFound);
}

inline void run_all(const Make& make) {
  const std::pair<const char*, void (*)(Kv&)> cases[] = {
      {"revisions, versions and generations", revisions},
      {"ranges, limits and the past", ranges},
      {"transactions", txns},
      {"compares", compares},
      {"watches from now, the past and the future", watches},
      {"watch progress, cancellation and an empty interval", watch_progress_and_end},
      {"compaction", compaction},
      {"leases", leases},
  };
  for (const auto& [name, run] : cases) {
    SECTION(name) {
      const auto kv = make();
      REQUIRE(kv != nullptr);
      run(*kv);
    }
  }
}

}  // namespace appliance::store::kv_conformance
