// The threads that read: each owns a Reader, tasks go to whichever is free.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "store/mvcc/reader.h"

namespace appliance::store::server {

inline constexpr size_t kReadsQueuedMax =
    16384;  // a request holds a few hundred bytes: more waiting means a caller without limits

class ReadPool {
 public:
  // With a null Reader the store is stopping: answer kUnavailable.
  using ReadTask = std::move_only_function<void(mvcc::Reader*)>;
  explicit ReadPool(std::vector<mvcc::Reader> readers);
  ~ReadPool() { stop(); }
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;
  // False when the queue is full or the pool stopped; the task is then still the caller's.
  [[nodiscard]] bool post(ReadTask& task);
  void stop();

 private:
  void run(mvcc::Reader& reader);
  std::vector<mvcc::Reader> readers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<ReadTask> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace appliance::store::server
