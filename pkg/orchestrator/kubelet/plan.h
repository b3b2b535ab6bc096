// The kubelet's mind: from what a pod should be and what the runtime shows, the next steps. Pure; time is an argument.
//
//   for (;;) {
//     auto observed = observe(pod);
//     auto actions = plan(pod, desired, observed, now);   // [] or only kWaitUntil: nothing to do until an event
//     apply(actions);
//   }
//
// Level-triggered: each call looks at everything; no step depends on an earlier call. Container records come from the
// runtime; where it knows nothing (reboot, pod long finished) from the pod's API status, so that restart counts and
// results are not lost. The back-off of a container is derived from the one that ended: each carries the wait that
// follows its own failure in an annotation (kBackoffAnnotation), so that a restarted server goes on where it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "orchestrator/kubelet/spec.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

using base::WallTime;

inline constexpr int64_t kBackoffInitialSeconds = 10;
inline constexpr int64_t kBackoffMaxSeconds = 300;
inline constexpr int64_t kBackoffResetSeconds = 600;  // a container that ran this long starts afresh
inline constexpr std::string_view kBackoffAnnotation = "appliance.io/backoff-seconds";
inline constexpr std::string_view kReasonUnknown = "ContainerStatusUnknown";

// One life of a container.
struct ContainerRecord {
  std::string id;  // of the runtime; "" when only the API knows it
  std::string sandbox_id;
  uint32_t attempt = 0;
  runtime::cri::ContainerState state = runtime::cri::ContainerState::kUnknown;
  int exit_code = 0;
  int signal = 0;
  std::string reason;
  std::string message;
  WallTime created{};
  WallTime started{};
  WallTime finished{};
  std::string image_id;
  int64_t backoff_seconds = 0;  // to wait after its failure
  bool from_api = false;
};

struct ImageView {
  enum class State : unsigned char { kUnknown, kPresent, kPulling, kFailed } state = State::kUnknown;
  uint32_t attempt = 0;  // of the container it was asked for: another attempt asks again
  std::string id{};
  std::string reason{};  // ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName
  std::string message{};
  WallTime retry_at{};
};

struct ContainerView {
  std::vector<ContainerRecord> records;  // newest first; at most the last two matter
  ImageView image;
  bool started = false;         // startup probe passed (or there is none) and postStart ended
  bool ready = false;           // readiness
  bool stopping = false;        // a stop is under way
  WallTime stop_deadline{};     // of that stop
  bool restart_wanted = false;  // liveness or startup probe failed, or postStart did
  std::string restart_message;
  std::optional<int64_t> restart_grace_seconds;
  std::string error_reason;  // CreateContainerConfigError, CreateContainerError, RunContainerError
  std::string error_message;
  WallTime error_retry_at{};

  [[nodiscard]] const ContainerRecord* newest() const { return records.empty() ? nullptr : &records.front(); }
};

struct SandboxView {
  std::string id;
  uint32_t attempt = 0;
  bool ready = false;
};

struct Observed {
  std::vector<SandboxView> sandboxes;  // newest first
  bool network_attached = false;       // of the newest sandbox; true with hostNetwork
  std::string pod_ip;
  bool volumes_ready = false;
  WallTime setup_retry_at{};  // after a failed sandbox, network or volume step
  std::string setup_error;
  std::map<std::string, ContainerView> containers;
  std::map<std::string, uint32_t> attempt_floor;  // next attempt is at least this
  bool terminal = false;                          // the API says Succeeded or Failed: never start again
  bool reported = false;                          // the API has the status of the present state

  [[nodiscard]] const SandboxView* current() const {  // the newest, when it is ready
    return sandboxes.empty() || !sandboxes.front().ready ? nullptr : &sandboxes.front();
  }
  [[nodiscard]] const ContainerView& view(const std::string& name) const {
    static const ContainerView kNone;
    const auto it = containers.find(name);
    return it == containers.end() ? kNone : it->second;
  }
};

struct Desired {
  bool terminate = false;                 // deleted, past its deadline, vanished, or the node goes down
  std::optional<WallTime> kill_deadline;  // with terminate: end of grace
  bool final_delete = false;              // deletionTimestamp is set: remove the object in the end
  bool report = true;                     // false: the API object is gone, or the node goes down
};

struct Action {
  enum class Kind : unsigned char {
    kRunSandbox,  // attempt
    kAttachNet,
    kSetupVolumes,
    kEnsureImage,      // container, attempt
    kCreateContainer,  // container, attempt, backoff_seconds
    kStartContainer,   // container, id
    kStopContainer,    // container, id, deadline, pre_stop, message
    kRemoveContainer,  // id
    kStopSandbox,      // id
    kRemoveSandbox,    // id
    kDetachNet,
    kReportStatus,
    kTeardownVolumes,
    kFinalDelete,
    kForget,     // nothing of the pod is left here
    kWaitUntil,  // deadline
  } kind{};
  std::string container{};
  std::string id{};
  uint32_t attempt = 0;
  int64_t backoff_seconds = 0;
  WallTime deadline{};
  std::string message{};
  friend bool operator==(const Action&, const Action&) = default;
};

std::vector<Action> plan(const PodSpec& pod, const Desired& desired, const Observed& observed, WallTime now);

// Text form for tables and debug logs: "RunSandbox 1", "CreateContainer web 2 backoff=10".
std::string to_string(const Action& action);

// The rules that status and plan share.
RestartPolicy effective_policy(const PodSpec& pod, const ContainerSpec& container);
bool will_restart(const PodSpec& pod, const ContainerSpec& container, const ContainerRecord& ended);
// When a container that ended may run again; nullopt = now.
std::optional<WallTime> backoff_until(const ContainerRecord& ended, const Observed& observed, WallTime now);
int64_t next_backoff_seconds(const ContainerRecord* ended);
bool init_done(const PodSpec& pod, const Observed& observed);  // in the current sandbox
// All app containers ended for good, or a plain init container failed for good.
bool pod_finished(const PodSpec& pod, const Observed& observed);
uint32_t next_attempt(const Observed& observed, const std::string& container);

}  // namespace appliance::orchestrator::kubelet
