// The scheduler: binds pending pods to nodes. A Reconciler whose keys are pods; decisions are core.h's, made under one
// lock, with bindings that the watch cache has not shown yet taken as done ("assumed").
#pragma once

#include <memory>

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::scheduler {

std::unique_ptr<controllers::Reconciler> make_scheduler();

}  // namespace appliance::orchestrator::scheduler
