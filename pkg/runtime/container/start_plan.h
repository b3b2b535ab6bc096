// From what a container shall be to the bytes that stage takes (runtime/stage/plan.h). Pure, but for the compiled
// filter that the caller passes in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/rootfs/devices.h"

namespace appliance::runtime::container {

struct Rlimit {
  int resource = 0;   // RLIMIT_NOFILE
  uint32_t soft = 0;  // stage::kRlimitUnlimited: no limit
  uint32_t hard = 0;  // where the server itself may have less, that is what there is
  bool operator==(const Rlimit&) const = default;
};
// The same for every container, whoever started the server and with what limits of their own. Descriptors as systemd
// gives them to a service, and so containerd without overrides to its containers: 1024 (above it select(2) is
// undefined), which a program may raise to 524288. No core files, which would fill the writable layer, unless a program
// asks. Processes are counted by the control group, not by user id across the machine.
const std::vector<Rlimit>& default_rlimits();

// What a container's first process and one that is exec'ed into it have in common.
struct ProcessSpec {
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::string user;  // the image's; resolved in the container
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  std::vector<int64_t> groups;
  uint64_t caps = 0;
  std::string seccomp;  // sock_filter[]; empty = none
  bool no_new_privs = true;
  bool tty = false;
  uint32_t tty_size = 0;  // width << 16 | height
  std::optional<int> oom_score_adj;
  std::vector<Rlimit> rlimits = default_rlimits();
};

struct MountSpec {
  std::string source;
  std::string target;
  uint32_t flags = 0;  // stage::MountFlag
};

struct ContainerSpec {
  ProcessSpec process;
  std::vector<std::string> layers;  // topmost first
  std::string upper;
  std::string work;
  std::string root_target;
  std::vector<MountSpec> mounts;
  std::vector<rootfs::Device> devices;
  std::vector<cgroup::MountPoint> cgroup_mounts;
  std::string shm;
  std::string log_name;
  bool privileged = false;  // no masks, /sys writable
  bool readonly_root = false;
  bool stdin_open = false;
  bool host_pid = false;
  bool shared_pid = false;
};

struct SandboxSpec {
  std::string pod_dir;
  std::string hostname;
  std::string netns_pin;  // "" with host network
  bool host_ipc = false;
  bool shared_pid = false;
  std::vector<std::pair<std::string, std::string>> sysctls;
};

// kInvalidArgument names what cannot be: a relative mount path, a user id out of range, no command.
Result<std::string> encode(const ContainerSpec& spec);
Result<std::string> encode_exec(const ProcessSpec& spec);
Result<std::string> encode(
    const SandboxSpec& spec);  // kInvalidArgument: a sysctl that belongs to no namespace of the pod

// Paths hidden or made read-only in every container that is not privileged.
const std::vector<std::string>& masked_paths();
const std::vector<std::string>& readonly_paths();

}  // namespace appliance::runtime::container
