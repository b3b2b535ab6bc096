// What the kubelet keeps in memory about one pod. Everything here can be lost: the runtime, the API and the disk hold
// what matters. Fields under `mutex` are written by informer, probes and finished work; the rest belongs to the worker
// that has the pod's key.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/client/client.h"
#include "orchestrator/kubelet/plan.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

struct ContainerMemo {
  std::string id;         // the life that the next fields are about
  bool hook_done = true;  // postStart
  bool startup_passed = true;
  bool readiness_passed = true;
  bool restart_wanted = false;
  std::string restart_message;
  std::optional<int64_t> restart_grace_seconds;
  bool pre_stop_ran = false;
  int64_t backoff_told = -1;  // the attempt whose back-off has its event

  std::string stopping_id;  // a stop of this life is under way
  WallTime stop_deadline{};

  ImageView image;
  WallTime image_failed_at{};
  int64_t image_backoff_seconds = 0;

  std::string error_reason;
  std::string error_message;
  WallTime error_retry_at{};
  int64_t error_backoff_seconds = 0;
};

// What streams need to know of a container: the newest life that the runtime knows.
struct ContainerLife {
  std::string id;
  uint32_t attempt = 0;
  runtime::cri::ContainerState state = runtime::cri::ContainerState::kUnknown;
  std::string log_path;  // absolute
};

struct PodState {
  explicit PodState(std::string pod_uid) : uid(std::move(pod_uid)) {}
  const std::string uid;

  std::mutex mutex;
  client::ObjectPtr object;                    // GUARDED_BY(mutex); null: only the runtime knows this pod
  bool gone = false;                           // GUARDED_BY(mutex); not in the API any more
  bool sources_changed = false;                // GUARDED_BY(mutex); a ConfigMap or Secret it uses has changed
  std::map<std::string, ContainerMemo> memos;  // GUARDED_BY(mutex)
  std::map<std::string, ContainerLife> lives;  // GUARDED_BY(mutex); by container name
  std::set<std::string> sources;               // GUARDED_BY(mutex); "configmaps/cfg", "secrets/s"

  // Of the worker.
  std::optional<PodSpec> spec;
  int64_t revision = -1;  // of `spec`
  json::Value status;     // as last written or read
  int64_t status_revision = -1;
  std::vector<runtime::cri::SandboxStatus> sandboxes;  // newest first
  bool network_attached = false;
  std::string pod_ip;
  bool volumes_ready = false;
  WallTime renew_at = WallTime::max();  // of tokens in volumes
  int64_t setup_backoff_ms = 0;
  WallTime setup_retry_at{};
  std::string setup_error;
  std::map<std::string, uint32_t> attempt_floor;
  std::map<std::string, std::string> termination_messages;  // by container id
  std::optional<WallTime> kill_noticed;
  bool done = false;  // torn down; waits for the object to vanish
  WallTime first_seen{};
  bool start_measured = false;
};

}  // namespace appliance::orchestrator::kubelet
