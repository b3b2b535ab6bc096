#include "node/dev/fixture_updates.h"

#include "node/dev/fixture_objects.h"

namespace appliance::node::dev {
namespace {

using json::Array;
using json::Object;
using json::Value;

Value* first_container(Value& pod) {
  auto* list = json::ensure(pod, {"status"}).as_object().if_contains("containerStatuses");
  if (list == nullptr || !list->is_array() || list->as_array().empty()) return nullptr;
  return list->as_array()[0].is_object() ? &list->as_array()[0] : nullptr;
}

void set_ready(Value& pod, Value& container, bool ready, const std::string& now) {
  container.as_object()["ready"] = ready;
  for (auto& condition : json::ensure(pod, {"status", "conditions"}).as_array()) {
    const auto type = json::string_at(condition, {"type"});
    if (type != "Ready" && type != "ContainersReady") continue;
    auto& one = condition.as_object();
    if (json::string_at(condition, {"status"}) != (ready ? "True" : "False")) one["lastTransitionTime"] = now;
    one["status"] = ready ? "True" : "False";
    if (ready) {
      one.erase("reason");
      one.erase("message");
    } else {
      one["reason"] = "ContainersNotReady";
      one["message"] = "containers with unready status: [app]";
    }
  }
}

std::string started_at(const Value& container, const std::string& otherwise) {
  return std::string(json::string_at(container, {"state", "running", "startedAt"}, otherwise));
}

// It ended a moment ago, for this reason.
void end(Value& container, int code, std::string_view reason, const std::string& now) {
  Object terminated{
      {"exitCode", code}, {"reason", reason}, {"startedAt", started_at(container, now)}, {"finishedAt", now}};
  if (const auto* id = container.as_object().if_contains("containerID")) terminated["containerID"] = *id;
  container.as_object()["lastState"] = Object{{"terminated", std::move(terminated)}};
}

void run_again(Value& container, const std::string& now) {
  const int64_t restarts = json::int_at(container, {"restartCount"}) + 1;
  container.as_object()["restartCount"] = restarts;
  container.as_object()["state"] = Object{{"running", Object{{"startedAt", now}}}};
  container.as_object()["started"] = true;
  if (auto* id = container.as_object().if_contains("containerID"); id != nullptr && id->is_string()) {
    const std::string text(id->as_string());
    *id = text.substr(0, text.rfind('-') + 1) + std::to_string(restarts);
  }
}

bool runs(const Value& container) { return json::find(container, {"state", "running"}) != nullptr; }

void wait(Value& container, std::string_view reason, const std::string& message) {
  container.as_object()["state"] = Object{{"waiting", Object{{"reason", reason}, {"message", message}}}};
  container.as_object()["started"] = false;
}

void crash_loop(Value& pod, Value& container, const std::string& now) {
  if (!runs(container)) return run_again(container, now);
  end(container, 1, "Error", now);
  wait(container, "CrashLoopBackOff",
       "back-off 5m0s restarting failed container=app pod=" + std::string(json::string_at(pod, {"metadata", "name"})) +
           '_' + std::string(json::string_at(pod, {"metadata", "namespace"})) + '(' +
           std::string(json::string_at(pod, {"metadata", "uid"})) + ')');
}

void image_pull(Value& container) {
  const std::string image(json::string_at(container, {"image"}));
  if (json::string_at(container, {"state", "waiting", "reason"}) == "ErrImagePull")
    wait(container, "ImagePullBackOff", "Back-off pulling image \"" + image + "\"");
  else
    wait(container, "ErrImagePull", "pull " + image + ": not found");
}

void trouble(Value& pod, Value& container, const std::string& now) {
  const auto what = json::string_at(pod, {"metadata", "annotations", kTroubleNote});
  if (what == trouble_name(Trouble::kCrashLoop)) return crash_loop(pod, container, now);
  if (what == trouble_name(Trouble::kImagePull)) return image_pull(container);
  if (what == trouble_name(Trouble::kOutOfMemory)) {
    end(container, 137, "OOMKilled", now);
    return run_again(container, now);
  }
}

}  // namespace

void advance_pod(Value& pod, Step step, base::WallTime time) {
  json::ensure(pod, {"metadata", "annotations", kWrittenAt}) = written_at(time);
  auto* container = first_container(pod);
  if (container == nullptr) return;
  const std::string now = base::format_rfc3339(time);
  if (step == Step::kTrouble) return trouble(pod, *container, now);
  if (!runs(*container)) return;
  if (step == Step::kRestart) {
    end(*container, 0, "Completed", now);
    return run_again(*container, now);
  }
  set_ready(pod, *container, step == Step::kReady, now);
}

void advance_event(Value& event, base::WallTime now) {
  json::ensure(event, {"metadata", "annotations", kWrittenAt}) = written_at(now);
  json::ensure(event, {"lastTimestamp"}) = base::format_rfc3339(now);
  json::ensure(event, {"count"}) = json::int_at(event, {"count"}, 1) + 1;
}

}  // namespace appliance::node::dev
