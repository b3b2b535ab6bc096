// What log, exec and attach share: which container of which pod on which node.
#pragma once

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

struct PodContainer {
  std::string container;
  std::string node;  // "" = not scheduled yet
};
// The container of the query, or the only one. Errors with the real server's texts (404, 400).
api::ApiResult<PodContainer> pod_container(const Core& core, const Call& call, const std::string& wanted);
api::ApiError no_node_streams();

}  // namespace appliance::orchestrator::apiserver
