// Collection by owner references, and expiry of events.
//
// An object all of whose owners are gone is deleted. An owner deleted in the foreground keeps the finalizer
// `foregroundDeletion` until its blocking dependents are gone; with the finalizer `orphan` its dependents lose the
// reference first. Owners of kinds that this server does not have are taken to exist.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

// Keys of this reconciler are {resource, "NS/NAME"}: one queue for objects of every kind.
std::unique_ptr<Reconciler> make_garbage_collector(std::shared_ptr<const api::KindTable> kinds);

inline constexpr std::chrono::seconds kEventTtl{3600};  // as kube-apiserver's --event-ttl
std::unique_ptr<Reconciler> make_event_expiry();

}  // namespace appliance::orchestrator::controllers
