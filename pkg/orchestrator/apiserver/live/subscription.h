// One subscription of a tab: which objects it selects, which rows the tab has, and what is still to be sent. What
// changes is kept as a set of keys; the objects are read when a frame is made, so a tab that reads slowly costs one key
// per object and gets the last state of each.
//
//   auto feed = std::make_shared<Feed>(...);       // watches the cache, collects keys
//   while (auto frame = subscription.next_frame(cache, now)) send(*frame);
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/live/metrics.h"
#include "orchestrator/apiserver/live/protocol.h"
#include "orchestrator/apiserver/live/row.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr size_t kRowsPerFrameMax = 500;           // also the objects that are looked at for one frame
inline constexpr size_t kRowBytesPerFrame = 256U * 1024;  // a frame ends behind the row that reaches it

struct KeyHash {
  size_t operator()(const ObjectKey& key) const {
    return std::hash<std::string>()(key.name) ^ (std::hash<std::string>()(key.ns) * 31);
  }
};

// What can be said of an object without reading its document: `about` and `only_problems` cannot.
bool selects(const Selection& selection, const api::Object& object);

// Collects the keys of objects that changed and are, or were, selected. `wake` is called when there is something to
// take where there was nothing; on the cache's thread, and must be quick.
class Feed final : public Watcher, public std::enable_shared_from_this<Feed> {
 public:
  Feed(WatchCache& cache, const Kind& kind, Selection selection, base::Counter& conflated, std::function<void()> wake);
  void start();  // from any thread; take() says when
  void stop();   // from any thread

  struct Taken {
    bool started = false;  // what happens from the cache's present revision on is noted
    bool lost = false;     // the history was; as if just started
    std::vector<ObjectKey> keys;
  };
  Taken take();

  void on_event(const CacheEvent& event) override;
  void on_lost() override;

 private:
  void note(const ObjectKey* key, bool lost);  // null: no key
  WatchCache& cache_;
  const Kind& kind_;
  const Selection selection_;
  base::Counter& conflated_;
  const std::function<void()> wake_;
  bool stopped_ = false;  // cache thread
  std::mutex mutex_;
  std::unordered_set<ObjectKey, KeyHash> keys_;
  bool started_ = false;
  bool lost_ = false;
  bool noted_ = false;  // wake_ was called and nothing taken since
};

// Used by one thread at a time.
class Subscription {
 public:
  Subscription(int64_t sub, const Kind& kind, Selection selection, std::shared_ptr<Feed> feed);
  ~Subscription() { feed_->stop(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // nullopt: nothing is to be sent at this moment. An empty text: objects were looked at, none of them is to be shown;
  // go on. Counts of rows go to `rows`.
  std::optional<std::string> next_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows);
  // Judges all again whose problem depends on time; next_frame() then does it step by step.
  void sweep(const WatchCache& cache);
  [[nodiscard]] bool is_live() const { return stage_ == Stage::kLive; }  // the rows of the beginning have been sent
  // In the middle of something: next_frame() has more to say at once.
  [[nodiscard]] bool is_busy() const { return stage_ == Stage::kListing || todo_at_ < todo_.size() || !swept_.empty(); }
  [[nodiscard]] const Selection& selection() const { return selection_; }

 private:
  struct Shown {  // a row that the tab has
    std::string uid;
    int severity = 0;
    size_t why = 0;  // hash
  };
  enum class Stage : unsigned char { kWaiting, kListing, kLive };

  void list(const WatchCache& cache);
  std::string first_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows);
  std::string change_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows);
  void sweep_some(const WatchCache& cache, int64_t now_seconds);
  // The row of an object that is to be shown; empty when it is not.
  Row row_of(RowMaker& maker, const api::Object& object) const;
  void show(const ObjectKey& key, const api::Object& object, const Problem& problem);
  void hide(const ObjectKey& key, std::string& del);
  [[nodiscard]] Counts counts(const WatchCache& cache) const {
    return {.revision = cache.revision(), .total = shown_.size(), .problems = problems_};
  }

  const int64_t sub_;
  const Kind& kind_;
  const Selection selection_;
  const std::shared_ptr<Feed> feed_;
  Stage stage_ = Stage::kWaiting;
  std::vector<ObjectKey> todo_;  // keys to look at: of the listing, then of changes
  size_t todo_at_ = 0;
  std::vector<ObjectKey> swept_;  // keys to judge again
  std::unordered_map<ObjectKey, Shown, KeyHash> shown_;
  size_t problems_ = 0;
};

}  // namespace appliance::orchestrator::apiserver::live
