#include "node/dev/fixture_churn.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/executor.h"
#include "node/dev/fixture_objects.h"
#include "orchestrator/apiserver/cache.h"

namespace appliance::node::dev {
namespace {

namespace api = orchestrator::api;
namespace client = orchestrator::client;

constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::milliseconds kIdleTick{200};  // with no rate: looks for what was deleted
constexpr size_t kInFlightMax = 1024;                // writes that the store has not answered; more are left out
constexpr int kTurns = 20;
constexpr std::chrono::seconds kTermination{1};  // how long a pod that was deleted is seen to end
constexpr std::chrono::seconds kViewLag{2};      // the view has what we wrote, by far
constexpr std::chrono::milliseconds kRest{100};  // … nearly always: a pod is not written twice in less
constexpr int kDraws = 8;                        // until a pod is found that may be written

const api::Kind& kind_of(std::string_view resource) {
  const auto* kind = api::builtin_kinds()->by_resource(resource);
  APP_CHECK(kind != nullptr);
  return *kind;
}

}  // namespace

Churn::Churn(ChurnDeps deps)
    : deps_(std::move(deps)),
      pods_(kind_of("pods")),
      events_(kind_of("events")),
      random_(deps_.plan.options.seed + 1),
      is_gone_(deps_.plan.pods.size()),
      written_(deps_.plan.pods.size()) {
  const auto& pods = deps_.plan.pods;
  for (size_t i = 0; i < pods.size(); ++i) {
    (pods[i].trouble == Trouble::kNone ? healthy_ : troubled_).push_back(i);
    if (has_event(deps_.plan, i)) events_of_.push_back(i);
  }
}

Churn::~Churn() { stop(); }

void Churn::start() {
  subscription_ = deps_.informers.informer("pods").subscribe([this](const client::Notice& notice) {
    if (notice.change == client::Change::kDeleted || !notice.object->meta.deletion_seconds) return;
    const std::lock_guard lock(mutex_);
    deleted_.push_back({deps_.clock.monotonic() + kTermination, notice.object});
  });
  thread_ = std::thread([this] { run(); });
}

void Churn::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  subscription_.reset();
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return in_flight_ == 0; });
}

ChurnCounts Churn::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Churn::run() {
  base::set_thread_name("fixture");
  const auto every = deps_.rate == 0 ? kIdleTick : kTick;
  const auto begin = std::chrono::steady_clock::now();
  uint64_t done = 0;
  for (uint64_t n = 1;; ++n) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, begin + n * every, [this] { return stopping_; })) return;
    }
    const auto due = n * static_cast<uint64_t>(every.count()) * static_cast<uint64_t>(deps_.rate) / 1000;
    tick(static_cast<int>(due - done));
    done = due;
    // What a stall of the machine has kept us from is not made up for in one burst.
    const auto late = static_cast<uint64_t>((std::chrono::steady_clock::now() - begin) / every);
    if (late > n + 1) {
      n = late;
      done = n * static_cast<uint64_t>(every.count()) * static_cast<uint64_t>(deps_.rate) / 1000;
    }
  }
}

void Churn::tick(int writes) {
  for (int i = 0; i < writes; ++i) write_one();
  take_away_deleted();
}

void Churn::write_one() {
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_ >= kInFlightMax) {
      ++counts_.skipped;
      return;
    }
  }
  switch (const auto turn = turn_++ % kTurns; turn) {
    case 3:
    case 8:
    case 13:
    case 18:
      (void)step(any_of(healthy_), Step::kRestart);
      return;
    case 1:
    case 6:
    case 11:
      (void)step(any_of(troubled_), troubled_.empty() ? Step::kRestart : Step::kTrouble);
      return;
    case 4:
      return remove_pod();
    case 14:
      return make_pod();
    case 9:
      return touch_event();
    default:
      return toggle();
  }
}

// One of these, or of all where these are none. One that was not written lately, if there is such a one.
size_t Churn::any_of(const std::vector<size_t>& among) {
  size_t pod = 0;
  for (int i = 0; i < kDraws; ++i) {
    pod = among.empty() ? random_.below(deps_.plan.pods.size()) : among[random_.below(among.size())];
    if (deps_.clock.monotonic() >= written_[pod] + kRest) break;
  }
  return pod;
}

// One in a hundred is not ready at a time, so that the page shows a cluster and no catastrophe.
void Churn::toggle() {
  const size_t most = std::max<size_t>(1, deps_.plan.pods.size() / 100);
  if (not_ready_.size() >= most) {
    const size_t pod = not_ready_.front();
    not_ready_.pop_front();
    (void)step(pod, Step::kReady);
    return;
  }
  const size_t pod = any_of(healthy_);
  if (healthy_.empty()) return (void)step(pod, Step::kTrouble);
  if (step(pod, Step::kNotReady)) not_ready_.push_back(pod);
}

api::ObjectKey Churn::key_of(const PlannedPod& pod) const { return {deps_.plan.workload_of(pod).ns, pod.name}; }

bool Churn::step(size_t pod, Step step) {
  const auto key = key_of(deps_.plan.pods[pod]);
  const auto object = deps_.informers.informer("pods").get(key);
  if (!object || object->meta.deletion_seconds) {
    if (!object) missing(pod);
    const std::lock_guard lock(mutex_);
    ++counts_.skipped;
    return false;
  }
  auto document = object->document();
  advance_pod(document, step, deps_.clock.now());
  put(pods_, key, object->revision, api::stored_bytes(document));
  written_[pod] = deps_.clock.monotonic();
  return true;
}

// Somebody has deleted it: it gets a successor, as a ReplicaSet would make one.
void Churn::missing(size_t pod) {
  if (is_gone_[pod] || deps_.clock.monotonic() < written_[pod] + kViewLag) return;
  is_gone_[pod] = true;
  gone_.push_back(pod);
}

void Churn::remove_pod() {
  const size_t pod = any_of(healthy_);
  const auto key = key_of(deps_.plan.pods[pod]);
  const auto object = deps_.informers.informer("pods").get(key);
  if (object == nullptr || healthy_.empty()) return (void)step(pod, Step::kTrouble);
  written_[pod] = deps_.clock.monotonic();
  const auto path = orchestrator::apiserver::storage_key(pods_, key);
  const api::ObjectKey event{key.ns, event_name(deps_.plan.pods[pod])};
  send({.compares = {store::Compare::mod_revision(path, store::Compare::Op::kEqual, object->revision)},
        .success = {store::DeleteOp{.key = path},
                    store::DeleteOp{.key = orchestrator::apiserver::storage_key(events_, event)}}});
  std::erase(not_ready_, pod);
  is_gone_[pod] = true;
  gone_.push_back(pod);
}

void Churn::make_pod() {
  if (gone_.empty()) return toggle();
  const size_t index = gone_.front();
  gone_.pop_front();
  auto& pod = deps_.plan.pods[index];
  is_gone_[index] = false;
  written_[index] = deps_.clock.monotonic();
  pod.name = pod_name(deps_.plan.workload_of(pod), random_);
  pod.uid = random_.uuid();
  pod.restarts = 0;
  pod.age_seconds = 0;
  put(pods_, key_of(pod), 0, stored_object(pods_, pod_object(deps_.plan, pod, deps_.clock.now())));
}

void Churn::touch_event() {
  if (events_of_.empty()) return toggle();
  const auto& pod = deps_.plan.pods[events_of_[random_.below(events_of_.size())]];
  const api::ObjectKey key{deps_.plan.workload_of(pod).ns, event_name(pod)};
  const auto now = deps_.clock.now();
  const auto object = deps_.informers.informer("events").get(key);
  if (!object)  // its pod is a new one
    return put(events_, key, 0, stored_object(events_, pod_event(deps_.plan, pod, 1, now, now)));
  auto document = object->document();
  advance_event(document, now);
  put(events_, key, object->revision, api::stored_bytes(document));
}

void Churn::take_away_deleted() {
  for (;;) {
    client::ObjectPtr pod;
    {
      const std::lock_guard lock(mutex_);
      if (deleted_.empty() || deleted_.front().due > deps_.clock.monotonic()) return;
      pod = std::move(deleted_.front().pod);
      deleted_.pop_front();
    }
    auto path = orchestrator::apiserver::storage_key(pods_, pod->key);
    send({.compares = {store::Compare::mod_revision(path, store::Compare::Op::kEqual, pod->revision)},
          .success = {store::DeleteOp{.key = path}}});
  }
}

void Churn::put(const api::Kind& kind, const api::ObjectKey& key, int64_t revision, std::string bytes) {
  auto path = orchestrator::apiserver::storage_key(kind, key);
  auto value = std::make_shared<const std::string>(std::move(bytes));
  send({.compares = {store::Compare::mod_revision(path, store::Compare::Op::kEqual, revision)},
        .success = {store::PutOp{.key = path, .value = std::move(value)}}});
}

void Churn::send(store::TxnRequest request) {
  {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  deps_.kv.txn(std::move(request), [this](Result<store::TxnResponse> done) {
    const std::lock_guard lock(mutex_);
    --in_flight_;
    if (!done)
      ++counts_.skipped;
    else if (done->succeeded)
      ++counts_.written;
    else
      ++counts_.lost;
    if (stopping_) wake_.notify_all();
  });
}

}  // namespace appliance::node::dev
