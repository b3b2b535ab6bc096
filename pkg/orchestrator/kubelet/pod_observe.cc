// PodWorker: what is observed of a pod.
#include <algorithm>

#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/kubelet/container_config.h"
#include "orchestrator/kubelet/pod_worker.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;
using std::chrono::seconds;

constexpr size_t kTerminationBytesMax = 4096;           // of the API
constexpr size_t kTerminationFileBytesMax = 1U << 20U;  // a longer file is not read at all
constexpr size_t kFallbackBytesMax = 2048;              // of FallbackToLogsOnError
constexpr int kFallbackLinesMax = 80;

ContainerRecord record_of(const runtime::cri::ContainerStatus& s) {
  ContainerRecord r;
  r.id = s.id;
  r.sandbox_id = s.sandbox_id;
  r.attempt = s.attempt;
  r.state = s.state;
  r.exit_code = s.exit_code;
  r.signal = s.signal;
  r.reason = s.reason;
  r.message = s.message;
  r.created = s.created;
  r.started = s.started;
  r.finished = s.finished;
  r.image_id = s.image_id;
  if (const auto found = s.annotations.find(std::string(kBackoffAnnotation)); found != s.annotations.end())
    r.backoff_seconds = base::parse_int<int64_t>(found->second).value_or(0);
  if (r.state == ContainerState::kUnknown) {
    r.state = ContainerState::kExited;
    r.exit_code = 137;
    r.reason = kReasonUnknown;
  }
  return r;
}

// The last lines of a CRI log, without time and stream: FallbackToLogsOnError.
std::string log_tail(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text) return {};
  std::vector<std::string> lines;
  for (const auto line : base::split(*text, '\n')) {
    const auto fields = base::split(line, ' ');
    if (fields.size() < 4) continue;
    lines.emplace_back(line.substr(fields[0].size() + fields[1].size() + fields[2].size() + 3));
    if (lines.size() > kFallbackLinesMax) lines.erase(lines.begin());
  }
  std::string out = base::join(lines, "\n");
  if (out.size() > kFallbackBytesMax) out.erase(0, out.size() - kFallbackBytesMax);
  return out;
}

}  // namespace

void PodWorker::observe_container(Frame& f, Observed& out, const ContainerSpec& c) {
  auto& view = out.containers[c.name];
  std::sort(view.records.begin(), view.records.end(), [](const auto& a, const auto& b) {
    return a.attempt != b.attempt ? a.attempt > b.attempt : a.created > b.created;
  });
  const std::lock_guard lock(f.pod.mutex);
  auto& memo = f.pod.memos[c.name];
  const auto* r = view.newest();
  if (r != nullptr && r->state == ContainerState::kRunning &&
      memo.id != r->id) {  // adopted: what the API says holds on
    memo.id = r->id;
    memo.restart_wanted = false;
    memo.hook_done = true;
    memo.startup_passed = !c.startup;
    memo.readiness_passed = !c.readiness;
    for (const auto& entry : json::array_at(f.pod.status, {c.init ? "initContainerStatuses" : "containerStatuses"})) {
      if (json::string_at(entry, {"containerID"}) != std::string(kContainerIdScheme) + r->id) continue;
      memo.startup_passed = memo.startup_passed || json::bool_at(entry, {"started"});
      memo.readiness_passed = memo.readiness_passed || json::bool_at(entry, {"ready"});
    }
  }
  view.started = memo.hook_done && memo.startup_passed;
  view.ready = view.started && memo.readiness_passed;
  view.restart_wanted = r != nullptr && memo.id == r->id && memo.restart_wanted;
  view.restart_message = memo.restart_message;
  view.restart_grace_seconds = memo.restart_grace_seconds;
  view.stopping = r != nullptr && !memo.stopping_id.empty() && memo.stopping_id == r->id;
  view.stop_deadline = memo.stop_deadline;
  if (memo.image.state == ImageView::State::kFailed && memo.image.reason == "ErrImagePull" &&
      d_.clock.now() - memo.image_failed_at >= seconds(1)) {
    memo.image.reason = "ImagePullBackOff";
    memo.image.message = "Back-off pulling image \"" + c.image + "\": ErrImagePull: " + memo.image.message;
    d_.events.normal(about(f.spec, &c), "BackOff", "Back-off pulling image \"" + c.image + "\"");
    d_.events.warning(about(f.spec, &c), "Failed", "Error: ImagePullBackOff");
  }
  view.image = memo.image;
  view.error_reason = memo.error_reason;
  view.error_message = memo.error_message;
  view.error_retry_at = memo.error_retry_at;
}

// For streams, and a pod without a spec gets its containers from here.
void PodWorker::publish_lives(Frame& f, Observed& observed) {
  if (f.spec.app.empty() && !observed.containers.empty()) {
    auto& spec = *f.pod.spec;
    for (const auto& [name, view] : observed.containers) {
      ContainerSpec c;
      c.name = name;
      c.raw = &json::object_at(*spec.document, {});
      spec.app.push_back(std::move(c));
    }
  }
  const std::string dir = pod_log_dir(d_.options.pod_log_root, f.spec.ns, f.spec.name, f.spec.uid) + '/';
  std::map<std::string, ContainerLife> lives;
  for (const auto& [name, view] : observed.containers)
    for (const auto& r : view.records) {
      auto& life = lives[name];
      if (!life.id.empty() && life.attempt >= r.attempt) continue;
      life = {.id = r.id, .attempt = r.attempt, .state = r.state, .log_path = dir + log_path(name, r.attempt)};
    }
  if (lives.empty() && observed.sandboxes.empty()) return;  // given back: what was known last stays for logs
  const std::lock_guard lock(f.pod.mutex);
  f.pod.lives = std::move(lives);
}

// Each ended life's message is read once.
void PodWorker::read_termination_messages(Frame& f, Observed& observed) {
  std::map<std::string, std::string> known;
  for (auto& [name, view] : observed.containers)
    for (auto& r : view.records) {
      if (r.state != ContainerState::kExited) continue;
      const auto found = f.pod.termination_messages.find(r.id);
      auto& message = known[r.id];
      if (found != f.pod.termination_messages.end()) {
        message = found->second;
      } else {
        if (const auto text = base::read_file(f.dir.termination_log(name, r.attempt), kTerminationFileBytesMax))
          message = text->substr(0, kTerminationBytesMax);
        const auto* c = f.spec.find(name);
        if (message.empty() && r.exit_code != 0 && c != nullptr && c->termination_fallback_logs)
          message = log_tail(pod_log_dir(d_.options.pod_log_root, f.spec.ns, f.spec.name, f.spec.uid) + '/' +
                             log_path(name, r.attempt));
      }
      for (int i = 0; i < 4 && !base::valid_utf8(message); ++i) message.pop_back();  // cut within a character
      if (!base::valid_utf8(message)) message.clear();                               // JSON can't carry it
      if (!message.empty()) r.message = message;
    }
  f.pod.termination_messages = std::move(known);
}

Observed PodWorker::observe(Frame& f) {
  Observed out;
  auto& pod = f.pod;
  for (auto it = pod.sandboxes.begin(); it != pod.sandboxes.end();) {
    auto status = d_.runtime.sandbox_status(it->id);
    if (!status && status.error().code == Code::kNotFound) {
      it = pod.sandboxes.erase(it);
      pod.network_attached = false;
      continue;
    }
    if (status) *it = std::move(*status);
    out.sandboxes.push_back(
        {.id = it->id, .attempt = it->config.attempt, .ready = it->state == runtime::cri::SandboxState::kReady});
    auto containers = d_.runtime.list_containers(it->id);
    if (containers)
      for (const auto& c : *containers) out.containers[c.name].records.push_back(record_of(c));
    ++it;
  }
  out.network_attached = f.spec.host_network ? !out.sandboxes.empty() : pod.network_attached;
  out.pod_ip = pod.pod_ip;
  out.volumes_ready = pod.volumes_ready;
  out.setup_retry_at = pod.setup_retry_at;
  out.setup_error = pod.setup_error;
  out.attempt_floor = pod.attempt_floor;
  read_termination_messages(f, out);
  publish_lives(f, out);
  for (const auto& c : f.spec.init) observe_container(f, out, c);
  for (const auto& c : f.spec.app) observe_container(f, out, c);
  add_api_records(f.spec, pod.status, out, d_.clock.now());
  const auto phase = json::string_at(f.pod.status, {"phase"});
  out.terminal = phase == "Succeeded" || phase == "Failed" || !f.failed_reason.empty();
  return out;
}

}  // namespace appliance::orchestrator::kubelet
