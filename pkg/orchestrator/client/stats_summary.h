// The document that kubelets answer on GET /stats/summary, to and from NodeUsage. Pure.
//
//   {"node":{"nodeName","cpu":{"time","usageCoreNanoSeconds"},"memory":{"time","workingSetBytes","availableBytes"},
//            "fs":{"time","usedBytes","availableBytes","capacityBytes"}},
//    "pods":[{"podRef":{"name","namespace","uid"},"cpu":{"time","usageCoreNanoSeconds"},"memory":{"time","workingSetBytes"}}]}
// Fields of a kubelet that NodeUsage has nothing for are left out; the number of cores is in the Node object.
#pragma once

#include "base/json/json.h"
#include "orchestrator/client/node_stats.h"

namespace appliance::orchestrator::client {

json::Value stats_summary(const NodeUsage& usage, std::string_view node);
// kDataLoss: it is no such document. Pods without a uid are left out; `cores` stays 0.
Result<NodeUsage> parse_stats_summary(const json::Value& summary);

}  // namespace appliance::orchestrator::client
