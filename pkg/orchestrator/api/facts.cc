#include "orchestrator/api/facts.h"

#include <algorithm>

#include "orchestrator/api/duration.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::api {
namespace {

PodRequests requests_of(const json::Value& container) {
  return {.cpu_millis = quantity_milli(json::find(container, {"resources", "requests", "cpu"})),
          .memory_bytes = quantity_value(json::find(container, {"resources", "requests", "memory"}))};
}

void add(PodRequests& sum, const PodRequests& one) {
  sum.cpu_millis += one.cpu_millis;
  sum.memory_bytes += one.memory_bytes;
}

void raise(PodRequests& top, const PodRequests& one) {
  top.cpu_millis = std::max(top.cpu_millis, one.cpu_millis);
  top.memory_bytes = std::max(top.memory_bytes, one.memory_bytes);
}

void read_ready(const json::Value& pod, PodFacts& facts) {
  for (const auto& condition : json::array_at(pod, {"status", "conditions"})) {
    if (json::string_at(condition, {"type"}) != "Ready") continue;
    facts.ready = json::string_at(condition, {"status"}) == "True";
    facts.ready_since_seconds = parse_rfc3339(json::string_at(condition, {"lastTransitionTime"})).value_or(0);
  }
}

void read_host_ports(const json::Value& pod, PodFacts& facts) {
  for (const auto& container : json::array_at(pod, {"spec", "containers"})) {
    for (const auto& port : json::array_at(container, {"ports"})) {
      const auto number = json::int_at(port, {"hostPort"});
      if (number > 0)
        facts.host_ports.emplace_back(json::string_at(port, {"protocol"}, "TCP"), static_cast<int>(number));
    }
  }
}

}  // namespace

PodRequests pod_requests(const json::Value& pod) {
  PodRequests sum;
  PodRequests top;
  PodRequests sidecars;
  for (const auto& container : json::array_at(pod, {"spec", "containers"})) add(sum, requests_of(container));
  for (const auto& container : json::array_at(pod, {"spec", "initContainers"})) {
    auto one = requests_of(container);
    if (json::string_at(container, {"restartPolicy"}) == "Always") {
      add(sum, one);
      add(sidecars, one);
      raise(top, sidecars);
    } else {
      add(one, sidecars);
      raise(top, one);
    }
  }
  raise(top, sum);
  top.cpu_millis += quantity_milli(json::find(pod, {"spec", "overhead", "cpu"}));
  top.memory_bytes += quantity_value(json::find(pod, {"spec", "overhead", "memory"}));
  return top;
}

PodFacts pod_facts(const json::Value& pod) {
  PodFacts facts;
  facts.node = json::string_at(pod, {"spec", "nodeName"});
  facts.phase = json::string_at(pod, {"status", "phase"});
  facts.pod_ip = json::string_at(pod, {"status", "podIP"});
  facts.host_ip = json::string_at(pod, {"status", "hostIP"});
  facts.host_network = json::bool_at(pod, {"spec", "hostNetwork"});
  read_ready(pod, facts);
  for (const auto& status : json::array_at(pod, {"status", "containerStatuses"}))
    facts.restarts += static_cast<int32_t>(json::int_at(status, {"restartCount"}));
  const auto requests = pod_requests(pod);
  facts.cpu_request_millis = requests.cpu_millis;
  facts.memory_request_bytes = requests.memory_bytes;
  read_host_ports(pod, facts);
  return facts;
}

NodeFacts node_facts(const json::Value& node) {
  NodeFacts facts;
  facts.unschedulable = json::bool_at(node, {"spec", "unschedulable"});
  for (const auto& condition : json::array_at(node, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == "Ready") facts.ready = json::string_at(condition, {"status"}) == "True";
  return facts;
}

std::string_view internal_ip(const json::Value& node) {
  for (const auto& one : json::array_at(node, {"status", "addresses"}))
    if (const auto address = json::string_at(one, {"address"});
        json::string_at(one, {"type"}) == "InternalIP" && !address.empty())
      return address;
  return {};
}

}  // namespace appliance::orchestrator::api
