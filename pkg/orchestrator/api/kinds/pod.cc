// Pod: its row in the table of kinds, what create derives, and its cells (kube-api page 6.1, "Pod Status column").
#include "orchestrator/api/duration.h"
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/quantity.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

bool is_sidecar(const json::Value& pod, std::string_view name) {
  for (const auto& container : json::array_at(pod, {"spec", "initContainers"}))
    if (json::string_at(container, {"name"}) == name) return json::string_at(container, {"restartPolicy"}) == "Always";
  return false;
}

bool has_condition(const json::Value& pod, std::string_view type) {
  for (const auto& condition : json::array_at(pod, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == type) return json::string_at(condition, {"status"}) == "True";
  return false;
}

// What the Ready, Status and Restarts cells say; filled container by container.
struct Summary {
  std::string status;
  int64_t ready = 0;
  int64_t total = 0;
  int64_t restarts = 0;
  int64_t last_restart_seconds = 0;  // 0: never

  void count_restarts(const json::Value& container) {
    restarts += json::int_at(container, {"restartCount"});
    const auto finished =
        parse_rfc3339(json::string_at(container, {"lastState", "terminated", "finishedAt"})).value_or(0);
    if (finished > last_restart_seconds) last_restart_seconds = finished;
  }
};

std::string exit_text(const json::Value& terminated) {
  if (const auto signal = json::int_at(terminated, {"signal"}); signal != 0) return "Signal:" + std::to_string(signal);
  return "ExitCode:" + std::to_string(json::int_at(terminated, {"exitCode"}));
}

std::string initial_status(const json::Value& pod) {
  std::string status(json::string_at(pod, {"status", "phase"}));
  if (const auto reason = json::string_at(pod, {"status", "reason"}); !reason.empty()) status = reason;
  for (const auto& condition : json::array_at(pod, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == "PodScheduled" &&
        json::string_at(condition, {"reason"}) == "SchedulingGated")
      status = "SchedulingGated";
  return status;
}

// The first init container that is neither done nor a started sidecar decides; true while there is one. `sidecars` gets
// the restarts that stay counted once the pod is initialized.
bool read_init_containers(const json::Value& pod, Summary& summary, Summary& sidecars) {
  const auto& statuses = json::array_at(pod, {"status", "initContainerStatuses"});
  for (size_t i = 0; i < statuses.size(); ++i) {
    const auto& container = statuses[i];
    const bool is_restartable = is_sidecar(pod, json::string_at(container, {"name"}));
    summary.count_restarts(container);
    if (is_restartable) sidecars.count_restarts(container);
    const auto* terminated = json::find(container, {"state", "terminated"});
    const auto waiting = json::string_at(container, {"state", "waiting", "reason"});
    if (terminated != nullptr && json::int_at(*terminated, {"exitCode"}) == 0) continue;
    if (is_restartable && json::bool_at(container, {"started"})) {
      if (json::bool_at(container, {"ready"})) ++summary.ready;
      continue;
    }
    if (terminated != nullptr) {
      const auto reason = json::string_at(*terminated, {"reason"});
      summary.status = "Init:" + (reason.empty() ? exit_text(*terminated) : std::string(reason));
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      summary.status = "Init:" + std::string(waiting);
    } else {
      summary.status =
          "Init:" + std::to_string(i) + '/' + std::to_string(json::array_at(pod, {"spec", "initContainers"}).size());
    }
    return true;
  }
  return false;
}

void read_containers(const json::Value& pod, Summary& summary) {
  bool has_running = false;
  const auto& statuses = json::array_at(pod, {"status", "containerStatuses"});
  for (size_t i = statuses.size(); i-- > 0;) {
    const auto& container = statuses[i];
    summary.count_restarts(container);
    const auto* terminated = json::find(container, {"state", "terminated"});
    if (const auto waiting = json::string_at(container, {"state", "waiting", "reason"}); !waiting.empty()) {
      summary.status = waiting;
    } else if (terminated != nullptr) {
      const auto reason = json::string_at(*terminated, {"reason"});
      summary.status = reason.empty() ? exit_text(*terminated) : std::string(reason);
    } else if (json::bool_at(container, {"ready"}) && json::find(container, {"state", "running"}) != nullptr) {
      has_running = true;
      ++summary.ready;
    }
  }
  if (summary.status == "Completed" && has_running)
    summary.status = has_condition(pod, "Ready") ? "Running" : "NotReady";
}

Summary summarize(const json::Value& pod) {
  Summary summary;
  Summary sidecars;
  summary.status = initial_status(pod);
  summary.total = static_cast<int64_t>(json::array_at(pod, {"spec", "containers"}).size());
  for (const auto& container : json::array_at(pod, {"spec", "initContainers"}))
    if (json::string_at(container, {"restartPolicy"}) == "Always") ++summary.total;
  const bool is_initializing = read_init_containers(pod, summary, sidecars);
  if (!is_initializing || has_condition(pod, "Initialized")) {
    summary.restarts = sidecars.restarts;
    summary.last_restart_seconds = sidecars.last_restart_seconds;
    read_containers(pod, summary);
  }
  if (json::find(pod, {"metadata", "deletionTimestamp"}) != nullptr) {
    const auto phase = json::string_at(pod, {"status", "phase"});
    if (json::string_at(pod, {"status", "reason"}) == "NodeLost") {
      summary.status = "Unknown";
    } else if (phase != "Succeeded" && phase != "Failed") {
      summary.status = "Terminating";
    }
  }
  return summary;
}

std::string or_none(std::string_view text) { return text.empty() ? "<none>" : std::string(text); }

std::string readiness_gates(const json::Value& pod) {
  const auto& gates = json::array_at(pod, {"spec", "readinessGates"});
  if (gates.empty()) return "<none>";
  size_t count = 0;
  for (const auto& gate : gates) count += has_condition(pod, json::string_at(gate, {"conditionType"})) ? 1 : 0;
  return std::to_string(count) + '/' + std::to_string(gates.size());
}

json::Array cells(const json::Value& pod, int64_t now_seconds) {
  const Summary summary = summarize(pod);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts != 0 && summary.last_restart_seconds != 0)
    restarts += " (" + human_duration(now_seconds - summary.last_restart_seconds) + " ago)";
  return {name_cell(pod),
          cell(std::to_string(summary.ready) + '/' + std::to_string(summary.total)),
          cell(summary.status),
          cell(restarts),
          age_cell(pod, now_seconds),
          cell(or_none(json::string_at(pod, {"status", "podIP"}))),
          cell(or_none(json::string_at(pod, {"spec", "nodeName"}))),
          cell(or_none(json::string_at(pod, {"status", "nominatedNodeName"}))),
          cell(readiness_gates(pod))};
}

// BestEffort: nobody asks for cpu or memory. Guaranteed: every container limits both and requests what it limits.
std::string qos_class(const json::Value& pod) {
  bool has_any = false;
  bool is_guaranteed = true;
  for (const auto* list : {"containers", "initContainers"}) {
    for (const auto& container : json::array_at(pod, {"spec", list})) {
      for (const auto* resource : {"cpu", "memory"}) {
        const auto request = quantity_milli(json::find(container, {"resources", "requests", resource}));
        const auto limit = quantity_milli(json::find(container, {"resources", "limits", resource}));
        has_any = has_any || request > 0 || limit > 0;
        if (limit <= 0 || request != limit) is_guaranteed = false;
      }
    }
  }
  if (!has_any) return "BestEffort";
  return is_guaranteed ? "Guaranteed" : "Burstable";
}

void prepare(json::Value& pod, const json::Value* old) {
  if (old != nullptr) return;
  auto& status = json::ensure(pod, {"status"});
  status.emplace_object();
  status.get_object()["phase"] = "Pending";
  status.get_object()["qosClass"] = qos_class(pod);
}

}  // namespace

Kind pod_kind() {
  Kind kind = stored_kind("", "Pod", "pods");
  kind.short_names = {"po"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.has_generation = true;
  kind.schema = &core::kPod;
  kind.prepare = prepare;
  kind.validate = validate_pod;
  kind.columns.push_back(
      {.name = "Ready", .format = {}, .description = "Containers that are ready, out of all that should be."});
  kind.columns.push_back(
      {.name = "Status", .format = {}, .description = "Phase of the pod, or why it is not running."});
  kind.columns.push_back(
      {.name = "Restarts", .format = {}, .description = "Restarts of its containers, and when the last one was."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.columns.push_back({.name = "IP", .format = {}, .description = "Address of the pod.", .priority = 1});
  kind.columns.push_back(
      {.name = "Node", .format = {}, .description = "Node that the pod is bound to.", .priority = 1});
  kind.columns.push_back({.name = "Nominated Node",
                          .format = {},
                          .description = "Node that is being made free for the pod.",
                          .priority = 1});
  kind.columns.push_back({.name = "Readiness Gates",
                          .format = {},
                          .description = "Extra conditions that are met, out of all that are asked for.",
                          .priority = 1});
  kind.cells = cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
