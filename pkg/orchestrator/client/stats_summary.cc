#include "orchestrator/client/stats_summary.h"

#include <algorithm>

namespace appliance::orchestrator::client {
namespace {

json::Value number(uint64_t value) { return static_cast<int64_t>(value); }

uint64_t number_at(const json::Value& document, std::initializer_list<std::string_view> path) {
  const auto* value = json::find(document, path);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->as_uint64();
  return value->is_int64() ? static_cast<uint64_t>(std::max<int64_t>(0, value->as_int64())) : 0;
}

}  // namespace

json::Value stats_summary(const NodeUsage& usage, std::string_view node) {
  const std::string time = base::format_rfc3339_nano(usage.at);
  const auto cpu = [&](uint64_t nanos) {
    return json::Object{{"time", time}, {"usageCoreNanoSeconds", number(nanos)}};
  };
  json::Array pods;
  for (const auto& pod : usage.pods)
    pods.push_back(
        json::Object{{"podRef", json::Object{{"name", pod.name}, {"namespace", pod.ns}, {"uid", pod.uid}}},
                     {"cpu", cpu(pod.cpu_nanos)},
                     {"memory", json::Object{{"time", time}, {"workingSetBytes", number(pod.memory_bytes)}}}});
  const auto memory_free = usage.memory_total_bytes - std::min(usage.memory_total_bytes, usage.memory_bytes);
  const auto disk_free = usage.disk_total_bytes - std::min(usage.disk_total_bytes, usage.disk_bytes);
  return json::Object{{"node", json::Object{{"nodeName", node},
                                            {"cpu", cpu(usage.cpu_nanos)},
                                            {"memory", json::Object{{"time", time},
                                                                    {"workingSetBytes", number(usage.memory_bytes)},
                                                                    {"availableBytes", number(memory_free)}}},
                                            {"fs", json::Object{{"time", time},
                                                                {"usedBytes", number(usage.disk_bytes)},
                                                                {"availableBytes", number(disk_free)},
                                                                {"capacityBytes", number(usage.disk_total_bytes)}}}}},
                      {"pods", std::move(pods)}};
}

Result<NodeUsage> parse_stats_summary(const json::Value& summary) {
  const auto at = base::parse_rfc3339(json::string_at(summary, {"node", "cpu", "time"}));
  if (!at) return fail(Code::kDataLoss, "stats summary: no time of node.cpu");
  NodeUsage out;
  out.at = *at;
  out.cpu_nanos = number_at(summary, {"node", "cpu", "usageCoreNanoSeconds"});
  out.memory_bytes = number_at(summary, {"node", "memory", "workingSetBytes"});
  out.memory_total_bytes = out.memory_bytes + number_at(summary, {"node", "memory", "availableBytes"});
  out.disk_bytes = number_at(summary, {"node", "fs", "usedBytes"});
  out.disk_total_bytes = number_at(summary, {"node", "fs", "capacityBytes"});
  for (const auto& pod : json::array_at(summary, {"pods"})) {
    PodUsage one{.ns = std::string(json::string_at(pod, {"podRef", "namespace"})),
                 .name = std::string(json::string_at(pod, {"podRef", "name"})),
                 .uid = std::string(json::string_at(pod, {"podRef", "uid"})),
                 .cpu_nanos = number_at(pod, {"cpu", "usageCoreNanoSeconds"}),
                 .memory_bytes = number_at(pod, {"memory", "workingSetBytes"})};
    if (!one.uid.empty()) out.pods.push_back(std::move(one));
  }
  return out;
}

}  // namespace appliance::orchestrator::client
