#include "orchestrator/kubelet/prober.h"

#include <algorithm>

namespace appliance::orchestrator::kubelet {
namespace {

using std::chrono::milliseconds;

// "The readiness probe may run at other times than periodSeconds while the container is not ready" (Kubernetes "Pod
// Lifecycle"): a server that needs 200 ms to listen is not held back for a whole period.
constexpr milliseconds kEarlyFirst{100};
constexpr int kEarlyTries = 6;  // 100, 200, 400, 800, 1600, 3200 ms

}  // namespace

void Prober::start() {
  thread_ = std::thread([this] { run(); });
}

void Prober::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [uid, entries] : pods_)
      for (auto& entry : entries) entry->gone = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Prober::set(const std::string& uid, const std::vector<ProbeTarget>& targets) {
  const std::lock_guard lock(mutex_);
  auto& entries = pods_[uid];
  std::vector<EntryPtr> kept;
  bool fresh = false;
  for (const auto& target : targets) {
    const auto same = std::find_if(entries.begin(), entries.end(), [&](const auto& e) {
      return e->target.container_id == target.container_id && e->target.type == target.type;
    });
    if (same != entries.end()) {
      kept.push_back(*same);
      continue;
    }
    auto entry = std::make_shared<Entry>();
    entry->uid = uid;
    entry->target = target;
    const auto ran = std::max<base::Nanos>(clock_.now() - target.started, base::Nanos(0));
    const base::Nanos delay = std::chrono::seconds(target.probe.initial_delay_seconds);
    entry->due = clock_.monotonic() + std::max<base::Nanos>(delay - ran, base::Nanos(0));
    kept.push_back(std::move(entry));
    fresh = true;
  }
  for (auto& entry : entries)
    if (std::find(kept.begin(), kept.end(), entry) == kept.end()) entry->gone = true;
  if (kept.empty())
    pods_.erase(uid);
  else
    entries = std::move(kept);
  if (fresh) wake_.notify_all();
}

void Prober::run() {
  base::set_thread_name("kubelet-probe");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = clock_.monotonic();
    std::optional<base::MonoTime> next;
    std::vector<EntryPtr> due;
    for (const auto& [uid, entries] : pods_)
      for (const auto& entry : entries) {
        if (entry->running) continue;
        if (entry->due <= now)
          due.push_back(entry);
        else
          next = next ? std::min(*next, entry->due) : entry->due;
      }
    for (const auto& entry : due) {
      entry->running = true;
      if (!pool_.post([this, entry] { try_once(entry); })) {
        entry->running = false;
        entry->due = now + std::chrono::seconds(entry->target.probe.period_seconds);
      }
    }
    if (!due.empty()) continue;
    if (next)
      wake_.wait_for(lock, *next - now);
    else
      wake_.wait(lock);
  }
}

void Prober::schedule_locked(Entry& entry, bool success) {
  base::Nanos wait = std::chrono::seconds(entry.target.probe.period_seconds);
  if (entry.target.type != ProbeType::kLiveness && !success && !entry.state.verdict && entry.early < kEarlyTries)
    wait = std::min<base::Nanos>(wait, kEarlyFirst * (1 << entry.early++));
  entry.due = clock_.monotonic() + wait;
}

void Prober::try_once(const EntryPtr& entry) {
  const auto& target = entry->target;
  {
    const std::lock_guard lock(mutex_);
    if (entry->gone) return;
  }
  const auto result = run_handler(target.probe.handler, runtime_, target.container_id, target.pod_ip,
                                  std::chrono::seconds(target.probe.timeout_seconds));
  ProbeReport report{entry->uid,     target.container, target.container_id,       target.type,
                     result.success, result.output,    target.probe.grace_seconds};
  bool changed = false;
  bool counted = true;
  {
    const std::lock_guard lock(mutex_);
    entry->running = false;
    if (entry->gone) return;
    // A failed early try doesn't count against the threshold: it is not one of the promised ones.
    counted = result.success || target.type == ProbeType::kLiveness || entry->state.verdict.has_value() ||
              entry->early >= kEarlyTries;
    const auto before = entry->state.verdict;
    if (counted) entry->state = step(target.probe, entry->state, result.success);
    changed = entry->state.verdict != before;
    report.success = changed ? *entry->state.verdict : result.success;
    schedule_locked(*entry, result.success);
  }
  wake_.notify_all();
  if (!result.success && counted) callbacks_.on_failure(report);
  if (changed) callbacks_.on_verdict(report);
}

}  // namespace appliance::orchestrator::kubelet
