#include "orchestrator/kubelet/plan.h"

#include <algorithm>

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;
using Kind = Action::Kind;
using std::chrono::seconds;

constexpr auto kStopGraceMin = seconds(2);  // after preStop there is at least this (Kubernetes minimumGracePeriod)

bool is_live(const ContainerRecord& r) { return r.state == ContainerState::kRunning; }

bool succeeded(const ContainerRecord& r) { return r.state == ContainerState::kExited && r.exit_code == 0; }

bool in_current_sandbox(const Observed& o, const ContainerRecord& r) {
  return o.current() != nullptr && !r.sandbox_id.empty() && r.sandbox_id == o.current()->id;
}

// The newest record that belongs to the current sandbox.
const ContainerRecord* current_record(const Observed& o, const std::string& name) {
  const auto* newest = o.view(name).newest();
  return newest != nullptr && in_current_sandbox(o, *newest) ? newest : nullptr;
}

class Planner {
 public:
  Planner(const PodSpec& pod, const Desired& desired, const Observed& observed, WallTime now)
      : pod_(pod), desired_(desired), o_(observed), now_(now) {}

  std::vector<Action> run() {
    if (desired_.terminate || o_.terminal)
      terminate();
    else if (pod_finished(pod_, o_))
      finish();
    else
      keep_running();
    return std::move(out_);
  }

 private:
  void add(Action action) { out_.push_back(std::move(action)); }
  void wait(WallTime until) { add({.kind = Kind::kWaitUntil, .deadline = until}); }

  void stop(const ContainerSpec& c, const ContainerRecord& r, WallTime deadline, std::string message) {
    const auto& view = o_.view(c.name);
    if (view.stopping && view.stop_deadline <= deadline) return;
    add({.kind = Kind::kStopContainer,
         .container = c.name,
         .id = r.id,
         .deadline = deadline,
         .message = std::move(message)});
  }

  // Stops what runs: app and plain init containers at once, then sidecars from the last to the first. True when all is
  // down.
  bool all_stopped(WallTime deadline) {
    bool busy = false;
    const auto look = [&](const ContainerSpec& c) {
      const auto* r = o_.view(c.name).newest();
      if (r == nullptr || !is_live(*r) || r->from_api) return false;
      stop(c, *r, deadline, {});
      return true;
    };
    for (const auto& c : pod_.app) busy = look(c) || busy;
    for (const auto& c : pod_.init)
      if (!c.sidecar) busy = look(c) || busy;
    if (busy) return false;
    for (auto c = pod_.init.rbegin(); c != pod_.init.rend(); ++c)
      if (c->sidecar && look(*c)) return false;
    return true;
  }

  void remove_sandboxes() {
    for (const auto& s : o_.sandboxes) add({.kind = Kind::kStopSandbox, .id = s.id});
    if (!o_.sandboxes.empty() || (o_.network_attached && !pod_.host_network)) add({.kind = Kind::kDetachNet});
    for (const auto& s : o_.sandboxes) add({.kind = Kind::kRemoveSandbox, .id = s.id});
  }

  void report() {
    if (desired_.report && !o_.reported) add({.kind = Kind::kReportStatus});
  }

  void terminate() {
    const auto deadline = desired_.kill_deadline.value_or(now_ + seconds(pod_.grace_seconds));
    if (!all_stopped(deadline)) return report();
    report();
    remove_sandboxes();
    if (!desired_.terminate) return;  // finished, but the object stays: keep its files for logs
    add({.kind = Kind::kTeardownVolumes});
    if (desired_.final_delete) add({.kind = Kind::kFinalDelete});
    add({.kind = Kind::kForget});
  }

  // Every app container has ended for good: sidecars go, the result is reported, then the sandbox is given back.
  void finish() {
    if (!all_stopped(now_ + seconds(pod_.grace_seconds))) return report();
    report();
    if (o_.reported || !desired_.report) remove_sandboxes();
  }

  bool prepared() {
    if (o_.setup_retry_at > now_) {
      report();
      wait(o_.setup_retry_at);
      return false;
    }
    if (o_.current() == nullptr) {
      remove_sandboxes();
      const uint32_t attempt = o_.sandboxes.empty() ? 0 : o_.sandboxes.front().attempt + 1;
      add({.kind = Kind::kRunSandbox, .attempt = attempt});
      if (!pod_.host_network) add({.kind = Kind::kAttachNet});
      add({.kind = Kind::kSetupVolumes});
      return false;
    }
    if (!o_.network_attached && !pod_.host_network) add({.kind = Kind::kAttachNet});
    if (!o_.volumes_ready) add({.kind = Kind::kSetupVolumes});
    return out_.empty();
  }

  void keep_running() {
    if (!prepared()) return;
    if (run_init())
      for (const auto& c : pod_.app) run_container(c);
    drop_old_records();
    // A status between two steps of one start helps nobody: only when there is nothing to do at once.
    const bool resting = std::all_of(out_.begin(), out_.end(), [](const auto& a) {
      return a.kind == Kind::kWaitUntil || a.kind == Kind::kStopContainer;
    });
    if (resting) report();
  }

  // Init containers one by one; true when app containers may run.
  bool run_init() {
    const bool past = std::any_of(pod_.app.begin(), pod_.app.end(),
                                  [&](const auto& c) { return current_record(o_, c.name) != nullptr; });
    for (const auto& c : pod_.init) {
      const auto* r = current_record(o_, c.name);
      if (c.sidecar) {
        run_container(c);
        const bool up = r != nullptr && is_live(*r) && o_.view(c.name).started;
        if (!up && !past) return false;
        continue;
      }
      if (past || (r != nullptr && succeeded(*r))) continue;
      run_container(c);
      return false;
    }
    return true;
  }

  void run_container(const ContainerSpec& c) {
    const auto& view = o_.view(c.name);
    const auto* r = view.newest();
    const bool here = r != nullptr && in_current_sandbox(o_, *r);
    if (here && r->state == ContainerState::kRunning) {
      if (view.restart_wanted) {
        const auto grace = seconds(view.restart_grace_seconds.value_or(pod_.grace_seconds));
        stop(c, *r, now_ + std::max<std::chrono::nanoseconds>(grace, kStopGraceMin), view.restart_message);
      }
      return;
    }
    if (view.error_retry_at > now_) return wait(view.error_retry_at);
    if (here && r->state == ContainerState::kCreated)
      return add({.kind = Kind::kStartContainer, .container = c.name, .id = r->id, .attempt = r->attempt});
    if (r != nullptr && r->state == ContainerState::kExited) {
      // A plain init container that succeeded in an earlier sandbox runs again: the new one begins from nothing.
      const bool again = will_restart(pod_, c, *r) || (c.init && !here);
      if (!again) return;
      if (const auto until = backoff_until(*r, o_, now_))
        return add({.kind = Kind::kWaitUntil, .container = c.name, .attempt = r->attempt, .deadline = *until});
    }
    create(c, view, r);
  }

  void create(const ContainerSpec& c, const ContainerView& view, const ContainerRecord* ended) {
    const uint32_t attempt = next_attempt(o_, c.name);
    const bool asked = view.image.attempt == attempt;
    if (asked && view.image.state == ImageView::State::kPulling) return;
    if (asked && view.image.state == ImageView::State::kFailed && view.image.retry_at > now_)
      return wait(view.image.retry_at);
    if (!asked || view.image.state != ImageView::State::kPresent)
      return add({.kind = Kind::kEnsureImage, .container = c.name, .attempt = attempt});
    add({.kind = Kind::kCreateContainer,
         .container = c.name,
         .attempt = attempt,
         .backoff_seconds = next_backoff_seconds(ended)});
  }

  // The runtime keeps the last ended life (for --previous and lastState); older ones go.
  void drop_old_records() {
    for (const auto& [name, view] : o_.containers)
      for (size_t i = 2; i < view.records.size(); ++i)
        if (!view.records[i].from_api && !is_live(view.records[i]))
          add({.kind = Kind::kRemoveContainer, .container = name, .id = view.records[i].id});
  }

  const PodSpec& pod_;
  const Desired& desired_;
  const Observed& o_;
  const WallTime now_;
  std::vector<Action> out_;
};

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kRunSandbox:
      return "RunSandbox";
    case Kind::kAttachNet:
      return "AttachNet";
    case Kind::kSetupVolumes:
      return "SetupVolumes";
    case Kind::kEnsureImage:
      return "EnsureImage";
    case Kind::kCreateContainer:
      return "CreateContainer";
    case Kind::kStartContainer:
      return "StartContainer";
    case Kind::kStopContainer:
      return "StopContainer";
    case Kind::kRemoveContainer:
      return "RemoveContainer";
    case Kind::kStopSandbox:
      return "StopSandbox";
    case Kind::kRemoveSandbox:
      return "RemoveSandbox";
    case Kind::kDetachNet:
      return "DetachNet";
    case Kind::kReportStatus:
      return "ReportStatus";
    case Kind::kTeardownVolumes:
      return "TeardownVolumes";
    case Kind::kFinalDelete:
      return "FinalDelete";
    case Kind::kForget:
      return "Forget";
    case Kind::kWaitUntil:
      return "WaitUntil";
  }
  return "?";
}

}  // namespace

std::vector<Action> plan(const PodSpec& pod, const Desired& desired, const Observed& observed, WallTime now) {
  return Planner(pod, desired, observed, now).run();
}

RestartPolicy effective_policy(const PodSpec& pod, const ContainerSpec& container) {
  if (container.sidecar) return RestartPolicy::kAlways;
  if (container.init)  // "Always" of the pod means: until it has succeeded once
    return pod.restart_policy == RestartPolicy::kNever ? RestartPolicy::kNever : RestartPolicy::kOnFailure;
  return pod.restart_policy;
}

bool will_restart(const PodSpec& pod, const ContainerSpec& container, const ContainerRecord& ended) {
  switch (effective_policy(pod, container)) {
    case RestartPolicy::kAlways:
      return true;
    case RestartPolicy::kOnFailure:
      return !succeeded(ended);
    case RestartPolicy::kNever:
      return false;
  }
  return false;
}

namespace {
// A life that never began (the command could not be run) lasted no time.
base::Nanos ran(const ContainerRecord& ended) {
  return ended.started == WallTime{} ? base::Nanos(0) : ended.finished - ended.started;
}
}  // namespace

std::optional<WallTime> backoff_until(const ContainerRecord& ended, const Observed& observed, WallTime now) {
  if (ended.from_api || !in_current_sandbox(observed, ended)) return std::nullopt;  // a new sandbox starts at once
  if (ended.backoff_seconds <= 0 || ended.finished > now) return std::nullopt;      // > now: the clock jumped back
  if (ran(ended) >= seconds(kBackoffResetSeconds)) return std::nullopt;
  const auto until = ended.finished + seconds(ended.backoff_seconds);
  if (until <= now) return std::nullopt;
  return until;
}

int64_t next_backoff_seconds(const ContainerRecord* ended) {
  if (ended == nullptr) return 0;  // the first life: its failure is retried at once
  if (ended->from_api || ended->backoff_seconds <= 0) return kBackoffInitialSeconds;
  if (ran(*ended) >= seconds(kBackoffResetSeconds)) return kBackoffInitialSeconds;
  return std::min(ended->backoff_seconds * 2, kBackoffMaxSeconds);
}

bool init_done(const PodSpec& pod, const Observed& observed) {
  if (observed.current() == nullptr) return pod.init.empty();
  if (std::any_of(pod.app.begin(), pod.app.end(),
                  [&](const auto& c) { return current_record(observed, c.name) != nullptr; }))
    return true;
  return std::all_of(pod.init.begin(), pod.init.end(), [&](const auto& c) {
    const auto* r = current_record(observed, c.name);
    if (r == nullptr) return false;
    return c.sidecar ? is_live(*r) && observed.view(c.name).started : succeeded(*r);
  });
}

bool pod_finished(const PodSpec& pod, const Observed& observed) {
  for (const auto& c : pod.init) {
    const auto* r = observed.view(c.name).newest();
    if (!c.sidecar && r != nullptr && r->state == ContainerState::kExited && r->exit_code != 0 &&
        !will_restart(pod, c, *r))
      return true;
  }
  return std::all_of(pod.app.begin(), pod.app.end(), [&](const auto& c) {
    const auto* r = observed.view(c.name).newest();
    return r != nullptr && r->state == ContainerState::kExited && !will_restart(pod, c, *r);
  });
}

uint32_t next_attempt(const Observed& observed, const std::string& container) {
  uint32_t next = 0;
  if (const auto* r = observed.view(container).newest()) next = r->attempt + 1;
  if (const auto it = observed.attempt_floor.find(container); it != observed.attempt_floor.end())
    next = std::max(next, it->second);
  return next;
}

std::string to_string(const Action& a) {
  std::string out(name_of(a.kind));
  if (!a.container.empty()) out += ' ' + a.container;
  if (!a.id.empty()) out += " id=" + a.id;
  if (a.attempt != 0 || a.kind == Kind::kRunSandbox || a.kind == Kind::kCreateContainer)
    out += " attempt=" + std::to_string(a.attempt);
  if (a.kind == Kind::kCreateContainer) out += " backoff=" + std::to_string(a.backoff_seconds);
  if (a.deadline != WallTime{}) out += " at=" + base::format_rfc3339(a.deadline);
  return out;
}

}  // namespace appliance::orchestrator::kubelet
