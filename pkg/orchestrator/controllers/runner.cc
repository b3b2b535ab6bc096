#include "orchestrator/controllers/runner.h"

#include "base/executor.h"

namespace appliance::orchestrator::controllers {

Runner::Runner(Options options, client::Client& client, client::InformerSource& informers, const base::Clock& clock,
               base::Random& random)
    : options_(std::move(options)), client_(client), informers_(informers), clock_(clock), random_(random) {}

void Runner::add(std::unique_ptr<Reconciler> reconciler) {
  auto lane = std::make_unique<Lane>();
  lane->reconciler = std::move(reconciler);
  lanes_.push_back(std::move(lane));
}

void Runner::start() {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] {
      base::set_thread_name("reconcile/" + std::to_string(i));
      run();
    });
  }
  for (size_t i = 0; i < lanes_.size(); ++i) {
    for (auto& watch : lanes_[i]->reconciler->watches()) {
      auto subscription =
          informers_.informer(watch.resource).subscribe([this, i, keys_of = watch.keys_of](const Notice& notice) {
            const auto keys = keys_of(notice, informers_);
            const std::lock_guard lock(mutex_);
            for (const auto& key : keys) enqueue(i, key, clock_.monotonic());
          });
      lanes_[i]->subscriptions.push_back(std::move(subscription));
    }
  }
}

void Runner::stop() {
  for (auto& lane : lanes_) lane->subscriptions.clear();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Runner::enqueue(size_t lane, const ObjectKey& key, base::MonoTime due) {
  auto& entry = lanes_[lane]->entries[key];
  if (entry.running) {
    entry.again = true;
    return;
  }
  if (entry.queued) {
    if (entry.due <= due) return;
    due_.erase({entry.due, {lane, key}});
  }
  entry.queued = true;
  entry.due = due;
  due_.insert({due, {lane, key}});
  wake_.notify_one();
}

bool Runner::caught_up(const Lane& lane, int64_t revision) const {
  if (revision == 0) return true;
  for (const auto& watch : lane.reconciler->watches())
    if (informers_.informer(watch.resource).revision() < revision) return false;
  return true;
}

void Runner::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (due_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const auto now = clock_.monotonic();
    const auto first = due_.begin();
    if (first->first > now) {
      wake_.wait_for(lock, first->first - now);
      continue;
    }
    const auto [lane, key] = first->second;
    due_.erase(first);
    work(lock, lane, key);
  }
}

void Runner::work(std::unique_lock<std::mutex>& lock, size_t lane_index, const ObjectKey& key) {
  auto& lane = *lanes_[lane_index];
  auto& entry = lane.entries[key];
  entry.queued = false;
  entry.running = true;
  const int64_t revision_min = entry.revision_min;
  lock.unlock();

  Result<Outcome> outcome = Outcome{};
  int64_t written = 0;
  const bool ready = caught_up(lane, revision_min);
  if (ready) {
    Context context(client_, informers_, clock_, random_, options_.log);
    outcome = lane.reconciler->reconcile(key, context);
    written = context.revision_written();
  }
  const int64_t revision_next = std::max(revision_min, written);
  const bool seen = caught_up(lane, revision_next);  // not under our lock: informers have their own

  lock.lock();
  entry.running = false;
  entry.revision_min = revision_next;
  const auto now = clock_.monotonic();
  if (!ready) {
    entry.again = false;
    enqueue(lane_index, key, now + std::chrono::milliseconds(1));
  } else if (!outcome) {
    // A lost race (Aborted) is daily business: the cache will bring the newer object.
    const auto delay =
        std::min<std::chrono::nanoseconds>(kBackoffFirst * (1LL << std::min(entry.failures, 14)), kBackoffLast);
    ++entry.failures;
    entry.again = false;
    if (outcome.error().code != Code::kAborted || entry.failures > 5)
      options_.log.warn("reconcile failed, will be tried again",
                        {{"controller", lane.reconciler->name()}, {"key", key.string()}, {"error", outcome.error()}});
    enqueue(lane_index, key, now + delay);
  } else {
    entry.failures = 0;
    if (entry.again) {
      entry.again = false;
      enqueue(lane_index, key, now);
    } else if (outcome->requeue_after) {
      enqueue(lane_index, key, now + *outcome->requeue_after);
    } else if (seen) {
      lane.entries.erase(key);  // what is idle costs nothing
    }
  }
}

}  // namespace appliance::orchestrator::controllers
