#include "base/elastic_pool.h"

#include <thread>

namespace appliance::base {

bool ElasticPool::post(Task task) {
  bool make = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_max) return false;
    queue_.push_back(std::move(task));
    if (queue_.size() > idle_ && threads_ < options_.threads_max) {
      ++threads_;
      make = true;
    }
  }
  if (make)
    std::thread([this] { run(); }).detach();  // counted: stop() waits for the count to reach zero
  else
    wake_.notify_one();
  return true;
}

void ElasticPool::run() {
  set_thread_name(options_.name);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty() && !stopping_) {
      ++idle_;
      const bool work = wake_.wait_for(lock, options_.idle, [&] { return !queue_.empty() || stopping_; });
      --idle_;
      if (!work) break;
    }
    if (stopping_) break;
    auto task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  --threads_;
  ended_.notify_all();  // under the lock: the pool may be gone right after it is released
}

void ElasticPool::stop() {
  std::deque<Task> dropped;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  dropped.swap(queue_);
  wake_.notify_all();
  ended_.wait(lock, [&] { return threads_ == 0; });
}

}  // namespace appliance::base
