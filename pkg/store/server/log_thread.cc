#include "store/server/log_thread.h"

#include "base/executor.h"

namespace appliance::store::server {
namespace {
constexpr auto kRetry = std::chrono::milliseconds(200);  // how soon a full disk is tried again
}

LogThread::LogThread(wal::Wal& wal, base::Histogram* sync_seconds, Done done)
    : wal_(wal), sync_seconds_(sync_seconds), done_(std::move(done)) {
  thread_ = std::thread([this] {
    base::set_thread_name("store-log");
    run();
  });
}

void LogThread::push(std::vector<wal::Entry> entries, std::optional<wal::HardState> state) {
  {
    std::unique_lock lock(mutex_);
    if (ended_) {
      lock.unlock();
      done_({.entries = entries.size(), .result = fail(Code::kUnavailable, "log: stopped")});
      return;
    }
    if (queue_.empty())
      queue_ = std::move(entries);
    else
      queue_.insert(queue_.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
    if (state) state_ = state;
  }
  wake_.notify_one();
}

// The store thread proposes only what fits into prepared space, so a full disk is not met here but by a race with its
// last bytes. The entries are promised to nobody yet: they wait.
Result<> LogThread::append(const std::optional<wal::HardState>& state, const std::vector<wal::Entry>& entries) {
  for (;;) {
    const auto start = std::chrono::steady_clock::now();
    Result<> done = wal_.append(state, entries);
    if (done && sync_seconds_ != nullptr) {
      sync_seconds_->observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    if (done || done.error().code != Code::kResourceExhausted) return done;
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, kRetry, [this] { return stopping_; })) return done;
  }
}

void LogThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty() || state_; });
    if (queue_.empty() && !state_) {
      ended_ = true;
      return;
    }
    const std::vector<wal::Entry> entries = std::exchange(queue_, {});
    const std::optional<wal::HardState> state = std::exchange(state_, std::nullopt);
    lock.unlock();
    Result<> result = append(state, entries);
    done_({.entries = entries.size(), .result = std::move(result)});
    lock.lock();
  }
}

void LogThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace appliance::store::server
