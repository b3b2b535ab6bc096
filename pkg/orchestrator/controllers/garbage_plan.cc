#include <algorithm>

#include "orchestrator/controllers/garbage.h"

namespace appliance::orchestrator::controllers {
namespace {

using Verb = CollectionWrite::Verb;

constexpr const char* kForeground = "foregroundDeletion";
constexpr const char* kOrphan = "orphan";

bool has_finalizer(const api::Object& object, std::string_view finalizer) {
  return std::ranges::find(object.meta.finalizers, finalizer) != object.meta.finalizers.end();
}

bool blocks(const api::Object& dependent, const api::Object& owner) {
  return dependent.meta.uid != owner.meta.uid &&
         std::ranges::any_of(dependent.meta.owners, [&](const api::OwnerReference& reference) {
           return reference.uid == owner.meta.uid && reference.block_owner_deletion;
         });
}

CollectionPlan plan_owner(const ObjectPtr& owner, std::span<const ObjectPtr> dependents) {
  CollectionPlan plan;
  if (has_finalizer(*owner, kOrphan)) {
    for (const auto& dependent : dependents)
      plan.writes.push_back({.verb = Verb::kDropOwners, .object = dependent, .drop = {owner->meta.uid}});
    plan.writes.push_back({.verb = Verb::kDropFinalizers, .object = owner, .drop = {kOrphan, kForeground}});
    return plan;
  }
  plan.waits = std::ranges::any_of(dependents, [&](const ObjectPtr& d) { return blocks(*d, *owner); });
  if (!plan.waits) plan.writes.push_back({.verb = Verb::kDropFinalizers, .object = owner, .drop = {kForeground}});
  return plan;
}

// An owner that waits passes its way on to what has dependents of its own. Not so in a circle: a dependent that waits
// itself would wait for this one for ever.
std::string propagation_of(const api::Object& object, bool owner_waits, std::span<const ObjectPtr> dependents) {
  const bool circle = std::ranges::any_of(dependents, [](const ObjectPtr& d) { return deleted_in_foreground(*d); });
  if (owner_waits && !dependents.empty() && !circle) return "Foreground";
  if (has_finalizer(object, kOrphan)) return "Orphan";
  return has_finalizer(object, kForeground) && !circle ? "Foreground" : "Background";
}

}  // namespace

bool deleted_in_foreground(const api::Object& owner) {
  return owner.meta.deletion_seconds && has_finalizer(owner, kForeground) && !has_finalizer(owner, kOrphan);
}

bool waits_for_dependents(const api::Object& owner) {
  return owner.meta.deletion_seconds && (has_finalizer(owner, kForeground) || has_finalizer(owner, kOrphan));
}

bool collection_needs_dependents(const api::Object& object, std::span<const OwnerState> owners) {
  return waits_for_dependents(object) || std::ranges::find(owners, OwnerState::kWaiting) != owners.end();
}

CollectionPlan plan_collection(const ObjectPtr& object, std::span<const OwnerState> owners,
                               std::span<const ObjectPtr> dependents) {
  if (waits_for_dependents(*object)) return plan_owner(object, dependents);
  if (object->meta.deletion_seconds || owners.empty()) return {};
  std::vector<std::string> lost;
  for (size_t i = 0; i < owners.size(); ++i)
    if (owners[i] != OwnerState::kPresent) lost.push_back(object->meta.owners[i].uid);
  if (lost.empty()) return {};
  if (lost.size() < owners.size())
    return {.writes = {{.verb = Verb::kDropOwners, .object = object, .drop = std::move(lost)}}};
  const bool owner_waits = std::ranges::find(owners, OwnerState::kWaiting) != owners.end();
  return {
      .writes = {
          {.verb = Verb::kDelete, .object = object, .propagation = propagation_of(*object, owner_waits, dependents)}}};
}

std::chrono::seconds plan_event_expiry(const api::Object& event, int64_t now_seconds) {
  const auto document = event.document();
  int64_t last = event.meta.creation_seconds;
  for (const auto text :
       {json::string_at(document, {"lastTimestamp"}), json::string_at(document, {"series", "lastObservedTime"})}) {
    const auto stamp = base::parse_rfc3339(text);
    if (!stamp) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stamp->time_since_epoch()).count();
    if (seconds <= now_seconds + kEventClockSkew.count()) last = std::max<int64_t>(last, seconds);
  }
  return std::min(std::chrono::seconds(last - now_seconds) + kEventTtl, kEventTtl);
}

}  // namespace appliance::orchestrator::controllers
