#include "node/dev/fixture_seed.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "node/dev/fixture_objects.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/apiserver/cache.h"

namespace appliance::node::dev {
namespace {

constexpr size_t kBatchBytes = 512U * 1024;  // of one txn; with its 128 operations below what the store takes
constexpr int kInFlightMax = 4;              // txns: the next ones are made while the store writes

// Puts in batches, some of them on their way at a time.
class BatchWriter {
 public:
  explicit BatchWriter(store::Kv& kv) : kv_(kv) {}
  ~BatchWriter() { wait_below(1); }
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  void put(std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    batch_.success.emplace_back(store::PutOp{.key = std::move(key),
                                             .value = std::make_shared<const std::string>(std::move(value)),
                                             .lease = 0,
                                             .prev_kv = false});
    if (bytes_ >= kBatchBytes || batch_.success.size() >= store::kTxnOpsMax) flush();
  }

  Result<> finish() {
    if (!batch_.success.empty()) flush();
    wait_below(1);
    const std::lock_guard lock(mutex_);
    if (error_) return fail(*error_);
    return {};
  }

 private:
  void flush() {
    wait_below(kInFlightMax);
    {
      const std::lock_guard lock(mutex_);
      ++in_flight_;
    }
    bytes_ = 0;
    kv_.txn(std::exchange(batch_, {}), [this](Result<store::TxnResponse> done) {
      const std::lock_guard lock(mutex_);
      if (!done && !error_) error_ = done.error();
      --in_flight_;
      changed_.notify_all();
    });
  }

  void wait_below(int most) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, most] { return in_flight_ < most; });
  }

  store::Kv& kv_;
  store::TxnRequest batch_;
  size_t bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int in_flight_ = 0;           // GUARDED_BY(mutex_)
  std::optional<Error> error_;  // GUARDED_BY(mutex_): the first
};

}  // namespace

Result<size_t> seed_store(store::Kv& kv, const FixturePlan& plan, base::WallTime now,
                          const std::function<bool()>& cancelled) {
  const auto kinds = orchestrator::api::builtin_kinds();
  BatchWriter writer(kv);
  size_t count = 0;
  bool stop = false;
  each_object(plan, now, [&](std::string_view resource, json::Value object) {
    const auto& kind = *kinds->by_resource(resource);
    const orchestrator::api::ObjectKey key{std::string(json::string_at(object, {"metadata", "namespace"})),
                                           std::string(json::string_at(object, {"metadata", "name"}))};
    writer.put(orchestrator::apiserver::storage_key(kind, key), stored_object(kind, std::move(object)));
    stop = ++count % store::kTxnOpsMax == 0 && cancelled && cancelled();
    return !stop;
  });
  TRY(writer.finish());
  if (stop) return fail(Code::kCancelled, "asked to stop");
  return count;
}

}  // namespace appliance::node::dev
