// Start and end of the store: lock, recovery, threads.
#include "store/server/core.h"

#include "base/executor.h"

namespace appliance::store::server {
namespace {

constexpr uint64_t kSelf = 1;  // this member's id until there are others

Error log_does_not_fit(const std::string& dir, const std::string& what) {
  return Error{
      .code = Code::kDataLoss,
      .message = "store " + dir + ": " + what,
      .errno_value = 0,
      .hint =
          "parts of the data folder are missing or come from another copy: put them back together, or restore the "
          "whole folder from a backup (docs/operate.md)"};
}

}  // namespace

EmbeddedStore::Core::Core(StoreOptions options)
    : options_(std::move(options)),
      random_(options_.random != nullptr ? *options_.random : system_random_),
      metrics_(options_.metrics != nullptr ? *options_.metrics : own_metrics_) {}

Result<> EmbeddedStore::Core::open() {
  base::Fs& fs = options_.fs;
  TRY(fs.make_dirs(options_.dir, 0700));
  lock_ = TRY_CTX(fs.lock(options_.dir + "/LOCK"), "store");
  TRY(open_state());
  TRY(fs.sync_dir(options_.dir));
  return start_threads();
}

Result<> EmbeddedStore::Core::open_state() {
  mvcc_ = TRY_CTX(mvcc::Mvcc::open(options_.fs, options_.dir), "store");
  applier_ = std::make_unique<Applier>(*mvcc_, TRY(mvcc::Reader::open(*mvcc_)), options_.clock);
  TRY(applier_->restore());
  applied_index_ = mvcc_->position().applied_index;
  const uint64_t in_tables = applied_index_;
  wal_ = TRY_CTX(
      wal::Wal::open(
          {.fs = options_.fs, .dir = options_.dir + "/log", .random = random_, .segment_bytes = options_.segment_bytes},
          [this](wal::Entry entry) { return replay(std::move(entry)); }),
      "store");
  const wal::Recovery& found = wal_->recovery();
  if (found.last_index < in_tables) {
    return fail(log_does_not_fit(options_.dir, "the log ends at entry " + std::to_string(found.last_index) +
                                                   ", but entry " + std::to_string(in_tables) + " has been applied"));
  }
  next_index_ = found.last_index + 1;
  hard_state_ = found.state;
  if (hard_state_.term == 0) {
    hard_state_ = {.term = 1, .vote = kSelf, .commit = 0};
    hard_state_dirty_ = true;
  }
  if (found.torn_bytes > 0) {
    options_.log.warn(
        "log tail repaired: a write was under way when the machine stopped, and nobody had been told about it",
        {{"segment", found.torn_segment}, {"offset", found.torn_offset}, {"bytes", found.torn_bytes}});
  }
  options_.log.info("store opened", {{"dir", options_.dir},
                                     {"revision", mvcc_->position().revision},
                                     {"index", applied_index_},
                                     {"replayed", applied_index_ - in_tables}});
  return {};
}

Result<> EmbeddedStore::Core::replay(wal::Entry entry) {
  if (entry.index <= applied_index_) return {};
  if (entry.index != applied_index_ + 1) {
    return fail(log_does_not_fit(options_.dir, "the log begins at entry " + std::to_string(entry.index) +
                                                   ", but only " + std::to_string(applied_index_) +
                                                   " have been applied"));
  }
  const mvcc::Command command = TRY_CTX(mvcc::decode(entry.data), "entry " + std::to_string(entry.index));
  (void)TRY(applier_->apply(entry.term, entry.index, command));  // its caller had the answer, or is gone
  applied_index_ = entry.index;
  // A long log must not become a large overlay. When the disk is full it must: the data is acknowledged.
  while (mvcc_->overlay_bytes() > options_.overlay_bytes_max) {
    const auto flushed = mvcc_->flush_slice();
    if (!flushed && flushed.error().code == Code::kResourceExhausted) break;
    if (!TRY(flushed)) break;
  }
  return {};
}

Result<> EmbeddedStore::Core::start_threads() {
  std::vector<mvcc::Reader> readers;
  for (int i = 0; i < options_.readers; ++i) readers.push_back(TRY(mvcc::Reader::open(*mvcc_)));
  hub_ = std::make_shared<WatchHub>(TRY(mvcc::Reader::open(*mvcc_)), mvcc_->position().revision, options_.log);
  reads_ = std::make_unique<ReadPool>(std::move(readers));
  applier_->start_serving();
  flusher_ = std::make_unique<FlushThread>(FlushThread::Options{
      .mvcc = *mvcc_, .wal = *wal_, .log = options_.log, .linger = options_.flush_linger, .progressed = [this] {
        wake();
      }});
  applier_->set_publish(
      [this](Revision revision, std::vector<mvcc::Change> changes) { hub_->publish(revision, std::move(changes)); });
  log_ = std::make_unique<LogThread>(*wal_, &metrics_.sync_seconds, [this](LogBatch batch) {
    {
      const std::lock_guard lock(mutex_);
      durable_.push_back(std::move(batch));
    }
    wake_.notify_one();
  });
  thread_ = std::thread([this] {
    base::set_thread_name("store");
    run();
  });
  return {};
}

// Order: no new work; the log writes what it has; the store thread applies and answers that; then flush, watchers,
// readers.
void EmbeddedStore::Core::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (log_) log_->stop();
  if (thread_.joinable()) thread_.join();
  const Error error{.code = Code::kUnavailable, .message = "store: stopping", .errno_value = 0, .hint = {}};
  fail_all(waiting_, error);
  for (auto& [id, done] : std::exchange(keep_alives_, {})) done(fail(error));
  for (auto& [request, done] : std::exchange(read_txns_, {})) done(fail(error));
  if (flusher_) flusher_->stop();
  if (hub_) hub_->stop();
  if (reads_) reads_->stop();
  lock_.reset();  // nothing of ours touches the folder any more
}

}  // namespace appliance::store::server
