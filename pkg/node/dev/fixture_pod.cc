// Pods of a fixture and the events about them.
#include "node/dev/fixture_hostile.h"
#include "node/dev/fixture_objects.h"

namespace appliance::node::dev {
namespace {

using base::WallTime;
using json::Array;
using json::Object;
using json::Value;

std::string stamp(WallTime time) { return base::format_rfc3339(time); }

// Neighbours differ by one. Those on no node have none.
size_t pod_number(const FixturePlan& plan, const PlannedPod& pod) {
  return pod.node < 0 ? 0 : pod.slot * plan.nodes.size() + static_cast<size_t>(pod.node);
}

Object condition(std::string_view type, bool is, WallTime since, std::string_view reason = {},
                 const std::string& message = {}) {
  Object out{{"type", type},
             {"status", is ? "True" : "False"},
             {"lastProbeTime", nullptr},
             {"lastTransitionTime", stamp(since)}};
  if (!reason.empty()) out["reason"] = reason;
  if (!message.empty()) out["message"] = message;
  return out;
}

// One pod's document, step by step.
class PodMaker {
 public:
  PodMaker(const FixturePlan& plan, const PlannedPod& pod, WallTime now)
      : plan_(plan),
        pod_(pod),
        w_(plan.workload_of(pod)),
        now_(now),
        created_(now - std::chrono::seconds(pod.age_seconds)),
        started_(pod.restarts == 0 ? created_ + std::chrono::seconds(4)
                                   : now - std::chrono::seconds(pod.age_seconds / (pod.restarts + 1U))) {}

  Value make() {
    return Object{
        {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata()}, {"spec", spec()}, {"status", status()}};
  }

 private:
  [[nodiscard]] bool has_node() const { return pod_.node >= 0; }
  [[nodiscard]] const PlannedNode& node() const { return plan_.nodes[static_cast<size_t>(pod_.node)]; }
  [[nodiscard]] bool is(Trouble trouble) const { return pod_.trouble == trouble; }
  [[nodiscard]] bool runs() const { return is(Trouble::kNone) || is(Trouble::kOutOfMemory) || is(Trouble::kNotReady); }
  [[nodiscard]] bool ready() const { return is(Trouble::kNone) || is(Trouble::kOutOfMemory); }

  Object metadata() const {
    Object notes{{kWrittenAt, written_at(now_)}};
    if (!is(Trouble::kNone)) notes[kTroubleNote] = trouble_name(pod_.trouble);
    if (w_.sidecar) notes["kubectl.kubernetes.io/default-container"] = "app";
    if (w_.hostile) {
      for (size_t i = 0; i < hostile_texts().size(); ++i)
        notes["hostile.example.com/n" + std::to_string(i)] = hostile_text(i);
      const bool first = &pod_ == &plan_.pods[w_.first_pod];
      notes[kLogNote] = first ? kLogLongLine : kLogHostile;
      notes["hostile.example.com/long"] = long_text(kHostileValueBytes);
    }
    Object labels{{"app", w_.name}, {"app.kubernetes.io/part-of", w_.ns}, {"pod-template-hash", w_.hash}};
    if (w_.hostile) {  // labels are checked: what is left are long ones, and names that objects of JavaScript have
      labels["hostile.example.com/" + std::string(63, 'x')] = std::string(63, 'L');
      labels["constructor"] = "hasOwnProperty";
    }
    return {{"name", pod_.name},
            {"generateName", w_.replica_set() + '-'},
            {"namespace", w_.ns},
            {"uid", pod_.uid},
            {"creationTimestamp", stamp(created_)},
            {"labels", std::move(labels)},
            {"annotations", std::move(notes)},
            {"ownerReferences", Array{Object{{"apiVersion", "apps/v1"},
                                             {"kind", "ReplicaSet"},
                                             {"name", w_.replica_set()},
                                             {"uid", w_.replica_set_uid},
                                             {"controller", true},
                                             {"blockOwnerDeletion", true}}}}};
  }

  Object spec() const {
    auto out = pod_template_spec(w_);
    if (has_node()) out["nodeName"] = node().name;
    Array tolerations;
    for (const auto* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
      tolerations.push_back(
          Object{{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
    out["tolerations"] = std::move(tolerations);
    out["serviceAccountName"] = "default";
    out["serviceAccount"] = "default";
    out["priority"] = 0;
    out["enableServiceLinks"] = true;
    out["preemptionPolicy"] = "PreemptLowerPriority";
    return out;
  }

  Object status() const {
    if (is(Trouble::kUnschedulable)) {
      return {{"phase", "Pending"},
              {"conditions",
               Array{condition("PodScheduled", false, created_, "Unschedulable", event_text(plan_, pod_).message)}},
              {"qosClass", "Burstable"}};
    }
    const std::string not_ready = "containers with unready status: [app]";
    const auto since = ready() ? started_ + std::chrono::seconds(6) : started_;
    Array conditions{condition("PodScheduled", true, created_), condition("Initialized", true, created_)};
    for (const auto* type : {"ContainersReady", "Ready"})
      conditions.push_back(ready() ? condition(type, true, since)
                                   : condition(type, false, since, "ContainersNotReady", not_ready));
    Object out{{"phase", is(Trouble::kImagePull) ? "Pending" : "Running"},
               {"conditions", std::move(conditions)},
               {"hostIP", node_ip(node())},
               {"hostIPs", Array{Object{{"ip", node_ip(node())}}}},
               {"podIP", pod_ip(plan_, pod_)},
               {"podIPs", Array{Object{{"ip", pod_ip(plan_, pod_)}}}},
               {"startTime", stamp(created_)},
               {"qosClass", "Burstable"}};
    Array containers{app_status()};
    if (w_.sidecar) containers.push_back(other_status("proxy", "registry.example.com/mesh/proxy:3.1.4", true));
    out["containerStatuses"] = std::move(containers);
    if (w_.init) out["initContainerStatuses"] = Array{other_status("migrate", w_.image(), false)};
    return out;
  }

  [[nodiscard]] std::string container_id(std::string_view name) const {
    return "containerd://" + pod_.uid.substr(0, 8) + pod_.uid.substr(9, 4) + '-' + std::string(name) + '-' +
           std::to_string(pod_.restarts);
  }

  Object app_status() const {
    const std::string image = is(Trouble::kImagePull) ? w_.image() + "-typo" : w_.image();
    Object out{{"name", "app"},
               {"image", w_.image()},
               {"imageID", runs() || is(Trouble::kCrashLoop) ? image + "@sha256:" + std::string(64, 'a') : ""},
               {"ready", ready()},
               {"started", runs()},
               {"restartCount", pod_.restarts}};
    if (runs()) {
      out["state"] = Object{{"running", Object{{"startedAt", stamp(started_)}}}};
      out["containerID"] = container_id("app");
    } else {
      out["state"] =
          Object{{"waiting", Object{{"reason", is(Trouble::kImagePull) ? "ImagePullBackOff" : "CrashLoopBackOff"},
                                    {"message", waiting_message()}}}};
    }
    out["lastState"] = pod_.restarts == 0 ? Object{} : Object{{"terminated", last_end()}};
    return out;
  }

  [[nodiscard]] std::string waiting_message() const {
    std::string out = is(Trouble::kImagePull) ? "Back-off pulling image \"" + w_.image() + "\""
                                              : "back-off 5m0s restarting failed container=app pod=" + pod_.name + '_' +
                                                    w_.ns + '(' + pod_.uid + ')';
    if (w_.hostile) out += std::string(" ") + std::string(hostile_text(pod_number(plan_, pod_)));
    return out;
  }

  Object last_end() const {
    const bool memory = is(Trouble::kOutOfMemory);
    return {{"exitCode", memory ? 137 : 1},
            {"reason", memory ? "OOMKilled" : "Error"},
            {"startedAt", stamp(started_ - std::chrono::seconds(90))},
            {"finishedAt", stamp(started_ - std::chrono::seconds(2))},
            {"containerID", container_id("app") + "-before"}};
  }

  Object other_status(std::string_view name, const std::string& image, bool running) const {
    Object out{{"name", name},
               {"image", image},
               {"imageID", image + "@sha256:" + std::string(64, 'b')},
               {"ready", true},
               {"started", running},
               {"restartCount", 0},
               {"containerID", container_id(name)},
               {"lastState", Object{}}};
    if (running)
      out["state"] = Object{{"running", Object{{"startedAt", stamp(created_ + std::chrono::seconds(3))}}}};
    else
      out["state"] = Object{{"terminated", Object{{"exitCode", 0},
                                                  {"reason", "Completed"},
                                                  {"startedAt", stamp(created_ + std::chrono::seconds(2))},
                                                  {"finishedAt", stamp(created_ + std::chrono::seconds(3))},
                                                  {"containerID", container_id(name)}}}};
    return out;
  }

  const FixturePlan& plan_;
  const PlannedPod& pod_;
  const PlannedWorkload& w_;
  const WallTime now_;
  const WallTime created_;
  const WallTime started_;
};

}  // namespace

std::string written_at(WallTime time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

std::string node_ip(const PlannedNode& node) {
  return "192.168." + std::to_string(node.number / 250) + '.' + std::to_string(node.number % 250 + 1);
}

std::string pod_ip(const FixturePlan& plan, const PlannedPod& pod) {
  if (pod.node < 0) return {};
  const int node = plan.nodes[static_cast<size_t>(pod.node)].number;
  return "10." + std::to_string(100 + node / 16) + '.' + std::to_string(node % 16 * 16 + pod.slot / 256) + '.' +
         std::to_string(pod.slot % 256);
}

Object pod_template_spec(const PlannedWorkload& w) {
  const int cpu = w.trouble == Trouble::kUnschedulable ? 96'000 : w.cpu_millis;
  Array env{Object{{"name", "PORT"}, {"value", std::to_string(w.port())}}, Object{{"name", "TIER"}, {"value", w.ns}}};
  if (w.hostile)
    for (size_t i = 0; i < hostile_texts().size(); ++i)
      env.push_back(Object{{"name", "HOSTILE_" + std::to_string(i)}, {"value", hostile_text(i)}});
  Object app{
      {"name", "app"},
      {"image", w.image()},
      {"args", Array{"serve", "--port=" + std::to_string(w.port())}},
      {"ports", Array{Object{{"name", "http"}, {"containerPort", w.port()}}}},
      {"env", std::move(env)},
      {"resources",
       Object{{"requests", Object{{"cpu", std::to_string(cpu) + 'm'}, {"memory", std::to_string(w.memory_mib) + "Mi"}}},
              {"limits", Object{{"memory", std::to_string(w.memory_mib * 2) + "Mi"}}}}},
      {"readinessProbe", Object{{"httpGet", Object{{"path", "/ready"}, {"port", w.port()}}}, {"periodSeconds", 10}}}};
  Array containers{std::move(app)};
  if (w.sidecar) containers.push_back(Object{{"name", "proxy"}, {"image", "registry.example.com/mesh/proxy:3.1.4"}});
  Object out{{"containers", std::move(containers)}};
  if (w.init)
    out["initContainers"] = Array{Object{{"name", "migrate"}, {"image", w.image()}, {"args", Array{"migrate"}}}};
  return out;
}

EventText event_text(const FixturePlan& plan, const PlannedPod& pod) {
  const auto& w = plan.workload_of(pod);
  EventText out;
  switch (pod.trouble) {
    case Trouble::kNone:
      out = {"Normal", "Started", "Started container app", "kubelet"};
      break;
    case Trouble::kCrashLoop:
      out = {"Warning", "BackOff",
             "Back-off restarting failed container app in pod " + pod.name + '_' + w.ns + '(' + pod.uid + ')',
             "kubelet"};
      break;
    case Trouble::kOutOfMemory:
      out = {"Warning", "OOMKilling", "Memory limit of " + std::to_string(w.memory_mib * 2) + "Mi was exceeded",
             "kubelet"};
      break;
    case Trouble::kImagePull:
      out = {"Warning", "Failed", "Failed to pull image \"" + w.image() + "\": not found", "kubelet"};
      break;
    case Trouble::kUnschedulable:
      out = {"Warning", "FailedScheduling",
             "0/" + std::to_string(plan.nodes.size()) + " nodes are available: " + std::to_string(plan.nodes.size()) +
                 " Insufficient cpu.",
             "default-scheduler"};
      break;
    case Trouble::kNotReady:
      out = {"Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "kubelet"};
      break;
  }
  if (w.hostile) out.message += ' ' + std::string(hostile_text(pod_number(plan, pod)));
  return out;
}

std::string event_name(const PlannedPod& pod) { return pod.name + '.' + pod.uid.substr(0, 8); }

bool has_event(const FixturePlan& plan, size_t pod) {
  return plan.pods[pod].trouble != Trouble::kNone || plan.workload_of(plan.pods[pod]).hostile || pod % 20 == 0;
}

Value pod_event(const FixturePlan& plan, const PlannedPod& pod, int count, WallTime first, WallTime last) {
  const auto& w = plan.workload_of(pod);
  auto text = event_text(plan, pod);
  const std::string host = pod.node < 0 ? std::string() : plan.nodes[static_cast<size_t>(pod.node)].name;
  Object about{{"kind", "Pod"}, {"namespace", w.ns}, {"name", pod.name}, {"uid", pod.uid}, {"apiVersion", "v1"}};
  if (text.component == "kubelet") about["fieldPath"] = "spec.containers{app}";
  Object source{{"component", text.component}};
  if (!host.empty()) source["host"] = host;
  return Object{{"apiVersion", "v1"},
                {"kind", "Event"},
                {"metadata", Object{{"name", event_name(pod)},
                                    {"namespace", w.ns},
                                    {"uid", "e0000000" + pod.uid.substr(8)},
                                    {"creationTimestamp", stamp(first)},
                                    {"annotations", Object{{kWrittenAt, written_at(last)}}}}},
                {"involvedObject", std::move(about)},
                {"reason", text.reason},
                {"message", std::move(text.message)},
                {"source", std::move(source)},
                {"firstTimestamp", stamp(first)},
                {"lastTimestamp", stamp(last)},
                {"count", count},
                {"type", text.type},
                {"eventTime", nullptr},
                {"reportingComponent", text.component},
                {"reportingInstance", host}};
}

Value pod_object(const FixturePlan& plan, const PlannedPod& pod, WallTime now) {
  return PodMaker(plan, pod, now).make();
}

}  // namespace appliance::node::dev
