#include "store/server/read_pool.h"

#include "base/executor.h"

namespace appliance::store::server {

ReadPool::ReadPool(std::vector<mvcc::Reader> readers) : readers_(std::move(readers)) {
  for (mvcc::Reader& reader : readers_) {
    threads_.emplace_back([this, &reader] {
      base::set_thread_name("store-read");
      run(reader);
    });
  }
}

bool ReadPool::post(ReadTask& task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= kReadsQueuedMax) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void ReadPool::run(mvcc::Reader& reader) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    ReadTask task = std::move(queue_.front());
    queue_.pop_front();
    const bool stopping = stopping_;
    lock.unlock();
    task(stopping ? nullptr : &reader);
    task = nullptr;
    lock.lock();
  }
}

void ReadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

}  // namespace appliance::store::server
