#include "store/server/watch_hub.h"

#include <algorithm>

#include "base/executor.h"

namespace appliance::store::server {
namespace {

constexpr auto kProgressInterval = std::chrono::seconds(1);  // kv.h promises "at most about 1 s late"

Event to_event(const mvcc::Change& change, bool prev_kv) {
  Event event;
  event.type = change.now->tombstone() ? Event::Type::kDelete : Event::Type::kPut;
  event.kv = mvcc::to_key_value(*change.now);
  if (prev_kv && change.prev) event.prev = std::make_shared<const KeyValue>(mvcc::to_key_value(*change.prev));
  return event;
}

}  // namespace

struct WatchHub::Watcher {
  mvcc::Interval interval;
  bool prev_kv = false;
  bool progress = false;
  WatchCallback callback;
  Revision next = 1;
  Revision reported = 0;  // the newest revision that the callback knows to be complete
  bool synced = false;
  bool finished = false;  // got its last call; hub thread
  std::atomic<bool> cancelled{false};
  std::optional<Error> refused;  // told at once, as its only call
};

namespace {

class HubWatch final : public Watch {
 public:
  HubWatch(std::shared_ptr<WatchHub> hub, std::shared_ptr<WatchHub::Watcher> watcher)
      : hub_(std::move(hub)), watcher_(std::move(watcher)) {}
  ~HubWatch() override { hub_->remove(watcher_); }

 private:
  std::shared_ptr<WatchHub> hub_;
  std::shared_ptr<WatchHub::Watcher> watcher_;
};

}  // namespace

WatchHub::WatchHub(mvcc::Reader reader, Revision revision, base::Log log)
    : reader_(std::move(reader)), log_(std::move(log)), dispatched_(revision), progress_revision_(revision) {
  thread_ = std::thread([this] {
    base::set_thread_name("store-watch");
    run();
  });
}

void WatchHub::publish(Revision revision, std::vector<mvcc::Change> changes) {
  size_t bytes = 0;
  for (const mvcc::Change& c : changes) bytes += c.now->bytes() + (c.prev ? c.prev->bytes() : 0);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (queue_bytes_ + bytes > kHubBytesMax) {
      queue_.clear();
      queue_bytes_ = 0;
      overflowed_ = true;
    }
    if (overflowed_)
      overflow_revision_ = revision;
    else {
      queue_.push_back({revision, std::move(changes), bytes});
      queue_bytes_ += bytes;
    }
  }
  wake_.notify_one();
}

std::unique_ptr<Watch> WatchHub::add(WatchRequest request, WatchCallback on_batch, Revision now) {
  auto w = std::make_shared<Watcher>();
  if (request.key.empty()) request.key = std::string(1, '\0');  // etcd: an empty key watches from the first one on
  w->interval = mvcc::interval_of(request.key, request.range_end);
  w->prev_kv = request.prev_kv;
  w->progress = request.progress;
  w->callback = std::move(on_batch);
  w->next = request.start_revision > 0 ? request.start_revision : now + 1;
  w->reported = w->next - 1;
  if (w->interval.empty()) w->refused = fail(Code::kInvalidArgument, "mvcc: watcher range is empty").error();
  if (request.start_revision < 0) w->refused = fail(Code::kOutOfRange, std::string(kErrCompacted)).error();
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    stopped = stopping_;
    if (count_ >= kWatchersMax) w->refused = fail(Code::kResourceExhausted, "store: too many watches").error();
    ++count_;
    if (!stopped) added_.push_back(w);
  }
  wake_.notify_one();
  if (stopped) w->callback(fail(Code::kUnavailable, "store: stopping"));
  return std::make_unique<HubWatch>(shared_from_this(), std::move(w));
}

void WatchHub::remove(const std::shared_ptr<Watcher>& watcher) {
  watcher->cancelled = true;
  std::unique_lock lock(mutex_);
  --count_;
  cancelled_some_ = true;
  wake_.notify_one();
  if (std::this_thread::get_id() == thread_.get_id())
    return;  // from a callback: the hub looks at `cancelled` behind it
  idle_.wait(lock, [&] { return running_ != watcher.get(); });
}

void WatchHub::call(const std::shared_ptr<Watcher>& watcher, Result<WatchBatch> batch) {
  {
    const std::lock_guard lock(mutex_);
    if (watcher->cancelled) return;
    running_ = watcher.get();
  }
  watcher->callback(std::move(batch));
  {
    const std::lock_guard lock(mutex_);
    running_ = nullptr;
  }
  idle_.notify_all();
}

void WatchHub::finish(const std::shared_ptr<Watcher>& watcher, Error error) {
  watcher->finished = true;
  call(watcher, std::unexpected(std::move(error)));
}

// `changes` hold whole revisions in order, all of them up to `through`. What the watcher has seen already is passed
// over.
bool WatchHub::deliver(const std::shared_ptr<Watcher>& watcher, std::span<const mvcc::Change> changes,
                       Revision through) {
  Watcher& w = *watcher;
  WatchBatch batch;
  const auto send = [&] {
    if (batch.events.empty()) return;
    w.reported = batch.revision;
    call(watcher, std::exchange(batch, {}));
  };
  for (const mvcc::Change& change : changes) {
    const Revision revision = change.now->revision();
    if (revision < w.next || !w.interval.contains(change.now->key)) continue;
    if (revision != batch.revision) send();
    if (w.cancelled) return false;
    batch.revision = revision;
    batch.events.push_back(to_event(change, w.prev_kv));
  }
  send();
  w.next = std::max(w.next, through + 1);
  return !w.cancelled;
}

void WatchHub::dispatch(const Published& batch) {
  for (const auto& w : watchers_) {
    if (w->synced && !w->cancelled && !w->finished) (void)deliver(w, batch.changes, batch.revision);
  }
  dispatched_ = batch.revision;
}

void WatchHub::catch_up() {
  unsynced_ = 0;
  for (size_t i = 0; i < watchers_.size(); ++i) {
    const auto w = watchers_[i];
    if (w->synced || w->cancelled || w->finished) continue;
    if (w->next <= dispatched_) {
      auto page = reader_->history(w->next, kHistoryPageRows, w->prev_kv);
      if (!page) {
        finish(w, std::move(page).error());
        continue;
      }
      if (!deliver(w, page->changes, page->through)) continue;
    }
    w->synced = w->next > dispatched_;
    if (!w->synced) ++unsynced_;
  }
}

void WatchHub::report_progress() {
  if (progress_revision_ >= dispatched_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_progress_ < kProgressInterval) return;
  last_progress_ = now;
  progress_revision_ = dispatched_;
  for (const auto& w : watchers_) {
    if (!w->progress || !w->synced || w->finished || w->reported >= dispatched_) continue;
    w->reported = dispatched_;
    call(w, WatchBatch{.revision = dispatched_, .events = {}});
  }
}

void WatchHub::take_new() {
  std::vector<std::shared_ptr<Watcher>> added;
  {
    const std::lock_guard lock(mutex_);
    added.swap(added_);
  }
  for (auto& w : added) {
    if (w->refused) finish(w, std::move(*w->refused));
    if (w->finished) continue;
    w->synced = w->next > dispatched_;
    if (!w->synced) ++unsynced_;
    watchers_.push_back(std::move(w));
  }
}

void WatchHub::forget_cancelled() {
  std::erase_if(watchers_, [](const auto& w) { return w->cancelled || w->finished; });
}

void WatchHub::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto ready = [this] {
      return stopping_ || !queue_.empty() || overflowed_ || !added_.empty() || cancelled_some_;
    };
    const bool owes_progress =
        progress_revision_ < dispatched_ && std::ranges::any_of(watchers_, [](const auto& w) { return w->progress; });
    if (unsynced_ == 0) {
      if (owes_progress)
        wake_.wait_until(lock, last_progress_ + kProgressInterval, ready);
      else
        wake_.wait(lock, ready);
    }
    if (stopping_) break;
    std::vector<Published> batches = std::exchange(queue_, {});
    queue_bytes_ = 0;
    const bool overflowed = std::exchange(overflowed_, false);
    const bool cancelled = std::exchange(cancelled_some_, false);
    const Revision overflow_revision = overflow_revision_;
    lock.unlock();
    if (cancelled) forget_cancelled();
    // Before the batches: a watcher that starts now must see those of them that are behind its start.
    take_new();
    for (const Published& batch : batches) dispatch(batch);
    if (overflowed) {
      log_.warn("watchers fell behind and catch up from history", {{"revision", overflow_revision}});
      dispatched_ = overflow_revision;
      for (const auto& w : watchers_) w->synced = w->next > dispatched_;
      unsynced_ = 1;
    }
    if (unsynced_ > 0) catch_up();
    report_progress();
    lock.lock();
  }
  lock.unlock();
  take_new();
  for (const auto& w : watchers_) {
    if (!w->cancelled && !w->finished) finish(w, fail(Code::kCancelled, "store: stopping").error());
  }
}

void WatchHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  reader_.reset();
}

}  // namespace appliance::store::server
