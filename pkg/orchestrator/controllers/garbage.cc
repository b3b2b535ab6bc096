#include "orchestrator/controllers/garbage.h"

#include <algorithm>

namespace appliance::orchestrator::controllers {
namespace {

constexpr std::chrono::seconds kLookAgain{5};  // at an owner that waits, should a notice be lost

ObjectKey garbage_key(const std::string& resource, const ObjectKey& key) { return {resource, key.ns + '/' + key.name}; }

// A member of metadata, with what the decision was made on as precondition.
json::Value metadata_patch(const api::Object& object, std::string_view member, json::Array kept) {
  return json::Object{{"metadata", json::Object{{member, std::move(kept)},
                                                {"uid", object.meta.uid},
                                                {"resourceVersion", std::to_string(object.revision)}}}};
}

bool drops(const CollectionWrite& write, std::string_view name) {
  return std::ranges::find(write.drop, name) != write.drop.end();
}

json::Value patch_of(const CollectionWrite& write) {
  json::Array kept;
  if (write.verb == CollectionWrite::Verb::kDropFinalizers) {
    for (const auto& finalizer : write.object->meta.finalizers)
      if (!drops(write, finalizer)) kept.emplace_back(finalizer);
    return metadata_patch(*write.object, "finalizers", std::move(kept));
  }
  const auto document = write.object->document();
  for (const auto& reference : json::array_at(document, {"metadata", "ownerReferences"}))
    if (!drops(write, json::string_at(reference, {"uid"}))) kept.push_back(reference);
  return metadata_patch(*write.object, "ownerReferences", std::move(kept));
}

Result<> apply(const CollectionWrite& write, Context& context) {
  const auto resource = write.object->kind->resource();
  Result<> done;
  if (write.verb == CollectionWrite::Verb::kDelete) {
    done = context.remove(
        resource, write.object->key,
        {.grace_seconds = {}, .uid = write.object->meta.uid, .resource_version = {}, .propagation = write.propagation});
  } else if (auto patched = context.patch(resource, write.object->key, patch_of(write)); !patched) {
    done = fail(std::move(patched).error());
  }
  if (!done && done.error().code != Code::kNotFound)
    return fail(done.error().wrap("collect " + resource + ' ' + write.object->key.string()));
  return {};
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
    const auto object = context.informer(key.ns).get({key.name.substr(0, slash), key.name.substr(slash + 1)});
    if (!object) return Outcome{};
    std::vector<OwnerState> owners;
    for (const auto& owner : object->meta.owners) owners.push_back(state_of(owner, object->key.ns, context));
    std::vector<ObjectPtr> dependents;
    if (collection_needs_dependents(*object, owners))
      each_dependent(object->meta.uid, context, [&](const ObjectPtr& d) { dependents.push_back(d); });
    const auto plan = plan_collection(object, owners, dependents);
    for (const auto& write : plan.writes) TRY(apply(write, context));
    if (plan.waits) return Outcome{.requeue_after = kLookAgain};
    return Outcome{};
  }

 private:
  std::vector<ObjectKey> keys_of(const std::string& resource, const Notice& notice,
                                 client::InformerSource& informers) const {
    std::vector<ObjectKey> keys;
    const auto& object = *notice.object;
    const bool gone = notice.change == client::Change::kDeleted;
    if (gone || waits_for_dependents(object))
      each_dependent(object.meta.uid, informers,
                     [&](const ObjectPtr& d) { keys.push_back(garbage_key(d->kind->resource(), d->key)); });
    if (!gone && (!object.meta.owners.empty() || waits_for_dependents(object)))
      keys.push_back(garbage_key(resource, object.key));
    // An owner may wait in the foreground for this one to go, or to let go of it.
    const auto& had = gone ? notice.object : notice.old;
    if (had)
      for (const auto& owner : had->meta.owners)
        if (gone || !owned_by(object, owner.uid)) add_owner(keys, owner, object.key.ns);
    return keys;
  }

  static bool owned_by(const api::Object& object, std::string_view uid) {
    return std::ranges::any_of(object.meta.owners, [&](const auto& owner) { return owner.uid == uid; });
  }

  void add_owner(std::vector<ObjectKey>& keys, const api::OwnerReference& owner, const std::string& ns) const {
    const auto* kind = kinds_->find_kind(owner.api_version, owner.kind);
    if (kind != nullptr && kind->stored)
      keys.push_back(garbage_key(kind->resource(), {kind->namespaced ? ns : "", owner.name}));
  }

  // Of a Context or an InformerSource.
  void each_dependent(std::string_view uid, auto& source, const auto& visit) const {
    for (const auto& resource : resources_)
      for (const auto& dependent : source.informer(resource).by_owner(uid)) visit(dependent);
  }

  OwnerState state_of(const api::OwnerReference& owner, const std::string& ns, Context& context) const {
    const auto* kind = kinds_->find_kind(owner.api_version, owner.kind);
    if (kind == nullptr || !kind->stored || (kind->namespaced && ns.empty())) return OwnerState::kPresent;
    const auto object = context.informer(kind->resource()).get({kind->namespaced ? ns : "", owner.name});
    if (!object || object->meta.uid != owner.uid) return OwnerState::kAbsent;
    return deleted_in_foreground(*object) ? OwnerState::kWaiting : OwnerState::kPresent;
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
    const auto left = plan_event_expiry(*event, context.now_seconds());
    if (left > std::chrono::seconds(0)) return Outcome{.requeue_after = left};
    auto removed = context.remove("events", key,
                                  {.grace_seconds = {},
                                   .uid = event->meta.uid,
                                   .resource_version = std::to_string(event->revision),  // it may have come again
                                   .propagation = {}});
    if (!removed && removed.error().code != Code::kNotFound)
      return fail(removed.error().wrap("expire event " + key.string()));
    return Outcome{};
  }
};

}  // namespace

std::unique_ptr<Reconciler> make_garbage_collector(std::shared_ptr<const api::KindTable> kinds) {
  return std::make_unique<Garbage>(std::move(kinds));
}
std::unique_ptr<Reconciler> make_event_expiry() { return std::make_unique<EventExpiry>(); }

}  // namespace appliance::orchestrator::controllers
