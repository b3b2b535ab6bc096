#include "orchestrator/scheduler/core.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::scheduler {
namespace {

bool tolerated(const json::Value& pod, const json::Value& taint) {
  for (const auto& t : json::array_at(pod, {"spec", "tolerations"})) {
    const auto effect = json::string_at(t, {"effect"});
    if (!effect.empty() && effect != json::string_at(taint, {"effect"})) continue;
    const auto key = json::string_at(t, {"key"});
    const bool exists = json::string_at(t, {"operator"}) == "Exists";
    if (key.empty() ? exists
                    : key == json::string_at(taint, {"key"}) &&
                          (exists || json::string_at(t, {"value"}) == json::string_at(taint, {"value"})))
      return true;
  }
  return false;
}

bool matches_expression(const json::Value& expression, const json::Object& labels) {
  const auto key = json::string_at(expression, {"key"});
  const auto op = json::string_at(expression, {"operator"});
  const auto* found = labels.if_contains(key);
  const std::string_view value =
      found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
  const auto in = [&] {
    for (const auto& v : json::array_at(expression, {"values"}))
      if (v.is_string() && std::string_view(v.get_string()) == value) return true;
    return false;
  };
  if (op == "Exists") return found != nullptr;
  if (op == "DoesNotExist") return found == nullptr;
  if (op == "In") return found != nullptr && in();
  if (op == "NotIn") return found == nullptr || !in();
  const auto& values = json::array_at(expression, {"values"});
  const auto have = base::parse_int<int64_t>(value);
  const auto limit = values.size() == 1 && values[0].is_string()
                         ? base::parse_int<int64_t>(std::string_view(values[0].get_string()))
                         : std::nullopt;
  if (!have || !limit) return false;
  return op == "Gt" ? *have > *limit : op == "Lt" && *have < *limit;
}

bool matches_affinity(const json::Value& pod, const NodeState& node) {
  const auto& labels = json::object_at(node.document, {"metadata", "labels"});
  for (const auto& wanted : json::object_at(pod, {"spec", "nodeSelector"})) {
    const auto* have = labels.if_contains(wanted.key());
    if (have == nullptr || *have != wanted.value()) return false;
  }
  const auto* required =
      json::find(pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"});
  if (required == nullptr) return true;
  const json::Object fields{{"metadata.name", node.name}};
  for (const auto& term : json::array_at(*required, {"nodeSelectorTerms"})) {
    const auto& by_label = json::array_at(term, {"matchExpressions"});
    const auto& by_field = json::array_at(term, {"matchFields"});
    if (by_label.empty() && by_field.empty()) continue;  // an empty term matches nothing
    const bool all =
        std::all_of(by_label.begin(), by_label.end(), [&](const auto& e) { return matches_expression(e, labels); }) &&
        std::all_of(by_field.begin(), by_field.end(), [&](const auto& e) { return matches_expression(e, fields); });
    if (all) return true;
  }
  return false;
}

// Why the node does not take the pod; empty when it does. Several reasons of one node are all counted, as Kubernetes
// does for resources.
std::vector<std::string> reasons(const json::Value& pod, const Request& request, const NodeState& node) {
  const json::Value unschedulable = json::Object{{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}};
  if (json::bool_at(node.document, {"spec", "unschedulable"}) && !tolerated(pod, unschedulable))
    return {"node(s) were unschedulable"};
  for (const auto& taint : json::array_at(node.document, {"spec", "taints"})) {
    const auto effect = json::string_at(taint, {"effect"});
    if ((effect != "NoSchedule" && effect != "NoExecute") || tolerated(pod, taint)) continue;
    return {"node(s) had untolerated taint {" + std::string(json::string_at(taint, {"key"})) + ": " +
            std::string(json::string_at(taint, {"value"})) + '}'};
  }
  if (!matches_affinity(pod, node)) return {"node(s) didn't match Pod's node affinity/selector"};
  for (const auto& port : request.host_ports)
    if (std::find(node.host_ports_used.begin(), node.host_ports_used.end(), port) != node.host_ports_used.end())
      return {"node(s) didn't have free ports for the requested pod ports"};
  std::vector<std::string> out;
  if (node.pods_free < 1) out.emplace_back("Too many pods");
  if (request.cpu_millis > node.cpu_millis_free) out.emplace_back("Insufficient cpu");
  if (request.memory_bytes > node.memory_bytes_free) out.emplace_back("Insufficient memory");
  return out;
}

constexpr int64_t kCpuUnasked = 100;  // millis; both as kube-scheduler's scoring has them
constexpr int64_t kMemoryUnasked = 200LL * 1024 * 1024;
constexpr int64_t kSpreadWeight = 2;
constexpr int64_t kScoreMax = 1000;

int64_t cpu_scored(const Request& request) { return request.cpu_millis > 0 ? request.cpu_millis : kCpuUnasked; }
int64_t memory_scored(const Request& request) {
  return request.memory_bytes > 0 ? request.memory_bytes : kMemoryUnasked;
}

int siblings(const Request& request, const NodeState& node) {
  const auto found = node.by_controller.find(request.controller);
  return request.controller.empty() || found == node.by_controller.end() ? 0 : found->second;
}

// How much of the node stays free with the pod there, mean of cpu and memory, from 0 to kScoreMax.
int64_t least_allocated(const Request& request, const NodeState& node) {
  const auto left = [](int64_t scored, int64_t total) {
    return total <= 0 || scored >= total ? 0 : kScoreMax - scored * kScoreMax / total;
  };
  return (left(node.cpu_millis_scored + cpu_scored(request), node.cpu_millis_total) +
          left((node.memory_bytes_scored + memory_scored(request)) >> 10, node.memory_bytes_total >> 10)) /
         2;
}

// The best of `fitting`, none of which is null.
const NodeState* best_of(const std::vector<const NodeState*>& fitting, const Request& request) {
  int crowd = 0;
  for (const auto* node : fitting) crowd = std::max(crowd, siblings(request, *node));
  const NodeState* best = nullptr;
  int64_t best_score = 0;
  for (const auto* node : fitting) {
    const int64_t apart = crowd == 0 ? kScoreMax : (crowd - siblings(request, *node)) * kScoreMax / crowd;
    const int64_t score = kSpreadWeight * apart + least_allocated(request, *node);
    if (best != nullptr && (score < best_score || (score == best_score && node->name > best->name))) continue;
    best = node;
    best_score = score;
  }
  return best;
}

std::string controller_of(const api::Object& pod) {
  for (const auto& owner : pod.meta.owners)
    if (owner.controller) return owner.uid;
  return {};
}

}  // namespace

Request request_of(const api::Object& pod) {
  return {.cpu_millis = pod.pod().cpu_request_millis,
          .memory_bytes = pod.pod().memory_request_bytes,
          .host_ports = pod.pod().host_ports,
          .controller = controller_of(pod)};
}

void assume(NodeState& node, const Request& request) {
  node.cpu_millis_free -= request.cpu_millis;
  node.memory_bytes_free -= request.memory_bytes;
  node.pods_free -= 1;
  node.cpu_millis_scored += cpu_scored(request);
  node.memory_bytes_scored += memory_scored(request);
  if (!request.controller.empty()) ++node.by_controller[request.controller];
  node.host_ports_used.insert(node.host_ports_used.end(), request.host_ports.begin(), request.host_ports.end());
}

NodeState node_state(const json::Value& node, const std::vector<api::ObjectPtr>& pods) {
  NodeState state;
  state.name = json::string_at(node, {"metadata", "name"});
  state.document = node;
  const auto quantity = [&](std::string_view name) {
    return api::Quantity::parse(json::string_at(node, {"status", "allocatable", name}, "0"));
  };
  if (const auto q = quantity("cpu")) state.cpu_millis_total = q->milli();
  if (const auto q = quantity("memory")) state.memory_bytes_total = q->value();
  state.cpu_millis_free = state.cpu_millis_total;
  state.memory_bytes_free = state.memory_bytes_total;
  if (const auto q = quantity("pods")) state.pods_free = q->value();
  for (const auto& pod : pods)
    if (pod->pod().phase != "Succeeded" && pod->pod().phase != "Failed") assume(state, request_of(*pod));
  return state;
}

Decision schedule(const json::Value& pod, const Request& request, const std::vector<NodeState>& nodes) {
  if (nodes.empty()) return {.node = {}, .message = "no nodes available to schedule pods"};
  std::vector<const NodeState*> fitting;
  std::map<std::string, int> why;
  for (const auto& node : nodes) {
    const auto against = reasons(pod, request, node);
    for (const auto& reason : against) ++why[reason];
    if (against.empty()) fitting.push_back(&node);
  }
  if (!fitting.empty()) return {.node = best_of(fitting, request)->name, .message = {}};
  const std::string available = "0/" + std::to_string(nodes.size()) + " nodes are available: ";
  std::vector<std::string> parts;
  for (const auto& [reason, count] : why) parts.push_back(std::to_string(count) + ' ' + reason);
  std::sort(parts.begin(), parts.end());
  return {.node = {},
          .message = available + base::join(parts, ", ") + ". preemption: " + available + std::to_string(nodes.size()) +
                     " Preemption is not helpful for scheduling."};
}

}  // namespace appliance::orchestrator::scheduler
