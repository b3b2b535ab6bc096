#include "orchestrator/apiserver/cache.h"

#include "base/check.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;

constexpr base::Nanos kGateWaitMax = 30s;    // a linearizable read gives up: the store's watch has stalled
constexpr base::Nanos kRelistDelay = 500ms;  // between attempts to list when the store refuses
// Of one remembered event beside its bytes: an Object is 448, its strings, their owners and the pointers as much again.
constexpr size_t kEventOverheadBytes = 1024;
const std::string kEverything(1, '\0');

size_t bytes_of(const CacheEvent& event) { return event.object->bytes->size() + kEventOverheadBytes; }

bool in_namespace(const ObjectKey& key, std::string_view ns) { return ns.empty() || key.ns == ns; }

}  // namespace

std::string storage_key(const Kind& kind, const ObjectKey& key) {
  std::string out(kRegistryPrefix);
  out += kind.resource();
  out += '/';
  if (kind.namespaced) out += key.ns + '/';
  return out + key.name;
}

WatchCache::WatchCache(Options options) : options_(std::move(options)), queue_("watch-cache", *options_.clock) {
  for (const Kind& kind : options_.kinds->all()) {
    states_.try_emplace(&kind);
    by_resource_.emplace(kind.resource(), &kind);
  }
}

void WatchCache::start(std::move_only_function<void(Result<>)> done) {
  started_ = std::move(done);
  (void)queue_.post([this] { list_all(); });
}

void WatchCache::stop() {
  queue_.stop();
  watch_.reset();  // after this no callback of the store's watch runs
  in_flight_.wait_idle();
  std::multimap<int64_t, std::pair<uint64_t, Waiter>> waiters;
  {
    const std::lock_guard lock(wait_mutex_);
    stopped_ = true;
    waiters.swap(waiters_);
  }
  for (auto& [revision, waiter] : waiters) waiter.second.done(false);
}

std::optional<WatchCache::Located> WatchCache::locate(std::string_view key) const {
  if (!key.starts_with(kRegistryPrefix)) return std::nullopt;
  key.remove_prefix(kRegistryPrefix.size());
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto found = by_resource_.find(std::string(key.substr(0, slash)));
  if (found == by_resource_.end()) return std::nullopt;
  const Kind* kind = found->second;
  key.remove_prefix(slash + 1);
  Located out{.kind = kind, .key = {}};
  if (kind->namespaced) {
    const size_t next = key.find('/');
    if (next == std::string_view::npos) return std::nullopt;
    out.key.ns = key.substr(0, next);
    key.remove_prefix(next + 1);
  }
  out.key.name = key;
  return out;
}

// --- feeding ---------------------------------------------------------------------------------------------------------

void WatchCache::list_all() {
  watch_.reset();
  store::RangeRequest request;
  request.key = kRegistryPrefix;
  request.range_end = "/registry0";  // '0' follows '/'
  options_.kv->range(std::move(request), [this, guard = in_flight_.enter()](Result<store::RangeResponse> response) {
    (void)queue_.post([this, response = std::move(response)]() mutable { on_listed(std::move(response)); });
  });
}

void WatchCache::on_listed(Result<store::RangeResponse> response) {
  if (!response) {
    if (started_) {
      auto started = std::move(started_);
      started_ = nullptr;
      started(fail(response.error().wrap("watch cache: list")));
      return;
    }
    options_.log.warn("watch cache: listing failed, trying again", {{"error", response.error()}});
    (void)queue_.post_at(options_.clock->monotonic() + kRelistDelay, [this] { list_all(); });
    return;
  }
  std::vector<CacheEvent> difference;
  std::unordered_map<const Kind*, std::unordered_set<std::string>> seen;
  bool again = false;
  {
    const std::unique_lock lock(mutex_);
    again = synced_;
    for (auto& kv : response->kvs) {
      const auto located = locate(kv.key);
      if (!located) continue;
      KindState& state = state_of(*located->kind);
      if (again) seen[located->kind].insert(located->key.string());
      const auto known = state.objects.find(located->key);
      if (known != state.objects.end() && known->second->revision == kv.mod_revision) continue;
      auto object = api::make_object(*located->kind, kv.mod_revision, kv.value);
      if (!object) {
        options_.log.error("a stored object cannot be read and is left out",
                           {{"key", kv.key}, {"error", object.error()}});
        continue;
      }
      CacheEvent event = put(state, std::move(*object), kv.mod_revision);
      if (again) difference.push_back(std::move(event));
    }
    for (auto& [kind, state] : states_) {
      if (!again) break;
      std::vector<ObjectPtr> gone;
      for (const auto& [key, object] : state.objects) {
        if (!seen[kind].contains(key.string())) gone.push_back(object);
      }
      for (const ObjectPtr& object : gone) {
        index(state, object, false);
        state.objects.erase(object->key);
        difference.push_back({response->revision, Change::kDeleted, object, nullptr});
      }
    }
    ring_.clear();
    ring_bytes_ = 0;
    revision_ = floor_ = response->revision;
    synced_ = true;
  }
  for (auto& [kind, state] : states_) {
    if (!again) break;
    // API watchers end with 410; those that stay (informers) get the difference.
    const auto watchers = state.watchers;
    for (const auto& watcher : watchers) watcher->on_lost();
  }
  dispatch(difference);
  begin_watch(response->revision + 1);
  wake_waiters(response->revision);
  if (started_) {
    auto started = std::move(started_);
    started_ = nullptr;
    started({});
  }
}

void WatchCache::begin_watch(int64_t from) {
  store::WatchRequest request;
  // The whole key space and not only ours: a write of an etcd client moves the store's revision, and a linearizable
  // read must not wait for a progress batch to learn that nothing of ours changed.
  request.key = kEverything;
  request.range_end = kEverything;
  request.start_revision = from;
  request.progress = true;
  watch_ = options_.kv->watch(std::move(request), [this](Result<store::WatchBatch> batch) {
    (void)queue_.post([this, batch = std::move(batch)]() mutable { on_batch(std::move(batch)); });
  });
}

void WatchCache::on_batch(Result<store::WatchBatch> batch) {
  if (!batch) {
    if (batch.error().code == Code::kCancelled) return;
    options_.log.warn("watch cache: the store's watch ended, listing anew", {{"error", batch.error()}});
    list_all();
    return;
  }
  apply(*batch);
}

void WatchCache::apply(const store::WatchBatch& batch) {
  std::vector<CacheEvent> events;
  {
    const std::unique_lock lock(mutex_);
    if (batch.revision <= revision_) return;  // a batch of the watch before a new listing
    for (const auto& event : batch.events) {
      if (auto out = apply_event(event)) {
        remember(*out);
        events.push_back(std::move(*out));
      }
    }
    revision_ = batch.revision;
  }
  wake_waiters(batch.revision);
  dispatch(events);
}

std::optional<CacheEvent> WatchCache::apply_event(const store::Event& event) {
  const auto located = locate(event.kv.key);
  if (!located) return std::nullopt;
  KindState& state = state_of(*located->kind);
  if (event.type == store::Event::Type::kDelete) {
    const auto known = state.objects.find(located->key);
    if (known == state.objects.end()) return std::nullopt;
    ObjectPtr last = known->second;
    index(state, last, false);
    state.objects.erase(known);
    return CacheEvent{event.kv.mod_revision, Change::kDeleted, std::move(last), nullptr};
  }
  auto object = api::make_object(*located->kind, event.kv.mod_revision, event.kv.value);
  if (!object) {
    options_.log.error("a stored object cannot be read and is left out",
                       {{"key", event.kv.key}, {"error", object.error()}});
    return std::nullopt;
  }
  return put(state, std::move(*object), event.kv.mod_revision);
}

CacheEvent WatchCache::put(KindState& state, ObjectPtr object, int64_t revision) {
  ObjectPtr& slot = state.objects[object->key];
  ObjectPtr old = slot;
  if (old) index(state, old, false);
  slot = object;
  index(state, object, true);
  return {revision, old ? Change::kModified : Change::kAdded, std::move(object), std::move(old)};
}

void WatchCache::index(KindState& state, const ObjectPtr& object, bool add) {
  const std::string key = object->key.string();
  const auto update = [&](auto& map, const std::string& value) {
    if (value.empty()) return;
    if (add) {
      map[value].insert(key);
      return;
    }
    const auto it = map.find(value);
    if (it == map.end()) return;
    it->second.erase(key);
    if (it->second.empty()) map.erase(it);
  };
  for (const auto& owner : object->meta.owners) update(state.owner_index, owner.uid);
  if (const auto* pod = std::get_if<api::PodFacts>(&object->facts)) update(state.node_index, pod->node);
  if (add) {
    state.by_string[key] = object;
  } else {
    state.by_string.erase(key);
  }
}

void WatchCache::remember(const CacheEvent& event) {
  ring_.push_back(event);
  ring_bytes_ += bytes_of(event);
  while (ring_bytes_ > options_.history_bytes_max && !ring_.empty()) {
    floor_ = ring_.front().revision;  // events after it are all there
    ring_bytes_ -= bytes_of(ring_.front());
    ring_.pop_front();
  }
}

void WatchCache::dispatch(const std::vector<CacheEvent>& events) {
  for (const CacheEvent& event : events) {
    auto& watchers = state_of(*event.object->kind).watchers;
    const auto copy = watchers;  // a watcher may remove itself
    for (const auto& watcher : copy) watcher->on_event(event);
  }
}

// --- waiting ---------------------------------------------------------------------------------------------------------

void WatchCache::wake_waiters(int64_t revision) {
  std::vector<Waiter> ready;
  {
    const std::lock_guard lock(wait_mutex_);
    reached_ = revision;
    const auto end = waiters_.upper_bound(revision);
    for (auto it = waiters_.begin(); it != end; ++it) ready.push_back(std::move(it->second.second));
    waiters_.erase(waiters_.begin(), end);
  }
  for (Waiter& waiter : ready) {
    queue_.cancel(waiter.timer);
    waiter.done(true);
  }
}

void WatchCache::when_at_least(int64_t revision, base::Nanos wait, std::move_only_function<void(bool)> done) {
  bool reached = false;
  {
    const std::lock_guard lock(wait_mutex_);
    reached = reached_ >= revision && reached_ > 0;
    if (!reached && !stopped_) {
      const uint64_t id = ++next_waiter_;
      const uint64_t timer = queue_.post_at(options_.clock->monotonic() + wait, [this, id, revision] {
        Waiter late;
        {
          const std::lock_guard inner(wait_mutex_);
          auto [begin, end] = waiters_.equal_range(revision);
          for (; begin != end && begin->second.first != id;) ++begin;
          if (begin == end) return;
          late = std::move(begin->second.second);
          waiters_.erase(begin);
        }
        late.done(false);
      });
      waiters_.emplace(revision, std::pair(id, Waiter{std::move(done), timer}));
      return;
    }
  }
  done(reached);
}

void WatchCache::when_current(std::move_only_function<void(Result<int64_t>)> done) {
  {
    const std::lock_guard lock(gate_mutex_);
    gate_next_.push_back(std::move(done));
    if (gate_busy_) return;  // the question after the running one answers this caller
    gate_busy_ = true;
  }
  ask_revision();
}

void WatchCache::ask_revision() {
  std::vector<std::move_only_function<void(Result<int64_t>)>> batch;
  {
    const std::lock_guard lock(gate_mutex_);
    if (gate_next_.empty()) {
      gate_busy_ = false;
      return;
    }
    batch.swap(gate_next_);
  }
  store::RangeRequest request;
  request.key = "/registry";  // never written: the answer is the revision alone
  request.keys_only = true;
  options_.kv->range(std::move(request), [this, guard = in_flight_.enter(),
                                          batch = std::move(batch)](Result<store::RangeResponse> response) mutable {
    if (response) {
      const int64_t revision = response->revision;
      when_at_least(revision, kGateWaitMax, [batch = std::move(batch), revision](bool reached) mutable {
        for (auto& done : batch) {
          if (reached) {
            done(revision);
          } else {
            done(fail(Code::kUnavailable, "the watch cache did not reach the store's revision"));
          }
        }
      });
    } else {
      for (auto& done : batch) done(fail(response.error()));
    }
    ask_revision();
  });
}

// --- reading ---------------------------------------------------------------------------------------------------------

ObjectPtr WatchCache::get(const Kind& kind, const ObjectKey& key) const {
  const std::shared_lock lock(mutex_);
  const auto& objects = state_of(kind).objects;
  const auto it = objects.find(key);
  return it == objects.end() ? nullptr : it->second;
}

Listing WatchCache::list(const Kind& kind, std::string_view ns) const {
  const std::shared_lock lock(mutex_);
  Listing out{.revision = revision_, .objects = {}};
  const auto& objects = state_of(kind).objects;
  auto it = ns.empty() ? objects.begin() : objects.lower_bound(ObjectKey{std::string(ns), ""});
  for (; it != objects.end() && in_namespace(it->first, ns); ++it) out.objects.push_back(it->second);
  return out;
}

std::optional<Listing> WatchCache::list_at(const Kind& kind, std::string_view ns, int64_t revision) const {
  const std::shared_lock lock(mutex_);
  if (revision > revision_ || revision < floor_) return std::nullopt;
  std::map<ObjectKey, ObjectPtr> undone;  // what each changed key was at `revision`; null = absent
  for (auto it = ring_.rbegin(); it != ring_.rend() && it->revision > revision; ++it) {
    if (it->object->kind != &kind || !in_namespace(it->object->key, ns)) continue;
    undone[it->object->key] = it->change == Change::kDeleted ? it->object : it->old;
  }
  const auto& objects = state_of(kind).objects;
  std::map<ObjectKey, ObjectPtr> state;
  for (auto it = ns.empty() ? objects.begin() : objects.lower_bound(ObjectKey{std::string(ns), ""});
       it != objects.end() && in_namespace(it->first, ns); ++it) {
    state.emplace_hint(state.end(), it->first, it->second);
  }
  for (auto& [key, object] : undone) {
    if (object) {
      state[key] = object;
    } else {
      state.erase(key);
    }
  }
  Listing out{.revision = revision, .objects = {}};
  out.objects.reserve(state.size());
  for (auto& [key, object] : state) out.objects.push_back(std::move(object));
  return out;
}

std::vector<ObjectPtr> WatchCache::by_owner(const Kind& kind, std::string_view uid) const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  const KindState& state = state_of(kind);
  if (const auto it = state.owner_index.find(std::string(uid)); it != state.owner_index.end()) {
    for (const auto& key : it->second) out.push_back(state.by_string.at(key));
  }
  std::ranges::sort(out, {}, [](const ObjectPtr& o) -> const ObjectKey& { return o->key; });
  return out;
}

std::vector<ObjectPtr> WatchCache::by_node(const Kind& kind, std::string_view node) const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  const KindState& state = state_of(kind);
  if (const auto it = state.node_index.find(std::string(node)); it != state.node_index.end()) {
    for (const auto& key : it->second) out.push_back(state.by_string.at(key));
  }
  std::ranges::sort(out, {}, [](const ObjectPtr& o) -> const ObjectKey& { return o->key; });
  return out;
}

int64_t WatchCache::revision() const {
  const std::shared_lock lock(mutex_);
  return revision_;
}
int64_t WatchCache::floor() const {
  const std::shared_lock lock(mutex_);
  return floor_;
}
size_t WatchCache::count(const Kind& kind) const {
  const std::shared_lock lock(mutex_);
  return state_of(kind).objects.size();
}

// --- watchers (cache thread) -----------------------------------------------------------------------------------------

bool WatchCache::add_watcher(const Kind& kind, int64_t from, std::shared_ptr<Watcher> watcher) {
  APP_CHECK(queue_.on_thread());
  std::vector<CacheEvent> missed;
  {
    const std::shared_lock lock(mutex_);
    if (from < floor_) return false;
    auto it = ring_.end();
    while (it != ring_.begin() && std::prev(it)->revision > from) --it;
    for (; it != ring_.end(); ++it) {
      if (it->object->kind == &kind) missed.push_back(*it);
    }
  }
  for (const CacheEvent& event : missed) watcher->on_event(event);
  state_of(kind).watchers.push_back(std::move(watcher));
  return true;
}

void WatchCache::remove_watcher(const Kind& kind, const Watcher* watcher) {
  APP_CHECK(queue_.on_thread());
  std::erase_if(state_of(kind).watchers, [&](const auto& w) { return w.get() == watcher; });
}

}  // namespace appliance::orchestrator::apiserver
