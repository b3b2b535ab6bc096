// Facts out of documents: what schedulers and indexes plan on, computed once when an object enters the cache. Pure.
#pragma once

#include "base/json/json.h"
#include "orchestrator/api/object.h"

namespace appliance::orchestrator::api {

PodFacts pod_facts(const json::Value& pod);
NodeFacts node_facts(const json::Value& node);

// Resources that a pod asks for: the larger of its containers' sum and of each init container on its way (sidecars,
// init containers with restartPolicy Always, stay and count into both), plus overhead.
struct PodRequests {
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
};
PodRequests pod_requests(const json::Value& pod);

// Where other machines reach the node; "" when it does not say.
std::string_view internal_ip(const json::Value& node);

}  // namespace appliance::orchestrator::api
