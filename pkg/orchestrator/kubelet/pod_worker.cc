#include "orchestrator/kubelet/pod_worker.h"

#include <algorithm>

#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/kubelet/container_config.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;
using Kind = Action::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kRoundsMax = 64;                  // of one sync; a pod with many init containers needs a few dozen
constexpr auto kApiRetry = milliseconds(1000);  // after a failed write of status
constexpr auto kVolumeRetry = seconds(60);      // of a refresh; the old content stays until then
constexpr int64_t kSetupBackoffMsMax = 30'000;

// Without nulls and empty objects: what the API may have dropped makes no difference.
json::Value bare(const json::Value& value) {
  if (const auto* object = value.if_object()) {
    json::Object out;
    for (const auto& [key, member] : *object) {
      auto inner = bare(member);
      if (inner.is_null() || (inner.is_object() && inner.get_object().empty())) continue;
      out[key] = std::move(inner);
    }
    return out;
  }
  if (const auto* array = value.if_array()) {
    json::Array out;
    for (const auto& element : *array) out.push_back(bare(element));
    return out;
  }
  return value;
}

// A pod that the API has forgotten, from what its sandbox says.
PodSpec spec_from_runtime(const PodState& pod) {
  PodSpec out;
  out.uid = pod.uid;
  out.document = std::make_shared<const json::Value>(json::Object{});
  if (pod.sandboxes.empty()) return out;
  const auto& config = pod.sandboxes.front().config;
  out.name = config.name;
  out.ns = config.namespace_;
  out.host_network = config.host_network;
  if (const auto found = config.annotations.find(std::string(kAnnotationGrace)); found != config.annotations.end())
    out.grace_seconds = base::parse_int<int64_t>(found->second).value_or(30);
  return out;
}

}  // namespace

WorkerMetrics::WorkerMetrics(base::Metrics& m)
    : syncs(m.counter("appliance_kubelet_pod_syncs_total", "Looks at a pod.")),
      containers_started(m.counter("appliance_kubelet_containers_started_total", "Containers started.")),
      errors(m.counter("appliance_kubelet_errors_total", "Steps of a pod that failed.")),
      pod_start_seconds(m.histogram("appliance_kubelet_pod_start_seconds",
                                    "From first sight of a pod to its status Running being written.",
                                    {0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60})) {}

void PodWorker::drain_until(WallTime deadline) { drain_deadline_ns_ = deadline.time_since_epoch().count(); }

EventObject PodWorker::about(const PodSpec& pod, const ContainerSpec* container) const {
  EventObject out{.ns = pod.ns, .name = pod.name, .uid = pod.uid};
  if (container != nullptr)
    out.field_path = std::string(container->init ? "spec.initContainers{" : "spec.containers{") + container->name + '}';
  return out;
}

DownwardFacts PodWorker::facts(const Frame& f) const {
  return {.pod_ip = f.spec.host_network ? d_.options.node_ip : f.pod.pod_ip,
          .host_ip = d_.options.node_ip,
          .node_cpu_millis = d_.node.cpu_millis,
          .node_memory_bytes = d_.node.memory_bytes};
}

void PodWorker::wake_at(Frame& f, WallTime when) { f.wake = f.wake ? std::min(*f.wake, when) : when; }

// False when there is nothing to work on.
bool PodWorker::refresh_spec(PodState& pod) {
  client::ObjectPtr object;
  bool gone = false;
  {
    const std::lock_guard lock(pod.mutex);
    object = pod.object;
    gone = pod.gone;
  }
  if (!object) {
    if (!gone && drain_deadline_ns_ == 0) return false;  // adopted, and the API has not been heard yet
    if (!pod.spec) pod.spec = spec_from_runtime(pod);
    return true;
  }
  if (object->revision == pod.revision) return true;
  auto document = json::parse(*object->bytes);
  auto spec = document ? parse_pod(std::move(*document)) : Result<PodSpec>(std::unexpected(document.error()));
  if (!spec) {
    d_.log.error("pod can't be read", {{"pod", object->key.string()}, {"error", spec.error()}});
    return false;
  }
  pod.spec = std::move(*spec);
  pod.revision = object->revision;
  if (object->revision > pod.status_revision) pod.status = pod.spec->status();
  std::set<std::string> sources;
  const auto note = [&](std::string_view resource, std::string_view name) {
    if (!name.empty()) sources.insert(std::string(resource) + '/' + pod.spec->ns + '/' + std::string(name));
  };
  for (const auto& volume : json::array_at(*pod.spec->document, {"spec", "volumes"})) {
    note("configmaps", json::string_at(volume, {"configMap", "name"}));
    note("secrets", json::string_at(volume, {"secret", "secretName"}));
    for (const auto& source : json::array_at(volume, {"projected", "sources"})) {
      note("configmaps", json::string_at(source, {"configMap", "name"}));
      note("secrets", json::string_at(source, {"secret", "name"}));
    }
  }
  const std::lock_guard lock(pod.mutex);
  pod.sources = std::move(sources);
  return true;
}

Desired PodWorker::desired_of(PodState& pod, std::string& failed_reason, std::string& failed_message) {
  Desired out;
  const auto now = d_.clock.now();
  bool gone = false;
  {
    const std::lock_guard lock(pod.mutex);
    gone = pod.gone;
  }
  const auto& spec = *pod.spec;
  const int64_t drain_ns = drain_deadline_ns_;
  if (!gone && !spec.deleting && drain_ns == 0) {
    const auto phase = json::string_at(pod.status, {"phase"});
    if (spec.active_deadline_seconds && phase != "Succeeded" && phase != "Failed") {
      const auto start = base::parse_rfc3339(json::string_at(pod.status, {"startTime"}));
      if (start && now - *start >= seconds(*spec.active_deadline_seconds)) {
        failed_reason = "DeadlineExceeded";
        failed_message = "Pod was active on the node longer than the specified deadline";
      }
    }
    return out;
  }
  out.terminate = true;
  out.report = !gone && drain_ns == 0;
  out.final_delete = spec.deleting && !gone && drain_ns == 0;
  if (!pod.kill_noticed) pod.kill_noticed = now;
  int64_t grace = spec.grace_seconds;
  if (spec.deleting) grace = spec.deletion_grace_seconds;
  if (gone && !spec.deleting) grace = std::min<int64_t>(grace, 30);
  grace = std::max<int64_t>(grace, gone ? 1 : 0);
  out.kill_deadline = *pod.kill_noticed + seconds(grace);
  if (drain_ns != 0) out.kill_deadline = std::min(*out.kill_deadline, WallTime(base::Nanos(drain_ns)));
  return out;
}

json::Value PodWorker::status_of(const Frame& f, const Observed& observed) const {
  return build_status({.pod = f.spec,
                       .observed = observed,
                       .previous = f.pod.status,
                       .node_ip = d_.options.node_ip,
                       .terminating = f.desired.terminate,
                       .failed_reason = f.failed_reason,
                       .failed_message = f.failed_message,
                       .now = d_.clock.now(),
                       .image_names = [this](const std::string& id) {
                         ImageNames out;
                         const auto image = d_.runtime.images().find(id);
                         if (!image) return out;
                         if (!image->repo_tags.empty()) out.image = image->repo_tags.front();
                         if (!image->repo_digests.empty()) out.image_id = image->repo_digests.front();
                         return out;
                       }});
}

PodWorker::Outcome PodWorker::report(Frame& f, const Observed& observed) {
  json::Value status = status_of(f, observed);
  json::Value patch(json::Object{{"metadata", json::Object{{"uid", f.pod.uid}}}, {"status", status}});
  if (const auto* before = f.pod.status.if_object())
    for (const auto& [key, value] : *before)
      if (!status.get_object().contains(key)) patch.get_object()["status"].get_object()[key] = nullptr;
  client::WriteOptions options;
  options.subresource = "status";
  options.field_manager = "kubelet";
  auto answer = d_.client.patch("pods", {f.spec.ns, f.spec.name}, client::PatchType::kMerge, patch, options);
  if (!answer) {
    const bool refused = answer.error().code == Code::kPermissionDenied || answer.error().code == Code::kAborted;
    if (answer.error().code == Code::kNotFound ||
        (refused && d_.reader.pod_is_gone({f.spec.ns, f.spec.name}, f.pod.uid))) {
      f.pod.status = std::move(status);  // the watch will tell; nobody is left to be told
      return Outcome::kProgress;
    }
    d_.log.warn("pod status not written, trying again", {{"pod", f.spec.key()}, {"error", answer.error()}});
    metrics_.errors.add();
    wake_at(f, d_.clock.now() + kApiRetry);
    return Outcome::kFailed;
  }
  if (!f.pod.start_measured && json::string_at(status, {"phase"}) == "Running") {
    f.pod.start_measured = true;
    metrics_.pod_start_seconds.observe(std::chrono::duration<double>(d_.clock.now() - f.pod.first_seen).count());
  }
  f.pod.status = std::move(status);
  f.pod.status_revision =
      base::parse_int<int64_t>(json::string_at(*answer, {"metadata", "resourceVersion"})).value_or(f.pod.revision);
  return Outcome::kProgress;
}

void PodWorker::set_probes(Frame& f, const Observed& observed) {
  std::vector<ProbeTarget> targets;
  const auto look = [&](const ContainerSpec& c) {
    const auto& view = observed.view(c.name);
    const auto* r = view.newest();
    if (r == nullptr || r->state != ContainerState::kRunning || r->from_api || view.restart_wanted) return;
    const auto add = [&](const Probe& probe, ProbeType type) {
      if (!probe) return;
      targets.push_back({.container = c.name,
                         .container_id = r->id,
                         .type = type,
                         .probe = probe,
                         .started = r->started,
                         .pod_ip = f.spec.host_network ? d_.options.node_ip : f.pod.pod_ip});
    };
    bool startup_passed = false;
    {
      const std::lock_guard lock(f.pod.mutex);
      startup_passed = f.pod.memos[c.name].startup_passed;
    }
    if (!startup_passed) return add(c.startup, ProbeType::kStartup);
    add(c.liveness, ProbeType::kLiveness);
    add(c.readiness, ProbeType::kReadiness);
  };
  if (!f.desired.terminate && !observed.terminal) {
    for (const auto& c : f.spec.app) look(c);
    for (const auto& c : f.spec.init)
      if (c.sidecar) look(c);
  }
  d_.prober.set(f.pod.uid, targets);
}

void PodWorker::refresh_volumes(Frame& f) {
  bool changed = false;
  {
    const std::lock_guard lock(f.pod.mutex);
    changed = std::exchange(f.pod.sources_changed, false);
  }
  if (changed) {  // a missing ConfigMap may have come: don't wait for the back-off
    f.pod.setup_retry_at = {};
    const std::lock_guard lock(f.pod.mutex);
    for (auto& [name, memo] : f.pod.memos) memo.error_retry_at = {};
  }
  if (!f.pod.volumes_ready || f.desired.terminate) return;
  const auto now = d_.clock.now();
  if (!changed && now < f.pod.renew_at) {
    if (f.pod.renew_at != WallTime::max()) wake_at(f, f.pod.renew_at);
    return;
  }
  if (const auto made = make_volumes(f); !made) {
    d_.log.warn("volumes not refreshed, the old content stays", {{"pod", f.spec.key()}, {"error", made.error()}});
    f.pod.renew_at = now + kVolumeRetry;
  }
  if (f.pod.renew_at != WallTime::max()) wake_at(f, f.pod.renew_at);
}

void PodWorker::setup_failed(Frame& f, const std::string& reason, const Error& error) {
  metrics_.errors.add();
  d_.log.warn("pod set-up failed, trying again", {{"pod", f.spec.key()}, {"reason", reason}, {"error", error}});
  const std::string prefix = reason == "FailedCreatePodSandBox" ? "Failed to create pod sandbox: " : "";
  d_.events.warning(about(f.spec), reason, prefix + error.message);
  f.pod.setup_backoff_ms = std::clamp<int64_t>(f.pod.setup_backoff_ms * 2, 500, kSetupBackoffMsMax);
  f.pod.setup_retry_at = d_.clock.now() + milliseconds(f.pod.setup_backoff_ms);
  f.pod.setup_error = error.message;
  wake_at(f, f.pod.setup_retry_at);
}

void PodWorker::tell_backoff(Frame& f, const Action& action) {
  {
    const std::lock_guard lock(f.pod.mutex);
    auto& told = f.pod.memos[action.container].backoff_told;
    if (told == action.attempt) return;
    told = action.attempt;
  }
  d_.events.warning(about(f.spec, f.spec.find(action.container)), "BackOff",
                    "Back-off restarting failed container " + action.container + " in pod " + f.spec.name + '_' +
                        f.spec.ns + '(' + f.spec.uid + ')');
}

PodWorker::Outcome PodWorker::apply(Frame& f, const Observed& observed, const Action& action) {
  const auto ignored = [&](const Result<>& result, std::string_view what) {
    if (result || result.error().code == Code::kNotFound) return Outcome::kProgress;
    d_.log.warn("step failed, trying again", {{"step", what}, {"pod", f.spec.key()}, {"error", result.error()}});
    metrics_.errors.add();
    wake_at(f, d_.clock.now() + seconds(1));
    return Outcome::kFailed;
  };
  switch (action.kind) {
    case Kind::kRunSandbox:
      return run_sandbox(f, action);
    case Kind::kAttachNet:
      return attach_net(f);
    case Kind::kSetupVolumes:
      return setup_volumes(f);
    case Kind::kEnsureImage:
      return ensure_image(f, action);
    case Kind::kCreateContainer:
      return create_container(f, action);
    case Kind::kStartContainer:
      return start_container(f, action);
    case Kind::kStopContainer:
      return stop_container(f, action);
    case Kind::kRemoveContainer:
      return ignored(d_.runtime.remove_container(action.id), "remove container");
    case Kind::kStopSandbox:
      return ignored(d_.runtime.stop_sandbox(action.id), "stop sandbox");
    case Kind::kRemoveSandbox:
      return remove_sandbox(f, action.id);
    case Kind::kDetachNet: {
      const auto outcome =
          f.spec.host_network ? Outcome::kProgress : ignored(d_.net.detach(f.pod.uid), "detach network");
      if (outcome == Outcome::kProgress) f.pod.network_attached = false;
      return outcome;
    }
    case Kind::kReportStatus:
      return report(f, observed);
    case Kind::kTeardownVolumes:
      return teardown_volumes(f);
    case Kind::kFinalDelete:
      return final_delete(f);
    case Kind::kForget:
      f.pod.done = true;
      if (f.gone || !f.desired.report) d_.forget(f.pod.uid);
      return Outcome::kNothing;
    case Kind::kWaitUntil:
      wake_at(f, action.deadline);
      if (!action.container.empty()) tell_backoff(f, action);
      return Outcome::kNothing;
  }
  return Outcome::kNothing;
}

void PodWorker::sync(const std::shared_ptr<PodState>& shared) {
  auto& pod = *shared;
  metrics_.syncs.add();
  if (!refresh_spec(pod)) return;
  if (pod.first_seen == WallTime{}) pod.first_seen = d_.clock.now();
  Frame f{.shared = shared,
          .pod = pod,
          .spec = *pod.spec,
          .dir = PodDir(d_.options.data_dir, pod.uid),
          .desired = {},
          .failed_reason = {},
          .failed_message = {},
          .wake = {}};
  {
    const std::lock_guard lock(pod.mutex);
    f.gone = pod.gone;
  }
  if (pod.done) {
    if (f.gone) d_.forget(pod.uid);
    return;
  }
  f.desired = desired_of(pod, f.failed_reason, f.failed_message);
  if (f.spec.active_deadline_seconds && !f.desired.terminate && f.failed_reason.empty())
    if (const auto start = base::parse_rfc3339(json::string_at(pod.status, {"startTime"})))
      wake_at(f, *start + seconds(*f.spec.active_deadline_seconds));
  refresh_volumes(f);
  Observed observed;
  for (int round = 0; round < kRoundsMax; ++round) {
    observed = observe(f);
    observed.reported = bare(status_of(f, observed)) == bare(pod.status);
    bool progress = false;
    bool failed = false;
    for (const auto& action : plan(f.spec, f.desired, observed, d_.clock.now())) {
      const auto outcome = apply(f, observed, action);
      progress = progress || outcome == Outcome::kProgress;
      failed = outcome == Outcome::kFailed;
      if (failed || pod.done) break;
    }
    if (!progress || failed || pod.done) break;
  }
  if (!pod.done && f.desired.report) {  // what went wrong, or is waited for, is part of the status
    observed = observe(f);
    if (bare(status_of(f, observed)) != bare(pod.status)) (void)report(f, observed);  // a failure sets the timer
  }
  set_probes(f, pod.done ? Observed{} : observed);
  d_.changed(pod.uid);
  if (f.wake && !pod.done)
    d_.queue.add_at(pod.uid, d_.clock.monotonic() + std::max<base::Nanos>(*f.wake - d_.clock.now(), milliseconds(1)));
}

void PodWorker::on_verdict(PodState& pod, const ProbeReport& report) {
  {
    const std::lock_guard lock(pod.mutex);
    auto& memo = pod.memos[report.container];
    if (memo.id != report.container_id) return;
    switch (report.type) {
      case ProbeType::kReadiness:
        memo.readiness_passed = report.success;
        break;
      case ProbeType::kStartup:
      case ProbeType::kLiveness:
        if (report.success) {
          memo.startup_passed = memo.startup_passed || report.type == ProbeType::kStartup;
        } else {
          memo.restart_wanted = true;
          memo.restart_grace_seconds = report.grace_seconds;
          memo.restart_message = "Container " + report.container + " failed " +
                                 base::to_lower(probe_name(report.type)) + " probe, will be restarted";
        }
    }
  }
  d_.queue.add(pod.uid);
}

void PodWorker::on_probe_failure(PodState& pod, const ProbeReport& report) {
  client::ObjectPtr object;
  {
    const std::lock_guard lock(pod.mutex);
    object = pod.object;
  }
  if (!object) return;
  std::string output = report.output;
  if (output.size() > 900) output.resize(900);  // an event's message holds 1024
  d_.events.warning({.ns = object->key.ns,
                     .name = object->key.name,
                     .uid = pod.uid,
                     .field_path = "spec.containers{" + report.container + "}"},
                    "Unhealthy", std::string(probe_name(report.type)) + " probe failed: " + output);
}

}  // namespace appliance::orchestrator::kubelet
