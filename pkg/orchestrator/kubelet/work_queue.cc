#include "orchestrator/kubelet/work_queue.h"

#include <algorithm>
#include <vector>

namespace appliance::orchestrator::kubelet {

void WorkQueue::enqueue_locked(const std::string& key) {
  if (working_.contains(key)) {
    again_.insert(key);
    return;
  }
  if (!queued_.insert(key).second) return;
  ready_.push_back(key);
  wake_.notify_one();
}

void WorkQueue::add(const std::string& key) {
  const std::lock_guard lock(mutex_);
  enqueue_locked(key);
}

void WorkQueue::add_at(const std::string& key, base::MonoTime due) {
  const std::lock_guard lock(mutex_);
  const auto [it, fresh] = due_.emplace(key, due);
  if (!fresh && it->second <= due) return;
  it->second = due;
  wake_.notify_one();
}

void WorkQueue::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  due_.erase(key);
}

std::optional<std::string> WorkQueue::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    const auto now = clock_.monotonic();
    std::optional<base::MonoTime> next;
    std::vector<std::string> ripe;
    for (const auto& [key, due] : due_) {
      if (due <= now)
        ripe.push_back(key);
      else
        next = next ? std::min(*next, due) : due;
    }
    for (const auto& key : ripe) {
      due_.erase(key);
      enqueue_locked(key);
    }
    if (!ready_.empty()) {
      std::string key = std::move(ready_.front());
      ready_.pop_front();
      queued_.erase(key);
      working_.insert(key);
      return key;
    }
    if (next)
      wake_.wait_for(lock, *next - now);
    else
      wake_.wait(lock);
  }
}

void WorkQueue::done(const std::string& key) {
  const std::lock_guard lock(mutex_);
  working_.erase(key);
  if (again_.erase(key) > 0) enqueue_locked(key);
}

void WorkQueue::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

void WorkQueue::poke() {
  const std::lock_guard lock(mutex_);
  wake_.notify_all();
}

}  // namespace appliance::orchestrator::kubelet
