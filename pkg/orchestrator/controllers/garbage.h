// Collection by owner references, and expiry of events.
//
// An object all of whose owners are gone is deleted; one that has another owner left loses the references that point
// nowhere. An owner deleted in the foreground keeps the finalizer `foregroundDeletion` until no dependent that says
// blockOwnerDeletion is left; with the finalizer `orphan` its dependents lose the reference first. An owner is the same
// one only by its uid. Owners that can't be looked up (a kind that this server does not have, an owner with a namespace
// of a dependent without one) are taken to exist: nothing is deleted on a guess.
//
// What is to be written is decided by plan_collection() and plan_event_expiry(), which are pure (garbage_plan.cc).
#pragma once

#include <span>

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

enum class OwnerState : unsigned char {
  kPresent,  // lives, is deleted in the background, or can't be looked up
  kWaiting,  // is deleted in the foreground: waits for its dependents
  kAbsent,   // no object of that name, or one with another uid
};

struct CollectionWrite {
  enum class Verb : unsigned char { kDelete, kDropOwners, kDropFinalizers };
  Verb verb = Verb::kDelete;
  ObjectPtr object;
  std::vector<std::string> drop{};  // uids of owners, or names of finalizers
  std::string propagation{};        // of kDelete
};
struct CollectionPlan {
  std::vector<CollectionWrite> writes;  // in this order; the first that fails ends the round
  bool waits = false;                   // for dependents: look again in a while even if nothing is heard
};
// What to do about `object`. `owners` are the states of object->meta.owners in their order. `dependents` are the
// objects that name it as an owner; they are needed only when collection_needs_dependents().
CollectionPlan plan_collection(const ObjectPtr& object, std::span<const OwnerState> owners,
                               std::span<const ObjectPtr> dependents);
[[nodiscard]] bool collection_needs_dependents(const api::Object& object, std::span<const OwnerState> owners);
[[nodiscard]] bool waits_for_dependents(const api::Object& owner);   // deleted, with one of the two finalizers
[[nodiscard]] bool deleted_in_foreground(const api::Object& owner);  // the dependents go first: kWaiting

// Keys of this reconciler are {resource, "NS/NAME"}: one queue for objects of every kind.
std::unique_ptr<Reconciler> make_garbage_collector(std::shared_ptr<const api::KindTable> kinds);

inline constexpr std::chrono::seconds kEventTtl{3600};       // as kube-apiserver's --event-ttl
inline constexpr std::chrono::seconds kEventClockSkew{300};  // stamps further ahead than this are not believed

// How long an event has still to live; zero or less: it is due. It lives kEventTtl from its last occurrence
// (lastTimestamp or series.lastObservedTime, creation otherwise), and never longer than that from now.
std::chrono::seconds plan_event_expiry(const api::Object& event, int64_t now_seconds);
std::unique_ptr<Reconciler> make_event_expiry();

}  // namespace appliance::orchestrator::controllers
