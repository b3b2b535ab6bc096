// May this user have this subscription? Judged as kubectl's list and watch of the same selection would be.
#pragma once

#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/live/protocol.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver::live {

// The kind that a selection names. 404 when it is not there, 400 when it does not fit the selection.
api::ApiResult<const Kind*> kind_of(const WatchCache& cache, const Selection& selection);
api::ApiResult<void> may_watch(const WatchCache& cache, const User& user, const Selection& selection);
// Of nodes: to list nodes; of pods: to list pods.
api::ApiResult<void> may_see_usage(const WatchCache& cache, const User& user, const UsageSelection& selection);

}  // namespace appliance::orchestrator::apiserver::live
