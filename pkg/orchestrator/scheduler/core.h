// The scheduler's core: which node takes a pod, and if none does, why. Pure: nodes and pods in, a decision out.
//
//   Decision d = schedule(pod, nodes);
//   if (d.node.empty()) set_condition(d.message);   // "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had ..."
//
// Filters in the order of Kubernetes' plugins: NodeUnschedulable, NodeName, TaintToleration, NodeAffinity (nodeSelector
// and required terms), NodePorts, NodeResourcesFit. Score, as Kubernetes weighs it: the pods of one controller apart
// (PodTopologySpread, 2) and the least requested node (LeastAllocated, 1; who asks for nothing counts with 100m and
// 200 MiB), then the name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/object.h"

namespace appliance::orchestrator::scheduler {

struct Request {  // what a pod asks for, read from its spec
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
  std::vector<std::pair<std::string, int>> host_ports;
  std::string controller;  // uid of the owner that makes pods like this one; "" = none
};

struct NodeState {
  std::string name;
  json::Value document;
  int64_t cpu_millis_free = 0;
  int64_t memory_bytes_free = 0;
  int64_t pods_free = 0;
  int64_t cpu_millis_total = 0;
  int64_t memory_bytes_total = 0;
  std::vector<std::pair<std::string, int>> host_ports_used;
  int64_t cpu_millis_scored = 0;  // what is asked for, with the defaults for those who ask for nothing
  int64_t memory_bytes_scored = 0;
  std::map<std::string, int> by_controller;  // pods that are here
};

struct Decision {
  std::string node;     // "" = none
  std::string message;  // when none
};

Request request_of(const api::Object& pod);
// Allocatable of the node less what `pods` on it ask for.
NodeState node_state(const json::Value& node, const std::vector<api::ObjectPtr>& pods);
void assume(NodeState& node, const Request& request);
Decision schedule(const json::Value& pod, const Request& request, const std::vector<NodeState>& nodes);

}  // namespace appliance::orchestrator::scheduler
