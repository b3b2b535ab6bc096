// Node lifecycle: a node whose Lease is not renewed becomes NotReady (Unknown) and tainted; its pods are evicted when
// their toleration of the taint ends; pods of nodes that no longer exist are removed. Semantics: KEP-589, taint-based
// eviction.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

struct NodeLifecycleOptions {
  std::chrono::seconds monitor_grace_period{40};
  std::chrono::seconds default_unreachable_toleration{300};
};

// The taints that the node should carry, given what it carries: ours are recomputed, foreign ones stay. Pure.
json::Array plan_taints(const json::Value& node, bool lease_fresh, const std::string& now);

// Seconds until `pod` must leave a node with these NoExecute taints: nullopt = it tolerates them for ever, 0 = now.
// Pure.
std::optional<int64_t> eviction_delay_seconds(const json::Value& pod, const json::Array& taints, int64_t now_seconds);

std::unique_ptr<Reconciler> make_node_lifecycle_controller(NodeLifecycleOptions options);

}  // namespace appliance::orchestrator::controllers
