#include "orchestrator/controllers/garbage.h"

#include <algorithm>

namespace appliance::orchestrator::controllers {
namespace {

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

ObjectKey garbage_key(const std::string& resource, const ObjectKey& key) { return {resource, key.ns + '/' + key.name}; }

bool has_finalizer(const api::Object& object, std::string_view finalizer) {
  return std::find(object.meta.finalizers.begin(), object.meta.finalizers.end(), finalizer) !=
         object.meta.finalizers.end();
}

class Garbage final : public Reconciler {
 public:
  explicit Garbage(std::shared_ptr<const api::KindTable> kinds) : kinds_(std::move(kinds)) {
    for (const auto& kind : kinds_->all())
      if (kind.stored) resources_.push_back(kind.resource());
  }
  std::string_view name() const override { return "garbage"; }
  std::vector<Watch> watches() const override {
    std::vector<Watch> out;
    for (const auto& resource : resources_)
      out.push_back({resource, [this, &resource](const Notice& notice, client::InformerSource& informers) {
                       return keys_of(resource, notice, informers);
                     }});
    return out;
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const size_t slash = key.name.find('/');
    const ObjectKey object_key{key.name.substr(0, slash), key.name.substr(slash + 1)};
    const auto object = context.informer(key.ns).get(object_key);
    if (!object) return Outcome{};
    if (object->meta.deletion_seconds) return finish_owner(key.ns, *object, context);
    if (object->meta.owners.empty()) return Outcome{};
    for (const auto& owner : object->meta.owners)
      if (exists(owner, object_key.ns, context)) return Outcome{};
    auto removed = context.remove(
        key.ns, object_key,
        {.grace_seconds = {}, .uid = object->meta.uid, .resource_version = {}, .propagation = "Background"});
    if (!removed && removed.error().code != Code::kNotFound)
      return fail(removed.error().wrap("collect " + key.ns + ' ' + object_key.string()));
    return Outcome{};
  }

 private:
  std::vector<ObjectKey> keys_of(const std::string& resource, const Notice& notice,
                                 client::InformerSource& informers) const {
    std::vector<ObjectKey> keys;
    if (notice.change == client::Change::kDeleted) {
      for (const auto& other : resources_)
        for (const auto& dependent : informers.informer(other).by_owner(notice.object->meta.uid))
          keys.push_back(garbage_key(other, dependent->key));
      for (const auto& owner : notice.object->meta.owners)  // an owner may wait for this one in the foreground
        if (const auto* kind = kinds_->find_kind(owner.api_version, owner.kind); kind != nullptr)
          keys.push_back(garbage_key(kind->resource(), {kind->namespaced ? notice.object->key.ns : "", owner.name}));
      return keys;
    }
    const bool waits = notice.object->meta.deletion_seconds &&
                       (has_finalizer(*notice.object, kForeground) || has_finalizer(*notice.object, kOrphan));
    if (!notice.object->meta.owners.empty() || waits) keys.push_back(garbage_key(resource, notice.object->key));
    return keys;
  }

  bool exists(const api::OwnerReference& owner, const std::string& ns, Context& context) const {
    const auto* kind = kinds_->find_kind(owner.api_version, owner.kind);
    if (kind == nullptr || !kind->stored) return true;
    const auto object = context.informer(kind->resource()).get({kind->namespaced ? ns : "", owner.name});
    return object && object->meta.uid == owner.uid;
  }

  Result<Outcome> finish_owner(const std::string& resource, const api::Object& owner, Context& context) const {
    const bool foreground = has_finalizer(owner, kForeground);
    const bool orphan = has_finalizer(owner, kOrphan);
    if (!foreground && !orphan) return Outcome{};
    bool blocked = false;
    for (const auto& other : resources_) {
      for (const auto& dependent : context.informer(other).by_owner(owner.meta.uid)) {
        if (orphan) {
          TRY(strip(other, *dependent, owner.meta.uid, context));
          continue;
        }
        blocked = true;
        if (dependent->meta.deletion_seconds) continue;
        auto removed = context.remove(
            other, dependent->key,
            {.grace_seconds = {}, .uid = dependent->meta.uid, .resource_version = {}, .propagation = "Foreground"});
        if (!removed && removed.error().code != Code::kNotFound)
          return fail(removed.error().wrap("collect " + other + ' ' + dependent->key.string()));
      }
    }
    if (blocked) return Outcome{.requeue_after = std::chrono::seconds(5)};
    json::Array kept;
    for (const auto& f : owner.meta.finalizers)
      if (f != kForeground && f != kOrphan) kept.emplace_back(f);
    auto patched = context.patch(
        resource, owner.key,
        json::Object{{"metadata", json::Object{{"finalizers", std::move(kept)}, {"uid", owner.meta.uid}}}});
    if (!patched && patched.error().code != Code::kNotFound)
      return fail(patched.error().wrap("finish " + resource + ' ' + owner.key.string()));
    return Outcome{};
  }

  static Result<> strip(const std::string& resource, const api::Object& dependent, const std::string& owner_uid,
                        Context& context) {
    json::Array kept;
    const auto document = dependent.document();
    for (const auto& reference : json::array_at(document, {"metadata", "ownerReferences"}))
      if (json::string_at(reference, {"uid"}) != owner_uid) kept.push_back(reference);
    auto patched = context.patch(
        resource, dependent.key,
        json::Object{{"metadata", json::Object{{"ownerReferences", std::move(kept)}, {"uid", dependent.meta.uid}}}});
    if (!patched && patched.error().code != Code::kNotFound)
      return fail(patched.error().wrap("orphan " + resource + ' ' + dependent.key.string()));
    return {};
  }

  std::shared_ptr<const api::KindTable> kinds_;
  std::vector<std::string> resources_;
};

class EventExpiry final : public Reconciler {
 public:
  std::string_view name() const override { return "event-expiry"; }
  std::vector<Watch> watches() const override { return {{"events", self_key}}; }
  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto event = context.informer("events").get(key);
    if (!event) return Outcome{};
    int64_t last = event->meta.creation_seconds;
    const auto document = event->document();
    if (const auto stamp = base::parse_rfc3339(json::string_at(document, {"lastTimestamp"})))
      last =
          std::max<int64_t>(last, std::chrono::duration_cast<std::chrono::seconds>(stamp->time_since_epoch()).count());
    const int64_t left = last + kEventTtl.count() - context.now_seconds();
    if (left > 0) return Outcome{.requeue_after = std::chrono::seconds(left)};
    if (auto removed = context.remove("events", key); !removed && removed.error().code != Code::kNotFound)
      return fail(removed.error());
    return Outcome{};
  }
};

}  // namespace

std::unique_ptr<Reconciler> make_garbage_collector(std::shared_ptr<const api::KindTable> kinds) {
  return std::make_unique<Garbage>(std::move(kinds));
}
std::unique_ptr<Reconciler> make_event_expiry() { return std::make_unique<EventExpiry>(); }

}  // namespace appliance::orchestrator::controllers
