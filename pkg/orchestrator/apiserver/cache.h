// WatchCache: the one view of the store that the whole process shares (architecture page, "Objects are bytes and
// facts"). Fed by a single store watch; holds every object as shared bytes and facts, with indexes by owner and node,
// and a ring of the last events, bounded in bytes. Gets, lists, watches and informers are served from here.
//
//   cache.when_current([&](Result<int64_t> revision) { ... cache.list(kind, "default") ... });   // linearizable read
//
// State changes only on the cache's own thread (queue()); readers on any thread take a shared lock for the copy. After
// a change is visible to readers it is given to the watchers, on the cache's thread, in the order of revisions, without
// gap. When the store says that the history is gone (compacted, fell behind), everything is listed anew: API watchers
// are told on_lost() (they answer 410), informers get the difference.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/api/object.h"
#include "orchestrator/apiserver/in_flight.h"
#include "orchestrator/apiserver/timed_queue.h"
#include "orchestrator/client/client.h"
#include "store/kv.h"

namespace appliance::orchestrator::apiserver {

using api::Kind;
using api::ObjectKey;
using api::ObjectPtr;
using client::Change;

inline constexpr size_t kHistoryBytesMax =
    12U * 1024 * 1024;  // ~3000 events of pods: what a client may miss and still resume
inline constexpr std::string_view kRegistryPrefix = "/registry/";

// "/registry/pods/default/web", "/registry/nodes/n1".
std::string storage_key(const Kind& kind, const ObjectKey& key);

struct CacheEvent {
  int64_t revision = 0;
  Change change = Change::kAdded;
  ObjectPtr object;  // kDeleted: the last state; the event's own resourceVersion is `revision`
  ObjectPtr old;     // kModified: before
};

// All on the cache's thread; must be quick and must not block.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_event(const CacheEvent& event) = 0;
  virtual void on_lost() = 0;  // the last call
};

struct Listing {
  int64_t revision = 0;
  std::vector<ObjectPtr> objects;  // by namespace, then name
};

class WatchCache {
 public:
  struct Options {
    std::shared_ptr<const api::KindTable> kinds;
    store::Kv* kv = nullptr;
    const base::Clock* clock = nullptr;
    base::Log log;
    size_t history_bytes_max = kHistoryBytesMax;
  };
  explicit WatchCache(Options options);
  ~WatchCache() { stop(); }
  WatchCache(const WatchCache&) = delete;
  WatchCache& operator=(const WatchCache&) = delete;

  // Lists everything and begins to watch; `done` comes once, on the cache's thread, when the view is complete.
  void start(std::move_only_function<void(Result<>)> done);
  void stop();

  [[nodiscard]] ObjectPtr get(const Kind& kind, const ObjectKey& key) const;
  [[nodiscard]] Listing list(const Kind& kind, std::string_view ns) const;  // ns "" = all
  // The state at an older revision, by undoing the ring. nullopt: older than the ring reaches, or not reached yet.
  [[nodiscard]] std::optional<Listing> list_at(const Kind& kind, std::string_view ns, int64_t revision) const;
  [[nodiscard]] std::vector<ObjectPtr> by_owner(const Kind& kind, std::string_view uid) const;
  [[nodiscard]] std::vector<ObjectPtr> by_node(const Kind& kind, std::string_view node) const;
  [[nodiscard]] int64_t revision() const;
  [[nodiscard]] int64_t floor() const;  // watches may start at any revision >= floor()
  [[nodiscard]] size_t count(const Kind& kind) const;

  // Calls back when the view has reached `revision`: at once in the caller when it has, else on the cache's thread;
  // with false when `wait` has passed first. stop() calls what waits with false.
  void when_at_least(int64_t revision, base::Nanos wait, std::move_only_function<void(bool)> done);
  // The same for the store's revision at the time of this call: what follows is linearizable. Many callers share one
  // question to the store.
  void when_current(std::move_only_function<void(Result<int64_t>)> done);

  // On the cache's thread only (queue().post): events with revision > from are delivered first, from the ring.
  // False: `from` is below floor().
  bool add_watcher(const Kind& kind, int64_t from, std::shared_ptr<Watcher> watcher);
  void remove_watcher(const Kind& kind, const Watcher* watcher);
  TimedQueue& queue() { return queue_; }
  [[nodiscard]] const api::KindTable& kinds() const { return *options_.kinds; }

 private:
  struct KindState {
    std::map<ObjectKey, ObjectPtr> objects;
    std::unordered_map<std::string, std::unordered_set<std::string>> owner_index;  // uid -> keys as strings
    std::unordered_map<std::string, std::unordered_set<std::string>> node_index;
    std::unordered_map<std::string, ObjectPtr> by_string;
    std::vector<std::shared_ptr<Watcher>> watchers;  // cache thread only
  };
  struct Waiter {
    std::move_only_function<void(bool)> done;
    uint64_t timer = 0;
  };
  struct Located {
    const Kind* kind = nullptr;
    ObjectKey key;
  };

  [[nodiscard]] std::optional<Located> locate(std::string_view storage_key) const;
  void list_all();  // asks the store; continues in on_listed
  void on_listed(Result<store::RangeResponse> response);
  void begin_watch(int64_t from);
  void on_batch(Result<store::WatchBatch> batch);
  void apply(const store::WatchBatch& batch);
  std::optional<CacheEvent> apply_event(const store::Event& event);      // exclusive lock held
  CacheEvent put(KindState& state, ObjectPtr object, int64_t revision);  // exclusive lock held
  void index(KindState& state, const ObjectPtr& object, bool add);       // exclusive lock held
  void remember(const CacheEvent& event);                                // exclusive lock held
  void dispatch(const std::vector<CacheEvent>& events);
  void wake_waiters(int64_t revision);
  void ask_revision();
  KindState& state_of(const Kind& kind) { return states_.at(&kind); }
  [[nodiscard]] const KindState& state_of(const Kind& kind) const { return states_.at(&kind); }

  Options options_;
  std::unordered_map<std::string, const Kind*> by_resource_;  // never changes: "deployments.apps"
  mutable std::shared_mutex mutex_;
  std::unordered_map<const Kind*, KindState> states_;  // guarded by mutex_ (watchers apart)
  std::deque<CacheEvent> ring_;                        // guarded by mutex_
  size_t ring_bytes_ = 0;
  int64_t revision_ = 0;
  int64_t floor_ = 0;
  bool synced_ = false;

  std::mutex wait_mutex_;
  std::multimap<int64_t, std::pair<uint64_t, Waiter>> waiters_;
  uint64_t next_waiter_ = 0;
  int64_t reached_ = 0;  // revision_, for the waiters
  bool stopped_ = false;

  std::mutex gate_mutex_;
  std::vector<std::move_only_function<void(Result<int64_t>)>> gate_next_;
  bool gate_busy_ = false;

  InFlight in_flight_;
  std::move_only_function<void(Result<>)> started_;
  std::unique_ptr<store::Watch> watch_;  // cache thread, and stop()
  TimedQueue queue_;
};

}  // namespace appliance::orchestrator::apiserver
