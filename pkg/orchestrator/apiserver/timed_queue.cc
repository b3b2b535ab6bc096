#include "orchestrator/apiserver/timed_queue.h"

namespace appliance::orchestrator::apiserver {

TimedQueue::TimedQueue(std::string name, const base::Clock& clock)
    : clock_(clock), thread_([this, name = std::move(name)] { run(name); }) {}

bool TimedQueue::post(base::Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

uint64_t TimedQueue::post_at(base::MonoTime when, base::Task task) {
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++next_id_;
    timed_.emplace(std::pair(when, id), std::move(task));
    when_.emplace(id, when);
  }
  wake_.notify_one();
  return id;
}

void TimedQueue::cancel(uint64_t id) {
  base::Task dropped;  // destroyed outside the lock: it may own what calls back here
  {
    const std::lock_guard lock(mutex_);
    const auto it = when_.find(id);
    if (it == when_.end()) return;
    const auto timed = timed_.find(std::pair(it->second, id));
    dropped = std::move(timed->second);
    timed_.erase(timed);
    when_.erase(it);
  }
}

void TimedQueue::stop() {
  std::deque<base::Task> tasks;
  std::map<std::pair<base::MonoTime, uint64_t>, base::Task> timed;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    tasks.swap(tasks_);
    timed.swap(timed_);
    when_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TimedQueue::run(const std::string& name) {
  base::set_thread_name(name);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!timed_.empty() && timed_.begin()->first.first <= clock_.monotonic()) {
      base::Task task = std::move(timed_.begin()->second);
      when_.erase(timed_.begin()->first.second);
      timed_.erase(timed_.begin());
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
      continue;
    }
    if (!tasks_.empty()) {
      base::Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
      continue;
    }
    if (timed_.empty()) {
      wake_.wait(lock);
    } else {
      wake_.wait_for(lock, timed_.begin()->first.first - clock_.monotonic());
    }
  }
}

}  // namespace appliance::orchestrator::apiserver
