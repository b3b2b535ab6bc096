// What is wrong with a pod. The first of these that holds: it failed; it does not go; nobody takes it; its node does
// not answer; a container's state; it is not ready for long; a container ended lately.
#include <algorithm>
#include <array>
#include <vector>

#include "orchestrator/api/duration.h"
#include "orchestrator/apiserver/live/problem.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

constexpr int64_t kShortLifeSeconds = 300;  // who lives longer was not crashing at its start
constexpr int64_t kCrashesMin = 3;          // fewer restarts happen to everybody

constexpr std::array kImageReasons = {std::string_view("ErrImagePull"),      std::string_view("ImagePullBackOff"),
                                      std::string_view("InvalidImageName"),  std::string_view("ErrImageNeverPull"),
                                      std::string_view("ImageInspectError"), std::string_view("RegistryUnavailable")};

std::optional<int64_t> time_at(const json::Value& value, json::Path path) {
  return api::parse_rfc3339(json::string_at(value, path));
}

const json::Value* pod_condition(const json::Value& pod, std::string_view type) {
  for (const json::Value& one : json::array_at(pod, {"status", "conditions"}))
    if (json::string_at(one, {"type"}) == type) return &one;
  return nullptr;
}

std::string counted(int64_t count, std::string_view one) {
  return std::to_string(count) + ' ' + std::string(one) + (count == 1 ? "" : "s");
}

std::string restarts_text(const json::Value& status) {
  const int64_t restarts = json::int_at(status, {"restartCount"});
  return restarts == 0 ? std::string() : ", " + counted(restarts, "restart");
}

// "container web", "init container setup".
struct Container {
  std::string_view word;
  const json::Value& status;
  const json::Value* spec;  // null: none of that name
  [[nodiscard]] std::string text() const {
    return std::string(word) + ' ' + std::string(json::string_at(status, {"name"}));
  }
};

const json::Value* spec_of(const json::Value& pod, std::string_view list, std::string_view name) {
  for (const json::Value& one : json::array_at(pod, {"spec", list}))
    if (json::string_at(one, {"name"}) == name) return &one;
  return nullptr;
}

std::vector<Container> containers_of(const json::Value& pod) {
  std::vector<Container> out;
  for (const json::Value& status : json::array_at(pod, {"status", "initContainerStatuses"}))
    out.push_back({"init container", status, spec_of(pod, "initContainers", json::string_at(status, {"name"}))});
  for (const json::Value& status : json::array_at(pod, {"status", "containerStatuses"}))
    out.push_back({"container", status, spec_of(pod, "containers", json::string_at(status, {"name"}))});
  return out;
}

bool is_sidecar(const Container& container) {
  return container.word != "container" && container.spec != nullptr &&
         json::string_at(*container.spec, {"restartPolicy"}) == "Always";
}

// "container web exited with code 1", "... was killed for want of memory (limit 64Mi)", "... by signal 9".
std::string end_text(const Container& container, const json::Value& terminated) {
  const std::string_view reason = json::string_at(terminated, {"reason"});
  if (reason == "OOMKilled") {
    std::string out = container.text() + " was killed for want of memory";
    const std::string_view limit =
        container.spec == nullptr ? "" : json::string_at(*container.spec, {"resources", "limits", "memory"});
    return limit.empty() ? out : out + " (limit " + std::string(limit) + ')';
  }
  if (reason == "StartError" || reason == "ContainerCannotRun") {
    const std::string_view message = json::string_at(terminated, {"message"});
    return container.text() + " cannot be started" + (message.empty() ? "" : ": " + std::string(message));
  }
  if (const int64_t signal = json::int_at(terminated, {"signal"}); signal != 0)
    return container.text() + " was ended by signal " + std::to_string(signal);
  return container.text() + " exited with code " + std::to_string(json::int_at(terminated, {"exitCode"}));
}

// "back-off 2m40s restarting failed container=web pod=..." -> "2m40s".
std::string_view back_off_of(std::string_view message) {
  constexpr std::string_view kHead = "back-off ";
  const size_t at = message.find(kHead);
  if (at == std::string_view::npos) return {};
  message.remove_prefix(at + kHead.size());
  return message.substr(0, message.find(' '));
}

Problem crash_loop(const Container& container) {
  const json::Value* last = json::find(container.status, {"lastState", "terminated"});
  std::string why = last == nullptr ? container.text() + " ends again and again" : end_text(container, *last);
  why += restarts_text(container.status);
  const std::string_view wait = back_off_of(json::string_at(container.status, {"state", "waiting", "message"}));
  return {2, why + "; waits " + (wait.empty() ? "" : std::string(wait) + ' ') + "before the next start"};
}

Problem image_problem(const Container& container, std::string because) {
  constexpr std::string_view kCause = "ErrImagePull: ";  // behind `Back-off pulling image "x": `
  if (const size_t at = because.find(kCause); at != std::string::npos) because.erase(0, at + kCause.size());
  const std::string image(json::string_at(container.status, {"image"}));
  if (!image.empty() && because.find(image) == std::string::npos) because.insert(0, image + ": ");
  return {2, "the image of " + container.text() + " cannot be pulled: " + because};
}

Problem waiting_problem(const Container& container, bool old) {
  const std::string_view reason = json::string_at(container.status, {"state", "waiting", "reason"});
  const std::string_view message = json::string_at(container.status, {"state", "waiting", "message"});
  const std::string because = message.empty() ? std::string(reason) : std::string(message);
  if (reason == "PodInitializing") return {};
  if (reason.empty() || reason == "ContainerCreating") {
    if (!old) return {};
    return {1, container.text() + " is still being made" + (message.empty() ? "" : ": " + because)};
  }
  if (reason == "CrashLoopBackOff") return crash_loop(container);
  if (std::ranges::find(kImageReasons, reason) != kImageReasons.end()) return image_problem(container, because);
  return {2, container.text() + " cannot be started: " + because};
}

// What the container does at this moment.
Problem state_problem(const Container& container, bool old) {
  const json::Value* terminated = json::find(container.status, {"state", "terminated"});
  if (terminated != nullptr && json::int_at(*terminated, {"exitCode"}) != 0)
    return {2, end_text(container, *terminated) + restarts_text(container.status)};
  if (json::find(container.status, {"state", "waiting"}) != nullptr) return waiting_problem(container, old);
  return {};
}

// It runs, and ended a short while ago: killed for memory, or short lives again and again.
Problem recent_problem(const Container& container, int64_t now_seconds) {
  const json::Value* last = json::find(container.status, {"lastState", "terminated"});
  if (last == nullptr) return {};
  const auto finished = time_at(*last, {"finishedAt"});
  if (!finished || now_seconds - *finished > kRecentSeconds) return {};
  const bool memory = json::string_at(*last, {"reason"}) == "OOMKilled";
  const int64_t lived = *finished - time_at(*last, {"startedAt"}).value_or(0);
  const bool crashes = json::int_at(container.status, {"restartCount"}) >= kCrashesMin && lived < kShortLifeSeconds;
  if (!memory && !crashes) return {};
  return {1, end_text(container, *last) + restarts_text(container.status) + "; runs again"};
}

std::string probe_text(const json::Value& probe) {
  const auto port = [&](std::string_view how) {
    const json::Value* value = json::find(probe, {how, "port"});
    if (value == nullptr) return std::string();
    return value->is_string() ? std::string(value->get_string()) : std::to_string(json::int_at(probe, {how, "port"}));
  };
  if (json::find(probe, {"httpGet"}) != nullptr)
    return "GET " + std::string(json::string_at(probe, {"httpGet", "path"}, "/")) + " on port " + port("httpGet");
  if (json::find(probe, {"tcpSocket"}) != nullptr) return "TCP port " + port("tcpSocket");
  if (json::find(probe, {"grpc"}) != nullptr) return "gRPC on port " + port("grpc");
  std::string command;
  for (const json::Value& word : json::array_at(probe, {"exec", "command"}))
    if (word.is_string()) command += (command.empty() ? "" : " ") + std::string(word.get_string());
  return command;
}

// Which probe keeps a running container from being ready.
std::string unready_text(const Container& container) {
  const bool started = json::bool_at(container.status, {"started"}, true);
  const std::string_view field = started ? "readinessProbe" : "startupProbe";
  const json::Value* probe = container.spec == nullptr ? nullptr : json::find(*container.spec, {field});
  if (probe == nullptr) return container.text() + " is not ready";
  return container.text() + " is not ready: its " + (started ? "readiness" : "startup") + " probe (" +
         probe_text(*probe) + ") does not pass";
}

Problem not_ready_problem(const json::Value& pod, const std::vector<Container>& containers, int64_t now_seconds) {
  const json::Value* ready = pod_condition(pod, "Ready");
  if (ready == nullptr || json::string_at(*ready, {"status"}) == "True") return {};
  if (now_seconds - time_at(*ready, {"lastTransitionTime"}).value_or(now_seconds) < kNotReadyAfterSeconds) return {};
  for (const Container& container : containers) {
    const bool counts = container.word == "container" || is_sidecar(container);
    if (counts && json::find(container.status, {"state", "running"}) != nullptr &&
        !json::bool_at(container.status, {"ready"}))
      return {1, unready_text(container)};
  }
  for (const Container& container : containers)
    if (container.word != "container" && json::find(container.status, {"state", "running"}) != nullptr &&
        !is_sidecar(container))
      return {1, container.text() + " has not ended yet: the others wait for it"};
  for (const Container& container : containers)
    if (json::find(container.status, {"state", "waiting"}) != nullptr) return {};  // state_problem() gives it time
  const std::string_view message = json::string_at(*ready, {"message"});
  return {1, "not ready" + (message.empty() ? std::string() : ": " + std::string(message))};
}

Problem failed_problem(const json::Value& pod, const std::vector<Container>& containers) {
  const std::string reason(json::string_at(pod, {"status", "reason"}));
  const std::string message(json::string_at(pod, {"status", "message"}));
  if (reason == "Evicted") return {1, "evicted" + (message.empty() ? "" : ": " + message)};
  for (const Container& container : containers) {
    const json::Value* terminated = json::find(container.status, {"state", "terminated"});
    if (terminated != nullptr && json::int_at(*terminated, {"exitCode"}) != 0)
      return {2, "failed: " + end_text(container, *terminated)};
  }
  std::string why = "failed";
  if (!reason.empty()) why += ": " + reason;
  if (!message.empty()) why += ": " + message;
  return {2, why};
}

Problem overdue_problem(const api::Object& object, int64_t now_seconds) {
  if (now_seconds - *object.meta.deletion_seconds < kOverdueAfterSeconds) return {};
  if (!object.meta.finalizers.empty()) return {1, "cannot be deleted yet: it waits for " + object.meta.finalizers[0]};
  std::string why = "is being deleted for longer than its grace period";
  if (object.meta.deletion_grace_seconds) why += " of " + counted(*object.meta.deletion_grace_seconds, "second");
  return {1, why};
}

Problem unscheduled_problem(const api::Object& object, const json::Value& pod, int64_t now_seconds) {
  const json::Value* scheduled = pod_condition(pod, "PodScheduled");
  const std::string_view reason = scheduled == nullptr ? "" : json::string_at(*scheduled, {"reason"});
  const std::string message(scheduled == nullptr ? "" : json::string_at(*scheduled, {"message"}));
  if (reason == "SchedulingGated") return {};  // somebody holds it back on purpose
  if (!reason.empty() && json::string_at(*scheduled, {"status"}) == "False")
    return {2, "no node takes it" + (message.empty() ? "" : ": " + message)};
  if (now_seconds - object.meta.creation_seconds < kNotReadyAfterSeconds) return {};
  return {1, "no scheduler has looked at it yet"};
}

bool node_is_lost(const json::Value& pod) {
  if (json::string_at(pod, {"status", "phase"}) == "Unknown" ||
      json::string_at(pod, {"status", "reason"}) == "NodeLost")
    return true;
  const json::Value* ready = pod_condition(pod, "Ready");
  if (ready == nullptr) return false;
  const std::string_view reason = json::string_at(*ready, {"reason"});
  return reason == "NodeNotReady" || reason == "NodeStatusUnknown";
}

}  // namespace

Problem pod_problem(const api::Object& object, const json::Value& pod, int64_t now_seconds) {
  const api::PodFacts& facts = object.pod();
  if (facts.phase == "Succeeded") return {};
  const std::vector<Container> containers = containers_of(pod);
  if (facts.phase == "Failed") return failed_problem(pod, containers);
  if (object.meta.deletion_seconds) return overdue_problem(object, now_seconds);
  if (facts.node.empty()) return unscheduled_problem(object, pod, now_seconds);
  if (node_is_lost(pod)) return {2, "its node " + facts.node + " does not answer"};
  const bool old = now_seconds - object.meta.creation_seconds >= kStartAfterSeconds;
  for (const Container& container : containers)
    if (Problem found = state_problem(container, old); found.severity > 0) return found;
  if (containers.empty() && old) return {1, "node " + facts.node + " has not started it yet"};
  if (Problem found = not_ready_problem(pod, containers, now_seconds); found.severity > 0) return found;
  for (const Container& container : containers)
    if (Problem found = recent_problem(container, now_seconds); found.severity > 0) return found;
  return {};
}

}  // namespace appliance::orchestrator::apiserver::live
