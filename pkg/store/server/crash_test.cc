// The proof of "acknowledged means durable" (issue 4.3). Goal: after a power cut at any moment, reopening finds every
// acknowledged transaction, none of them in half, and nothing that was never asked for. Method: a fixed list of
// operations whose state after each prefix is known; run it on FaultFs, cut the power at the n-th change of the disk,
// reboot, reopen: the store must equal the state after k operations with acknowledged <= k <= submitted.
#include <atomic>

#include "base/fault_fs.h"
#include "store/kv_conformance.h"
#include "store/server/embedded_store.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::kv_conformance;
using appliance::base::FaultFs;

namespace {

const base::SystemClock kClock;
constexpr uint64_t kSegment = 32U << 10U;  // small, so that the workload rolls and cuts segments
constexpr int kOutstanding = 4;            // several at once, so that frames carry groups

using State = std::map<std::string, std::string>;
struct Expected {
  Revision revision = 1;
  State state;
};
struct Workload {
  std::vector<TxnRequest> requests;
  std::vector<Expected> after;  // after[k]: k requests done
};

// Puts, overwrites, deletes of one and of a range, transactions of several keys; values of 10 B to 3 KB.
Workload make_workload(uint64_t seed, int n) {
  base::SeededRandom random(seed);
  Workload out;
  Expected now;
  out.after.push_back(now);
  for (int i = 0; i < n; ++i) {
    TxnRequest request;
    const auto key = [&] { return "key/" + std::to_string(random.below(12)); };
    const auto value = [&] {
      return std::to_string(i) + ":" + std::string(10 + random.below(3000), static_cast<char>('a' + random.below(26)));
    };
    bool changed = true;
    const uint64_t kind = random.below(10);
    if (kind < 6) {
      const std::string k = key();
      const std::string v = value();
      request = put(k, v);
      now.state[k] = v;
    } else if (kind < 8) {  // all of them or none
      const std::string v = value();
      for (int j = 0; j < 5; ++j) {
        const std::string k = "multi/" + std::to_string(j);
        request.success.emplace_back(PutOp{.key = k, .value = bytes(v)});
        now.state[k] = v;
      }
    } else if (kind == 8) {
      const std::string k = key();
      request = del(k);
      changed = now.state.erase(k) > 0;
    } else {
      request = del("multi/", prefix_end("multi/"));
      changed = std::erase_if(now.state, [](const auto& kv) { return kv.first.starts_with("multi/"); }) > 0;
    }
    if (changed) ++now.revision;
    out.requests.push_back(std::move(request));
    out.after.push_back(now);
  }
  return out;
}

StoreOptions options(FaultFs& fs) {
  return {.dir = "/data/store",
          .fs = fs,
          .clock = kClock,
          .readers = 1,
          .segment_bytes = kSegment,
          .flush_linger = std::chrono::milliseconds(0)};
}

struct Progress {
  size_t acknowledged = 0;
  size_t submitted = 0;
  std::string error;  // of the first request that failed
};

// Runs requests [from, end) until one fails; compacts now and then, so that cuts fall into compactions too.
Progress run(EmbeddedStore& store, const Workload& load, size_t from) {
  std::mutex mutex;
  std::condition_variable changed;
  size_t acknowledged = from;
  size_t answered = from;
  bool failed = false;
  std::string error;
  size_t submitted = from;
  for (; submitted < load.requests.size(); ++submitted) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return submitted - answered < kOutstanding; });
      if (failed) break;
    }
    store.txn(load.requests[submitted], [&](Result<TxnResponse> r) {
      const std::lock_guard lock(mutex);
      ++answered;
      if (r && !failed) ++acknowledged;
      if (!r && !std::exchange(failed, true)) error = r.error().message;
      changed.notify_all();
    });
    if (submitted % 10 == 9) store.compact(load.after[submitted - 5].revision, [](const Result<Revision>&) {});
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answered == submitted; });
  return {.acknowledged = acknowledged, .submitted = submitted, .error = error};
}

// The prefix of the workload that the store shows; nullopt when it shows none of those allowed.
std::optional<size_t> matching_prefix(EmbeddedStore& store, const Workload& load, Progress progress) {
  const auto all = range_wait(store, {.key = std::string(1, '\0'), .range_end = std::string(1, '\0')});
  if (!all) return std::nullopt;
  State state;
  for (const KeyValue& kv : all->kvs) state[kv.key] = *kv.value;
  for (size_t k = progress.acknowledged; k <= progress.submitted; ++k) {
    if (load.after[k].revision == all->revision && load.after[k].state == state) return k;
  }
  return std::nullopt;
}

struct Verdict {
  bool opened = true;
  bool kept = true;  // an allowed prefix was found
  std::string detail;
};

// One life: cut at `cut`, reboot, look. With `again` > 0 the first reopening is cut as well, at that change.
Verdict one_life(const Workload& load, FaultFs& fs, uint64_t cut, uint64_t again) {
  Progress progress;
  fs.cut_power_at(cut);
  if (auto store = EmbeddedStore::open(options(fs))) {
    progress = run(**store, load, 0);
    fs.cut_power_now();  // also when the workload ended before: a stop must not be needed
    (*store)->stop();
  }
  fs.reboot();
  if (again > 0) {
    fs.cut_power_at(again);
    (void)EmbeddedStore::open(options(fs));  // recovers, flushes at its end, and dies somewhere in it
    fs.reboot();
  }
  auto store = EmbeddedStore::open(options(fs));
  if (!store) return {.opened = false, .kept = false, .detail = store.error().message};
  const auto prefix = matching_prefix(**store, load, progress);
  if (!prefix) {
    return {.opened = true,
            .kept = false,
            .detail = "revision " + std::to_string((*store)->status().revision) + " matches nothing in " +
                      std::to_string(progress.acknowledged) + ".." + std::to_string(progress.submitted)};
  }
  // And it works on: the rest of the workload gives the expected end.
  progress = run(**store, load, *prefix);
  const bool whole =
      progress.acknowledged == load.requests.size() && matching_prefix(**store, load, progress).has_value();
  return {.opened = true, .kept = whole, .detail = "does not work on after recovery: " + progress.error};
}

uint64_t changes_of_whole_run(const Workload& load) {
  FaultFs fs({});
  fs.cut_power_at(0);
  auto store = EmbeddedStore::open(options(fs));
  REQUIRE(store);
  const Progress progress = run(**store, load, 0);
  REQUIRE(progress.acknowledged == load.requests.size());
  (*store)->stop();
  return fs.changes();
}

}  // namespace

TEST_CASE("store crash: a power cut at any change of the disk loses nothing acknowledged and leaves no halves") {
  const Workload load = make_workload(42, 60);
  const uint64_t changes = changes_of_whole_run(load);
  REQUIRE(changes > 100);
  uint64_t lives = 0;
  for (uint64_t cut = 1; cut <= changes; ++cut) {
    const auto survive = cut % 3 == 0 ? FaultFs::Survive::kNothing : FaultFs::Survive::kSome;
    FaultFs fs({.seed = cut, .survive = survive, .tear_bytes = cut % 2 == 0 ? FaultFs::kSector : 4096});
    const Verdict verdict = one_life(load, fs, cut, 0);
    INFO("cut at change " << cut << " of " << changes << ": " << verdict.detail);
    REQUIRE(verdict.opened);
    REQUIRE(verdict.kept);
    ++lives;
  }
  CHECK(lives == changes);
}

TEST_CASE("store crash: a second cut during recovery does no harm either") {
  const Workload load = make_workload(7, 60);
  const uint64_t changes = changes_of_whole_run(load);
  for (uint64_t i = 0; i < 60; ++i) {
    FaultFs fs({.seed = 1000 + i});
    const Verdict verdict = one_life(load, fs, 1 + i * changes / 60, 1 + i % 15);
    INFO("life " << i << ": " << verdict.detail);
    REQUIRE(verdict.opened);
    REQUIRE(verdict.kept);
  }
}

TEST_CASE("store crash: the proof notices a store whose syncs are taken out") {
  const Workload load = make_workload(42, 60);
  int caught = 0;
  for (uint64_t cut = 20; cut <= 200; cut += 10) {
    FaultFs fs({.seed = cut, .survive = FaultFs::Survive::kSome, .ignore_syncs = true});
    const Verdict verdict = one_life(load, fs, cut, 0);
    if (!verdict.opened || !verdict.kept) ++caught;
  }
  CHECK(caught > 10);
}
