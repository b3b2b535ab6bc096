// The thread that makes entries durable: whatever has queued up since its last fdatasync goes into the next one (group
// commit).
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "store/wal/wal.h"

namespace appliance::store::server {

// Entries that became durable together, or the reason why nobody knows whether they did.
struct LogBatch {
  size_t entries = 0;
  Result<> result;
};

class LogThread {
 public:
  using Done = std::function<void(LogBatch)>;  // on the log thread, in order
  LogThread(wal::Wal& wal, base::Histogram* sync_seconds, Done done);
  ~LogThread() { stop(); }
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  // After stop(): answered at once with kUnavailable, on the caller's thread.
  void push(std::vector<wal::Entry> entries, std::optional<wal::HardState> state);
  void stop();  // writes what is queued, then joins; idempotent

 private:
  void run();
  Result<> append(const std::optional<wal::HardState>& state, const std::vector<wal::Entry>& entries);
  wal::Wal& wal_;
  base::Histogram* sync_seconds_;
  Done done_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<wal::Entry> queue_;
  std::optional<wal::HardState> state_;
  bool stopping_ = false;
  bool ended_ = false;  // the thread takes nothing more
  std::thread thread_;
};

}  // namespace appliance::store::server
