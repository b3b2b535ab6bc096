#include "orchestrator/kubelet/status.h"

#include <algorithm>

#include "base/strings.h"
#include "orchestrator/kubelet/resources.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;

std::string record_id(const ContainerRecord& r) {
  if (r.id.empty()) return {};
  return r.id.starts_with(kContainerIdScheme) ? r.id : std::string(kContainerIdScheme) + r.id;
}

json::Object terminated(const ContainerRecord& r) {
  json::Object out;
  out["exitCode"] = r.exit_code;
  if (r.signal != 0) out["signal"] = r.signal;
  out["reason"] = !r.reason.empty() ? r.reason : (r.exit_code == 0 ? "Completed" : "Error");
  if (!r.message.empty()) out["message"] = r.message;
  out["startedAt"] = r.started == WallTime{} ? json::Value(nullptr) : json::Value(stamp(r.started));
  out["finishedAt"] = r.finished == WallTime{} ? json::Value(nullptr) : json::Value(stamp(r.finished));
  if (!r.id.empty()) out["containerID"] = record_id(r);
  return out;
}

json::Object waiting(std::string_view reason, std::string_view message = {}) {
  json::Object inner;
  inner["reason"] = reason;
  if (!message.empty()) inner["message"] = message;
  return {{"waiting", std::move(inner)}};
}

const json::Object* previous_container(const json::Value& previous, const ContainerSpec& c) {
  for (const auto& entry : json::array_at(previous, {c.init ? "initContainerStatuses" : "containerStatuses"}))
    if (json::string_at(entry, {"name"}) == c.name) return entry.if_object();
  return nullptr;
}

WallTime time_at(const json::Value& value, json::Path path) {
  const auto parsed = base::parse_rfc3339(json::string_at(value, path));
  return parsed ? *parsed : WallTime{};
}

// A terminated state of the API as a record.
ContainerRecord record_of(const json::Value& t, uint32_t attempt) {
  ContainerRecord r;
  r.from_api = true;
  r.attempt = attempt;
  r.state = ContainerState::kExited;
  r.id = json::string_at(t, {"containerID"});
  r.exit_code = static_cast<int>(json::int_at(t, {"exitCode"}));
  r.signal = static_cast<int>(json::int_at(t, {"signal"}));
  r.reason = json::string_at(t, {"reason"});
  r.message = json::string_at(t, {"message"});
  r.started = time_at(t, {"startedAt"});
  r.finished = time_at(t, {"finishedAt"});
  return r;
}

ContainerRecord lost_record(const json::Value& entry, uint32_t attempt, WallTime now) {
  ContainerRecord r;
  r.from_api = true;
  r.attempt = attempt;
  r.state = ContainerState::kExited;
  r.id = json::string_at(entry, {"containerID"});
  r.exit_code = 137;
  r.reason = kReasonUnknown;
  r.message = "The container could not be located when the pod was terminated";
  r.started = time_at(entry, {"state", "running", "startedAt"});
  r.finished = std::chrono::floor<std::chrono::seconds>(now);
  return r;
}

class Builder {
 public:
  explicit Builder(const StatusInput& in) : in_(in), pod_(in.pod), o_(in.observed) {}

  json::Value build() {
    json::Object out;
    json::Array init;
    json::Array app;
    for (const auto& c : pod_.init) init.push_back(container(c));
    for (const auto& c : pod_.app) app.push_back(container(c));
    const std::string phase = this->phase();
    out["phase"] = phase;
    out["conditions"] = conditions(phase);
    if (!in_.failed_reason.empty()) {
      out["reason"] = in_.failed_reason;
      out["message"] = in_.failed_message;
    } else {
      carry(out, "reason");
      carry(out, "message");
    }
    out["hostIP"] = in_.node_ip;
    out["hostIPs"] = json::Array{json::Object{{"ip", in_.node_ip}}};
    addresses(out);
    carry(out, "startTime");
    if (!out.contains("startTime")) out["startTime"] = stamp(in_.now);
    if (!init.empty()) out["initContainerStatuses"] = std::move(init);
    out["containerStatuses"] = std::move(app);
    carry(out, "ephemeralContainerStatuses");
    carry(out, "nominatedNodeName");
    out["qosClass"] = qos_name(qos_of(pod_));
    return out;
  }

 private:
  void carry(json::Object& out, std::string_view key) const {
    if (const auto* value = json::find(in_.previous, {key}); value != nullptr && !value->is_null()) out[key] = *value;
  }

  void addresses(json::Object& out) const {
    const std::string ip = pod_.host_network && o_.current() != nullptr ? in_.node_ip : o_.pod_ip;
    if (!ip.empty()) {
      out["podIP"] = ip;
      out["podIPs"] = json::Array{json::Object{{"ip", ip}}};
      return;
    }
    carry(out, "podIP");
    carry(out, "podIPs");
  }

  [[nodiscard]] bool restarts(const ContainerSpec& c, const ContainerRecord& r) const {
    return !in_.terminating && !o_.terminal && in_.failed_reason.empty() && will_restart(pod_, c, r);
  }

  // What stands in the way of the next life; "" = nothing known.
  [[nodiscard]] json::Object waiting_state(const ContainerSpec& c) const {
    const auto& v = o_.view(c.name);
    if (!v.error_reason.empty()) return waiting(v.error_reason, v.error_message);
    if (v.image.state == ImageView::State::kFailed) return waiting(v.image.reason, v.image.message);
    return {};
  }

  [[nodiscard]] json::Object state(const ContainerSpec& c, bool& shows_ended) const {
    const auto& v = o_.view(c.name);
    const auto* r = v.newest();
    if (r != nullptr && r->state == ContainerState::kRunning)
      return {{"running", json::Object{{"startedAt", stamp(r->started)}}}};
    if (r != nullptr && r->state == ContainerState::kExited) {
      if (restarts(c, *r)) {
        if (auto w = waiting_state(c); !w.empty()) return w;
        if (const auto until = backoff_until(*r, o_, in_.now))
          return waiting("CrashLoopBackOff", "back-off " + duration(r->backoff_seconds) +
                                                 " restarting failed container=" + c.name + " pod=" + pod_.name + "_" +
                                                 pod_.ns + "(" + pod_.uid + ")");
        if (r->from_api) return waiting(pod_.init.empty() ? "ContainerCreating" : "PodInitializing");
      }
      shows_ended = true;
      return {{"terminated", terminated(*r)}};
    }
    if (auto w = waiting_state(c); !w.empty()) return w;
    return waiting(pod_.init.empty() ? "ContainerCreating" : "PodInitializing");
  }

  // "10s", "1m20s", "5m0s": as Go prints a duration.
  static std::string duration(int64_t seconds) {
    if (seconds < 60) return std::to_string(seconds) + "s";
    return std::to_string(seconds / 60) + "m" + std::to_string(seconds % 60) + "s";
  }

  // The life before the one that `state` shows.
  [[nodiscard]] json::Object last_state(const ContainerSpec& c, bool shows_ended) const {
    const auto& records = o_.view(c.name).records;
    const ContainerRecord* last = nullptr;
    for (size_t i = 0; i < records.size() && last == nullptr; ++i) {
      if (records[i].state != ContainerState::kExited) continue;
      if (i == 0 && shows_ended) continue;
      last = &records[i];
    }
    if (last != nullptr) return {{"terminated", terminated(*last)}};
    const auto* before = previous_container(in_.previous, c);
    if (before == nullptr) return {};
    const std::string id = records.empty() ? std::string() : record_id(records.front());
    const json::Value entry(*before);
    const bool later = !records.empty() && records.front().attempt > json::int_at(entry, {"restartCount"});
    if (later || (!id.empty() && json::string_at(entry, {"containerID"}) != id)) {  // the API shows the life before
      if (const auto* t = json::find(entry, {"state", "terminated"}); t != nullptr && t->is_object())
        return {{"terminated", t->get_object()}};
      if (json::find(entry, {"state", "running"}) != nullptr)
        return {{"terminated", terminated(lost_record(entry, 0, in_.now))}};
    }
    return json::object_at(entry, {"lastState"});
  }

  [[nodiscard]] static bool started(const ContainerView& v, const ContainerRecord* r) {
    return r != nullptr && r->state == ContainerState::kRunning && v.started;
  }

  [[nodiscard]] bool ready(const ContainerSpec& c) const {
    const auto& v = o_.view(c.name);
    const auto* r = v.newest();
    if (c.init && !c.sidecar) return r != nullptr && r->state == ContainerState::kExited && r->exit_code == 0;
    return started(v, r) && v.ready;
  }

  [[nodiscard]] json::Object container(const ContainerSpec& c) const {
    const auto& v = o_.view(c.name);
    const auto* r = v.newest();
    const auto* before = previous_container(in_.previous, c);
    json::Object out;
    out["name"] = c.name;
    bool shows_ended = false;
    out["state"] = state(c, shows_ended);
    out["lastState"] = last_state(c, shows_ended);
    out["ready"] = ready(c);
    int64_t restarts = before == nullptr ? 0 : json::int_at(json::Value(*before), {"restartCount"});
    if (r != nullptr) restarts = std::max<int64_t>(restarts, r->attempt);
    out["restartCount"] = restarts;
    out["image"] = c.image;
    out["imageID"] = "";
    if (r != nullptr && !r->image_id.empty()) {
      const auto names = in_.image_names ? in_.image_names(r->image_id) : ImageNames{};
      if (!names.image.empty()) out["image"] = names.image;
      out["imageID"] = names.image_id.empty() ? r->image_id : names.image_id;
    } else if (r != nullptr && r->from_api && before != nullptr) {
      out["image"] = json::string_at(json::Value(*before), {"image"});
      out["imageID"] = json::string_at(json::Value(*before), {"imageID"});
    }
    if (r != nullptr && !r->id.empty() && r->state != ContainerState::kCreated) out["containerID"] = record_id(*r);
    out["started"] = started(v, r);
    return out;
  }

  [[nodiscard]] bool initialized() const {
    for (const auto& c : pod_.init) {
      const auto* r = o_.view(c.name).newest();
      if (r == nullptr) return false;
      if (c.sidecar ? !started(o_.view(c.name), r) && r->state == ContainerState::kRunning
                    : !(r->state == ContainerState::kExited && r->exit_code == 0))
        return false;
    }
    return true;
  }

  [[nodiscard]] std::string phase() const {
    if (!in_.failed_reason.empty()) return "Failed";
    if (const auto now = json::string_at(in_.previous, {"phase"}); now == "Failed" || now == "Succeeded")
      return std::string(now);  // never leaves a final phase
    for (const auto& c : pod_.init) {
      const auto* r = o_.view(c.name).newest();
      if (!c.sidecar && r != nullptr && r->state == ContainerState::kExited && r->exit_code != 0 && !restarts(c, *r))
        return "Failed";
    }
    size_t fresh = 0;
    size_t running = 0;
    size_t ended = 0;
    size_t failed = 0;
    bool again = false;
    for (const auto& c : pod_.app) {
      const auto* r = o_.view(c.name).newest();
      if (r == nullptr || r->state == ContainerState::kCreated) {
        ++fresh;
      } else if (r->state == ContainerState::kRunning) {
        ++running;
      } else {
        ++ended;
        if (r->exit_code != 0) ++failed;
        again = again || restarts(c, *r);
      }
    }
    // Between being told to stop and stopped: a container that never ran must not turn the pod into a result.
    if (in_.terminating && fresh == pod_.app.size()) return "Failed";
    if (fresh > 0 && running == 0 && ended == 0) return "Pending";
    if (running > 0) return fresh > 0 && !initialized() ? "Pending" : "Running";
    if (fresh > 0 && !in_.terminating) return "Pending";
    if (again) return "Running";
    return failed > 0 || fresh > 0 ? "Failed" : "Succeeded";
  }

  struct Condition {
    std::string_view type;
    bool status = false;
    std::string reason;
    std::string message;
  };

  static std::string names_message(std::string_view what, const std::vector<std::string>& names) {
    return std::string(what) + " [" + base::join(names, " ") + "]";
  }

  [[nodiscard]] Condition initialized_condition(const std::string& phase) const {
    if (phase == "Succeeded") return {"Initialized", true, pod_.init.empty() ? "" : "PodCompleted", {}};
    std::vector<std::string> names;
    for (const auto& c : pod_.init) {
      const auto* r = o_.view(c.name).newest();
      const bool ok = c.sidecar ? started(o_.view(c.name), r)
                                : r != nullptr && r->state == ContainerState::kExited && r->exit_code == 0;
      if (!ok) names.push_back(c.name);
    }
    if (names.empty() || initialized()) return {"Initialized", true, {}, {}};
    return {"Initialized", false, "ContainersNotInitialized",
            names_message("containers with incomplete status:", names)};
  }

  [[nodiscard]] Condition containers_ready(const std::string& phase) const {
    if (phase == "Succeeded") return {"ContainersReady", false, "PodCompleted", {}};
    if (phase == "Failed") return {"ContainersReady", false, "PodFailed", {}};
    std::vector<std::string> names;
    for (const auto& c : pod_.init)
      if (c.sidecar && !ready(c)) names.push_back(c.name);
    for (const auto& c : pod_.app)
      if (!ready(c)) names.push_back(c.name);
    if (names.empty()) return {"ContainersReady", true, {}, {}};
    return {"ContainersReady", false, "ContainersNotReady", names_message("containers with unready status:", names)};
  }

  [[nodiscard]] Condition ready_condition(const Condition& containers) const {
    Condition out = containers;
    out.type = "Ready";
    if (!out.status) return out;
    for (const auto& gate : json::array_at(*pod_.document, {"spec", "readinessGates"})) {
      const auto type = json::string_at(gate, {"conditionType"});
      const auto* found = previous_condition(type);
      if (found != nullptr && json::string_at(*found, {"status"}) == "True") continue;
      return {"Ready", false, "ReadinessGatesNotReady",
              "the status of pod readiness gate \"" + std::string(type) + "\" is not \"True\", but False"};
    }
    return out;
  }

  [[nodiscard]] const json::Value* previous_condition(std::string_view type) const {
    for (const auto& entry : json::array_at(in_.previous, {"conditions"}))
      if (json::string_at(entry, {"type"}) == type) return &entry;
    return nullptr;
  }

  [[nodiscard]] json::Object document(const Condition& c) const {
    const std::string_view status = c.status ? "True" : "False";
    json::Object out;
    out["type"] = c.type;
    out["status"] = status;
    out["lastProbeTime"] = nullptr;
    const auto* before = previous_condition(c.type);
    if (before != nullptr && json::string_at(*before, {"status"}) == status)
      out["lastTransitionTime"] = json::string_at(*before, {"lastTransitionTime"});
    else
      out["lastTransitionTime"] = stamp(in_.now);
    if (!c.reason.empty()) out["reason"] = c.reason;
    if (!c.message.empty()) out["message"] = c.message;
    return out;
  }

  [[nodiscard]] json::Array conditions(const std::string& phase) const {
    const auto containers = containers_ready(phase);
    const bool net = o_.current() != nullptr && o_.network_attached;
    const std::vector<Condition> ours{{"PodReadyToStartContainers", net, {}, {}},
                                      initialized_condition(phase),
                                      ready_condition(containers),
                                      containers,
                                      {"PodScheduled", true, {}, {}}};
    json::Array out;
    for (const auto& c : ours) out.push_back(document(c));
    for (const auto& entry : json::array_at(in_.previous, {"conditions"})) {
      const auto type = json::string_at(entry, {"type"});
      if (std::none_of(ours.begin(), ours.end(), [&](const auto& c) { return c.type == type; })) out.push_back(entry);
    }
    return out;
  }

  const StatusInput& in_;
  const PodSpec& pod_;
  const Observed& o_;
};

}  // namespace

std::string stamp(WallTime time) { return base::format_rfc3339(time); }

json::Value build_status(const StatusInput& in) { return Builder(in).build(); }

void add_api_records(const PodSpec& pod, const json::Value& previous, Observed& observed, WallTime now) {
  const auto look = [&](const ContainerSpec& c) {
    const auto* before = previous_container(previous, c);
    if (before == nullptr) return;
    const json::Value entry(*before);
    const auto restarts = static_cast<uint32_t>(std::max<int64_t>(0, json::int_at(entry, {"restartCount"})));
    auto& view = observed.containers[c.name];
    if (!view.records.empty()) return;
    if (const auto* t = json::find(entry, {"state", "terminated"}); t != nullptr && t->is_object())
      view.records.push_back(record_of(*t, restarts));
    else if (const auto* run = json::find(entry, {"state", "running"}); run != nullptr && run->is_object())
      view.records.push_back(lost_record(entry, restarts, now));
    else if (const auto* last = json::find(entry, {"lastState", "terminated"}); last != nullptr && last->is_object())
      view.records.push_back(record_of(*last, restarts));
    auto& floor = observed.attempt_floor[c.name];
    floor = std::max(floor, view.records.empty() ? restarts : restarts + 1);
  };
  for (const auto& c : pod.init) look(c);
  for (const auto& c : pod.app) look(c);
}

}  // namespace appliance::orchestrator::kubelet
