// cri.h: the only door between the kubelet and the container runtime. Shapes follow the Kubernetes CRI (runtime.v1)
// with the field's names in our spelling. One conformance suite (cri_conformance.h) runs on the real runtime and on the
// fake.
//
// A sandbox is a pod's shared namespaces, held by one supervisor process that outlives the server: it owns stdio, logs
// and exit codes. All state can be read back from <run-dir>/pods after a restart; ids are stable. Blocking (a few ms;
// stop up to its grace): call from pool threads. Thread-safe; calls on different pods run in parallel.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "runtime/image/image_store.h"

namespace appliance::runtime::cri {

struct Resources {         // linux; 0 = not set
  int64_t cpu_shares = 0;  // v1 shares; v2 weight is derived (runtime page)
  int64_t cpu_quota_us = 0;
  int64_t cpu_period_us = 0;
  int64_t memory_limit_bytes = 0;
  int64_t pids_max = 0;
  int oom_score_adj = 0;  // clamped with a warning when the machine does not allow it
};

struct SandboxConfig {
  std::string name;  // pod
  std::string namespace_;
  std::string uid;
  uint32_t attempt = 0;
  std::string hostname;
  std::string log_dir;        // /var/log/pods/NS_NAME_UID
  std::string cgroup_parent;  // "kubepods/burstable/pod<uid>", below the root of every hierarchy
  Resources resources;        // of the pod's group as a whole
  bool host_network = false;
  bool host_pid = false;
  bool host_ipc = false;
  bool share_process_namespace = false;
  std::map<std::string, std::string> sysctls;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

enum class SandboxState : unsigned char { kReady, kNotReady };
struct SandboxStatus {
  std::string id;
  SandboxConfig config;  // name, namespace, uid, attempt, labels, annotations at least
  SandboxState state = SandboxState::kNotReady;
  base::WallTime created{};
  std::string netns_path;  // bind-mounted <run-dir>/netns/…; "" with host_network
  int supervisor_pid = 0;
};

struct Mount {
  std::string host_path;
  std::string container_path;
  bool readonly = false;
  bool recursive_readonly = false;
  enum class Propagation : unsigned char {
    kPrivate,
    kHostToContainer,
    kBidirectional
  } propagation = Propagation::kPrivate;
};

struct SecurityContext {
  bool privileged = false;
  std::vector<std::string> add_capabilities;  // "NET_ADMIN", "ALL"
  std::vector<std::string> drop_capabilities;
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  std::string run_as_username;               // from the image; resolved in the container's /etc/passwd
  std::vector<int64_t> supplemental_groups;  // includes fsGroup
  bool readonly_rootfs = false;
  bool no_new_privs = true;
  bool unconfined_seccomp = false;
};

struct ContainerConfig {
  std::string name;
  uint32_t attempt = 0;
  std::string image_id;              // Image::id
  std::vector<std::string> command;  // final argv (entrypoint/cmd already merged by the kubelet)
  std::string working_dir;
  std::vector<std::string> env;  // final, "K=V"
  std::vector<Mount> mounts;
  std::string log_path;  // relative to SandboxConfig::log_dir: "web/0.log"
  bool stdin_open = false;
  bool stdin_once = false;
  bool tty = false;
  std::string stop_signal;  // "" = SIGTERM
  Resources resources;
  SecurityContext security;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

enum class ContainerState : unsigned char { kCreated, kRunning, kExited, kUnknown };
struct ContainerStatus {
  std::string id;
  std::string sandbox_id;
  std::string name;
  uint32_t attempt = 0;
  ContainerState state = ContainerState::kUnknown;
  base::WallTime created{};
  base::WallTime started{};
  base::WallTime finished{};
  int exit_code = 0;  // 128+signal when killed
  int signal = 0;
  std::string reason;   // Completed, Error, OOMKilled, ContainerCannotRun
  std::string message;  // termination message or why it could not start
  std::string image_id;
  std::string log_path;  // absolute
  int pid = 0;           // in the host's pid namespace
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

struct ExecOptions {
  std::vector<std::string> command;
  bool tty = false;
  bool stdin_open = false;
  uint16_t width = 0;  // with tty
  uint16_t height = 0;
};
// The server's ends of the process's stdio. With tty only `tty` is open. Close stdin_fd for end of file.
struct ExecProcess {
  std::string id;
  base::Fd stdin_fd;
  base::Fd stdout_fd;
  base::Fd stderr_fd;
  base::Fd tty;
};
struct ExecResult {
  int exit_code = 0;
  std::string stdout_text;  // at most kExecSyncBytesMax
  std::string stderr_text;
};
inline constexpr size_t kExecSyncBytesMax = 64U * 1024;  // of each stream: probes and hooks only

struct ContainerStats {
  uint64_t cpu_usage_ns = 0;
  uint64_t memory_usage_bytes = 0;
  uint64_t memory_working_set_bytes = 0;
};

// Something about a pod's containers changed: list again. Called on a runtime thread; must not block.
using EventCallback = std::function<void(const std::string& sandbox_id)>;

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Result<std::string> run_sandbox(
      const SandboxConfig& config) = 0;                        // the sandbox's id; kAlreadyExists keeps it
  virtual Result<> stop_sandbox(const std::string& id) = 0;    // kills all containers; idempotent
  virtual Result<> remove_sandbox(const std::string& id) = 0;  // supervisor, groups, mounts, files; idempotent
  virtual Result<SandboxStatus> sandbox_status(const std::string& id) = 0;
  virtual Result<std::vector<SandboxStatus>> list_sandboxes() = 0;
  virtual Result<ContainerStats> sandbox_stats(const std::string& id) = 0;  // of the pod's group as a whole

  virtual Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config) = 0;
  virtual Result<> start_container(const std::string& id) = 0;
  virtual Result<> stop_container(const std::string& id,
                                  std::chrono::milliseconds grace) = 0;  // signal, wait, SIGKILL; idempotent
  virtual Result<> remove_container(const std::string& id) = 0;
  virtual Result<ContainerStatus> container_status(const std::string& id) = 0;
  virtual Result<std::vector<ContainerStatus>> list_containers(const std::string& sandbox_id) = 0;  // "" = all
  virtual Result<ContainerStats> container_stats(const std::string& id) = 0;

  virtual Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command,
                                       std::chrono::milliseconds timeout) = 0;
  virtual Result<ExecProcess> exec(const std::string& id, const ExecOptions& options) = 0;
  virtual Result<int> wait_exec(const std::string& exec_id) = 0;  // exit code; blocks; call once
  virtual Result<> resize(const std::string& id_or_exec_id, uint16_t width, uint16_t height) = 0;

  virtual void on_event(EventCallback callback) = 0;  // set once, before the first call
  virtual image::ImageStore& images() = 0;
};

}  // namespace appliance::runtime::cri
