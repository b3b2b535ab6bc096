#include "store/server/flush_thread.h"

#include "base/executor.h"

namespace appliance::store::server {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(500);  // after an error: a full disk is looked at twice a second
constexpr uint64_t kSlicesPerCheckpoint =
    64;                                // about 16,000 rows: bounds SQLite's own log, and the replay after a crash
constexpr uint64_t kSegmentsKept = 3;  // more on disk ask for a checkpoint, so that the log can be cut

}  // namespace

FlushThread::FlushThread(Options options) : options_(std::move(options)) {
  checkpointed_ = 0;
  thread_ = std::thread([this] {
    base::set_thread_name("store-flush");
    run();
  });
}

void FlushThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (dirty_) return;
    dirty_ = true;
  }
  changed_.notify_one();
}

bool FlushThread::wait() {
  std::unique_lock lock(mutex_);
  if (problem_) {
    changed_.wait_for(lock, kRetry, [this] { return stopping_; });
    return !stopping_;
  }
  changed_.wait(lock, [this] { return stopping_ || dirty_; });
  if (stopping_) return false;
  lock.unlock();
  // A spare segment is wanted at once; rows may gather.
  if (!options_.wal.room().spare) note(options_.wal.prepare());
  lock.lock();
  if (options_.mvcc.overlay_bytes() < options_.eager_bytes) {
    changed_.wait_for(lock, options_.linger, [this] { return stopping_; });
  }
  dirty_ = false;
  return !stopping_;
}

void FlushThread::run() {
  note(options_.wal.prepare());
  while (wait()) note(work());
  note(flush());
  if (!problem()) note(checkpoint());
}

void FlushThread::note(const Result<>& result) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = result.has_value() == problem_.has_value();
    if (result)
      problem_.reset();
    else
      problem_ = result.error();
  }
  if (changed && !result) options_.log.error("store can't write to disk", {{"error", result.error()}});
  if (changed && result) options_.log.info("store writes to disk again");
  options_.progressed();
}

Result<> FlushThread::flush() {
  while (TRY(options_.mvcc.flush_slice())) {
    ++slices_since_;
    options_.progressed();
  }
  return {};
}

Result<> FlushThread::work() {
  TRY(options_.wal.prepare());
  TRY(flush());
  while (TRY(options_.mvcc.compact_slice())) {
    ++slices_since_;
    TRY(flush());  // a long compaction must not let the overlay fill up
    const std::lock_guard lock(mutex_);
    if (stopping_) break;
  }
  const bool log_long = options_.wal.disk_bytes() > (kSegmentsKept + 1) * options_.wal.segment_bytes();
  if (slices_since_ >= kSlicesPerCheckpoint || log_long) TRY(checkpoint());
  db_bytes_ = TRY(options_.mvcc.db_bytes());
  return {};
}

Result<> FlushThread::checkpoint() {
  const uint64_t index = TRY(options_.mvcc.checkpoint(false));
  slices_since_ = 0;
  if (index == 0 || index == checkpointed_) return {};
  checkpointed_ = index;
  (void)TRY(options_.wal.cut(index));
  return {};
}

void FlushThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> FlushThread::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace appliance::store::server
