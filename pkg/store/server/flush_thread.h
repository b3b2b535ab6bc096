// The housekeeper: the only writer of SQLite. Moves the overlay into SQLite, compacts, checkpoints, cuts the log behind
// what is checkpointed, and keeps a zero-filled segment ready for the log.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/log.h"
#include "store/mvcc/mvcc.h"
#include "store/wal/wal.h"

namespace appliance::store::server {

class FlushThread {
 public:
  struct Options {
    mvcc::Mvcc& mvcc;
    wal::Wal& wal;
    base::Log log;
    std::chrono::milliseconds linger{100};  // gathers writes before a flush: fewer, larger transactions
    size_t eager_bytes = 4U << 20U;         // an overlay of this size is flushed at once
    std::function<void()> progressed;       // on the flush thread: room was made, or a problem came or went
  };
  explicit FlushThread(Options options);
  ~FlushThread() { stop(); }
  FlushThread(const FlushThread&) = delete;
  FlushThread& operator=(const FlushThread&) = delete;

  void wake();  // something was applied, or the log took the spare segment
  void stop();  // flushes all, checkpoints, joins; idempotent
  // Why the disk takes nothing at the moment; nullopt when all is well.
  [[nodiscard]] std::optional<Error> problem() const;
  [[nodiscard]] uint64_t db_bytes() const { return db_bytes_; }

 private:
  void run();
  bool wait();  // false: stop
  Result<> work();
  Result<> flush();
  Result<> checkpoint();
  void note(const Result<>& result);
  Options options_;
  std::atomic<uint64_t> db_bytes_{0};
  uint64_t checkpointed_ = 0;
  uint64_t slices_since_ = 0;  // since the last checkpoint
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Error> problem_;
  bool dirty_ = true;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace appliance::store::server
