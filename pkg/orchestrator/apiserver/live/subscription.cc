#include "orchestrator/apiserver/live/subscription.h"

#include <algorithm>

namespace appliance::orchestrator::apiserver::live {
namespace {

bool has_controller(const api::Object& object, std::string_view uid) {
  return std::ranges::any_of(object.meta.owners,
                             [&](const auto& owner) { return owner.controller && owner.uid == uid; });
}

bool has_problem(const Problem& problem) { return problem.severity > 0; }

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

std::vector<ObjectPtr> candidates(const WatchCache& cache, const Kind& kind, const Selection& selection) {
  if (!selection.name.empty() && (!kind.namespaced || !selection.ns.empty())) {
    ObjectPtr one = cache.get(kind, {selection.ns, selection.name});
    return one ? std::vector{std::move(one)} : std::vector<ObjectPtr>{};
  }
  if (!selection.owner.empty()) return cache.by_owner(kind, selection.owner);
  if (!selection.node.empty()) return cache.by_node(kind, selection.node);
  return cache.list(kind, selection.ns).objects;
}

}  // namespace

bool selects(const Selection& selection, const api::Object& object) {
  if (!selection.ns.empty() && object.key.ns != selection.ns) return false;
  if (!selection.name.empty() && object.key.name != selection.name) return false;
  if (!selection.owner.empty() && !has_controller(object, selection.owner)) return false;
  if (selection.node.empty()) return true;
  const auto* pod = std::get_if<api::PodFacts>(&object.facts);
  return pod != nullptr && pod->node == selection.node;
}

// --- Feed ------------------------------------------------------------------------------------------------------------

Feed::Feed(WatchCache& cache, const Kind& kind, Selection selection, base::Counter& conflated,
           std::function<void()> wake)
    : cache_(cache), kind_(kind), selection_(std::move(selection)), conflated_(conflated), wake_(std::move(wake)) {}

void Feed::start() {
  (void)cache_.queue().post([self = shared_from_this()] {
    if (self->stopped_) return;
    (void)self->cache_.add_watcher(self->kind_, self->cache_.revision(), self);  // the present is in no past
    {
      const std::lock_guard lock(self->mutex_);
      self->started_ = true;
    }
    self->note(nullptr, false);
  });
}

void Feed::stop() {
  (void)cache_.queue().post([self = shared_from_this()] {
    self->stopped_ = true;
    self->cache_.remove_watcher(self->kind_, self.get());
  });
}

Feed::Taken Feed::take() {
  const std::lock_guard lock(mutex_);
  Taken out{.started = started_, .lost = lost_, .keys = {}};
  out.keys.reserve(keys_.size());
  while (!keys_.empty()) out.keys.push_back(std::move(keys_.extract(keys_.begin()).value()));
  lost_ = noted_ = false;
  return out;
}

void Feed::on_event(const CacheEvent& event) {
  const bool before = event.old != nullptr && selects(selection_, *event.old);
  if (before || selects(selection_, *event.object)) note(&event.object->key, false);
}

void Feed::on_lost() {
  // That was the last call: a new watch, from the revision that the cache has now.
  cache_.remove_watcher(kind_, this);
  if (stopped_) return;
  (void)cache_.add_watcher(kind_, cache_.revision(), shared_from_this());
  note(nullptr, true);
}

void Feed::note(const ObjectKey* key, bool lost) {
  {
    const std::lock_guard lock(mutex_);
    if (key != nullptr && !keys_.insert(*key).second) conflated_.add();
    lost_ = lost_ || lost;
    if (std::exchange(noted_, true)) return;
  }
  wake_();
}

// --- Subscription ----------------------------------------------------------------------------------------------------

Subscription::Subscription(int64_t sub, const Kind& kind, Selection selection, std::shared_ptr<Feed> feed)
    : sub_(sub), kind_(kind), selection_(std::move(selection)), feed_(std::move(feed)) {}

std::optional<std::string> Subscription::next_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows) {
  if (todo_at_ == todo_.size() && stage_ != Stage::kListing) {
    Feed::Taken taken = feed_->take();
    if (!taken.started) return std::nullopt;
    if (taken.lost || stage_ == Stage::kWaiting) {
      const bool again = stage_ != Stage::kWaiting;
      list(cache);
      if (again) return reset_frame(sub_);
    } else {
      todo_ = std::move(taken.keys);
      todo_at_ = 0;
    }
  }
  if (stage_ == Stage::kListing) return first_frame(cache, now_seconds, rows);
  if (!swept_.empty()) sweep_some(cache, now_seconds);
  if (todo_at_ < todo_.size()) return change_frame(cache, now_seconds, rows);
  if (!swept_.empty()) return std::string();
  return std::nullopt;
}

void Subscription::list(const WatchCache& cache) {
  stage_ = Stage::kListing;
  shown_.clear();
  swept_.clear();
  problems_ = 0;
  todo_.clear();
  todo_at_ = 0;
  for (const ObjectPtr& object : candidates(cache, kind_, selection_)) {
    if (!selects(selection_, *object) || (selection_.only_problems && !may_have_problem(*object))) continue;
    todo_.push_back(object->key);
  }
}

std::string Subscription::first_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows) {
  RowMaker maker(now_seconds);
  std::string out;
  size_t looked = 0;
  for (; todo_at_ < todo_.size() && looked < kRowsPerFrameMax && out.size() < kRowBytesPerFrame; ++todo_at_, ++looked) {
    const ObjectKey& key = todo_[todo_at_];
    const ObjectPtr object = cache.get(kind_, key);
    if (!object) continue;
    const Row row = row_of(maker, *object);
    if (row.text.empty()) continue;
    append(out, row.text);
    show(key, *object, row.problem);
    rows.add();
  }
  if (!out.empty()) return rows_frame(sub_, out);
  if (todo_at_ < todo_.size()) return {};
  stage_ = Stage::kLive;
  return synced_frame(sub_, counts(cache));
}

std::string Subscription::change_frame(const WatchCache& cache, int64_t now_seconds, base::Counter& rows) {
  RowMaker maker(now_seconds);
  std::string up;
  std::string del;
  size_t looked = 0;
  for (; todo_at_ < todo_.size() && looked < kRowsPerFrameMax && up.size() < kRowBytesPerFrame; ++todo_at_, ++looked) {
    const ObjectKey& key = todo_[todo_at_];
    const ObjectPtr object = cache.get(kind_, key);
    const Row row = object ? row_of(maker, *object) : Row{};
    const auto shown = shown_.find(key);
    if (shown != shown_.end() && (row.text.empty() || shown->second.uid != object->meta.uid)) hide(key, del);
    if (row.text.empty()) continue;
    append(up, row.text);
    show(key, *object, row.problem);
    rows.add();
  }
  if (up.empty() && del.empty()) return {};
  return live::change_frame(sub_, up, del, counts(cache));
}

Row Subscription::row_of(RowMaker& maker, const api::Object& object) const {
  if (!selects(selection_, object)) return {};
  if (!selection_.about.empty() && about_uid(object) != selection_.about) return {};
  if (!selection_.only_problems) return maker.make(object);
  if (!may_have_problem(object)) return {};
  return maker.make_if(object, has_problem);
}

void Subscription::show(const ObjectKey& key, const api::Object& object, const Problem& problem) {
  Shown& shown = shown_[key];
  if (shown.severity > 0) --problems_;
  shown = {.uid = object.meta.uid, .severity = problem.severity, .why = std::hash<std::string>()(problem.why)};
  if (shown.severity > 0) ++problems_;
}

void Subscription::hide(const ObjectKey& key, std::string& del) {
  const auto shown = shown_.find(key);
  append(del, json::serialize(json::Value(json::String(shown->second.uid))));
  if (shown->second.severity > 0) --problems_;
  shown_.erase(shown);
}

void Subscription::sweep(const WatchCache& cache) {
  if (stage_ != Stage::kLive || !problem_depends_on_time(kind_)) return;
  swept_.clear();
  for (const ObjectPtr& object : candidates(cache, kind_, selection_))
    if (selects(selection_, *object) && may_have_problem(*object)) swept_.push_back(object->key);
}

void Subscription::sweep_some(const WatchCache& cache, int64_t now_seconds) {
  RowMaker maker(now_seconds);
  for (size_t looked = 0; !swept_.empty() && looked < kRowsPerFrameMax; ++looked) {
    const ObjectKey key = std::move(swept_.back());
    swept_.pop_back();
    const ObjectPtr object = cache.get(kind_, key);
    if (!object) continue;
    const Problem now = maker.problem(*object);
    const auto shown = shown_.find(key);
    const bool same = shown == shown_.end() ? now.severity == 0
                                            : shown->second.severity == now.severity &&
                                                  shown->second.why == std::hash<std::string>()(now.why);
    if (!same) todo_.push_back(key);
  }
}

}  // namespace appliance::orchestrator::apiserver::live
