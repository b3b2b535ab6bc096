#include "orchestrator/client/remote_view.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "base/strings.h"

namespace appliance::orchestrator::client {
namespace {

class ViewSubscription final : public Subscription {
 public:
  ViewSubscription(RemoteView& view, std::shared_ptr<NoticeHandler> handler)
      : view_(view), handler_(std::move(handler)) {}
  ~ViewSubscription() override {
    view_.unsubscribe(handler_.get());
    handler_->close();
  }

 private:
  RemoteView& view_;
  std::shared_ptr<NoticeHandler> handler_;
};

}  // namespace

Result<ObjectPtr> object_of(const api::Kind& kind, const json::Value& document) {
  const std::string_view text = json::string_at(document, {"metadata", "resourceVersion"});
  const auto revision = base::parse_int<int64_t>(text);
  if (!revision) return fail(Code::kDataLoss, kind.kind + " with resourceVersion \"" + std::string(text) + '"');
  return api::make_object(kind, *revision, std::make_shared<const std::string>(api::stored_bytes(document)));
}

ObjectPtr RemoteView::get(const ObjectKey& key) const {
  const std::shared_lock lock(mutex_);
  const auto at = objects_.find(key);
  return at == objects_.end() ? nullptr : at->second;
}

std::vector<ObjectPtr> RemoteView::list(std::string_view ns) const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  auto at = ns.empty() ? objects_.begin() : objects_.lower_bound(ObjectKey{std::string(ns), ""});
  for (; at != objects_.end() && (ns.empty() || at->first.ns == ns); ++at) out.push_back(at->second);
  return out;
}

// No index: a node holds few objects of what is asked for by owner or node.
std::vector<ObjectPtr> RemoteView::by_owner(std::string_view owner_uid) const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  for (const auto& [key, object] : objects_)
    if (std::ranges::any_of(object->meta.owners, [&](const auto& owner) { return owner.uid == owner_uid; }))
      out.push_back(object);
  return out;
}

std::vector<ObjectPtr> RemoteView::by_node(std::string_view node) const {
  const std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  for (const auto& [key, object] : objects_)
    if (const auto* pod = std::get_if<api::PodFacts>(&object->facts); pod != nullptr && pod->node == node)
      out.push_back(object);
  return out;
}

int64_t RemoteView::revision() const {
  const std::shared_lock lock(mutex_);
  return revision_;
}

// The listing is queued under the lock: what changes afterwards comes behind it, and to this handler too.
std::unique_ptr<Subscription> RemoteView::subscribe(std::function<void(const Notice&)> handler) {
  auto made = std::make_shared<NoticeHandler>(std::move(handler));
  const auto alone = std::make_shared<const NoticeHandlers>(NoticeHandlers{made});
  const std::lock_guard lock(mutex_);
  for (const auto& [key, object] : objects_) notices_.push(alone, {Change::kAdded, object, nullptr});
  auto all = std::make_shared<NoticeHandlers>(*handlers_);
  all->push_back(made);
  handlers_ = std::move(all);
  return std::make_unique<ViewSubscription>(*this, std::move(made));
}

void RemoteView::unsubscribe(const NoticeHandler* handler) {
  const std::lock_guard lock(mutex_);
  auto rest = std::make_shared<NoticeHandlers>(*handlers_);
  std::erase_if(*rest, [&](const auto& one) { return one.get() == handler; });
  handlers_ = std::move(rest);
}

void RemoteView::put(ObjectPtr object) {
  ObjectPtr& slot = objects_[object->key];
  ObjectPtr old = std::move(slot);
  slot = object;
  notices_.push(handlers_, {old ? Change::kModified : Change::kAdded, std::move(object), std::move(old)});
}

void RemoteView::erase(const ObjectKey& key) {
  const auto at = objects_.find(key);
  if (at == objects_.end()) return;
  notices_.push(handlers_, {Change::kDeleted, std::move(at->second), nullptr});
  objects_.erase(at);
}

void RemoteView::replace(std::vector<ObjectPtr> objects, int64_t revision) {
  notices_.wait_room();
  const std::lock_guard lock(mutex_);
  std::set<ObjectKey> listed;
  for (const ObjectPtr& object : objects) listed.insert(object->key);
  std::vector<ObjectKey> gone;
  for (const auto& [key, object] : objects_)
    if (!listed.contains(key)) gone.push_back(key);
  for (const ObjectKey& key : gone) erase(key);
  for (ObjectPtr& object : objects) {
    const auto known = objects_.find(object->key);
    const bool same = known != objects_.end() && known->second->revision == object->revision &&
                      known->second->meta.uid == object->meta.uid;
    if (!same) put(std::move(object));
  }
  revision_ = revision;
}

void RemoteView::apply(Change change, ObjectPtr object) {
  notices_.wait_room();
  const std::lock_guard lock(mutex_);
  revision_ = std::max(revision_, object->revision);
  if (change == Change::kDeleted) return erase(object->key);
  put(std::move(object));
}

void RemoteView::advance(int64_t revision) {
  const std::lock_guard lock(mutex_);
  revision_ = std::max(revision_, revision);
}

}  // namespace appliance::orchestrator::client
