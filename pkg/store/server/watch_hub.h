// Delivers changes to watchers, on a thread of its own.
//
// A watcher is synced when it has seen everything that the hub has dispatched; it then gets new changes as they are
// published. Otherwise (it starts in the past, or the hub fell behind) it catches up from history, page by page, while
// others go on. `next` is the first revision that a watcher has not seen; it only grows: that is the proof of "no gap,
// no repetition". Nothing is kept per watcher: when more than kHubBytesMax wait to be dispatched, they are dropped and
// all watchers catch up from history, so a slow callback costs time and never memory.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "store/kv.h"
#include "store/mvcc/reader.h"

namespace appliance::store::server {

inline constexpr size_t kHubBytesMax = 16U << 20U;  // changes that wait for the hub thread
inline constexpr size_t kWatchersMax = 100'000;     // a leak of watches must not take the server with it
inline constexpr size_t kHistoryPageRows = 1000;    // read at once for a watcher that catches up

// Held by shared_ptr: a Watch may outlive the store, and is then only a handle to something that has ended.
class WatchHub : public std::enable_shared_from_this<WatchHub> {
 public:
  struct Watcher;  // watch_hub.cc

  // `revision`: what is applied now; later revisions come through publish().
  WatchHub(mvcc::Reader reader, Revision revision, base::Log log);
  ~WatchHub() { stop(); }
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  void publish(Revision revision, std::vector<mvcc::Change> changes);  // store thread, in order of revision
  // `now` is the store's revision at the time of the call.
  std::unique_ptr<Watch> add(WatchRequest request, WatchCallback on_batch, Revision now);
  void remove(const std::shared_ptr<Watcher>& watcher);  // of ~Watch
  void stop();                                           // tells every watcher kCancelled; idempotent

 private:
  struct Published {
    Revision revision;
    std::vector<mvcc::Change> changes;
    size_t bytes;
  };
  void run();
  void take_new();
  void dispatch(const Published& batch);
  void catch_up();
  void report_progress();
  bool deliver(const std::shared_ptr<Watcher>& watcher, std::span<const mvcc::Change> changes, Revision through);
  void call(const std::shared_ptr<Watcher>& watcher, Result<WatchBatch> batch);
  void finish(const std::shared_ptr<Watcher>& watcher, Error error);
  void forget_cancelled();

  // Hub thread only.
  std::optional<mvcc::Reader> reader_;  // none after stop()
  base::Log log_;
  Revision dispatched_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
  size_t unsynced_ = 0;
  std::chrono::steady_clock::time_point last_progress_{};
  Revision progress_revision_ = 0;  // reported to all who asked

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;  // the callback that ran is done
  std::vector<Published> queue_;
  size_t queue_bytes_ = 0;
  bool overflowed_ = false;
  Revision overflow_revision_ = 0;
  std::vector<std::shared_ptr<Watcher>> added_;
  size_t count_ = 0;
  bool cancelled_some_ = false;
  const Watcher* running_ = nullptr;  // its callback runs now
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace appliance::store::server
