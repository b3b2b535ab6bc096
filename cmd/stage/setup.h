// Set-up of a process inside a container: a table of named steps, each a small function over one Setup. The first step
// that fails ends the process; its text ("mount /data: No such file or directory") reaches the kubelet.
#pragma once

#include <stdint.h>

#include <string_view>

#include "runtime/stage/plan.h"
#include "runtime/stage/protocol.h"
#include "stage/sys.h"

namespace appliance::stage {

using runtime::stage::Plan;
using runtime::stage::Record;
using runtime::stage::Tag;

inline constexpr unsigned kMountsMax = 512;  // bind mounts of one container

struct Setup {
  Plan plan;
  int channel = -1;  // to the supervisor
  int stdio[3] = {-1, -1, -1};
  int procs[16];  // cgroup.procs of each v1 controller
  unsigned procs_count = 0;
  int target_pidfd = -1;  // exec: the container's first process

  int sources[kMountsMax];  // detached clones of the bind mounts' sources, in the order of the plan
  unsigned sources_count = 0;
  int shm_source = -1;
  int root = -1;  // the container's root mount
  int dev = -1;   // our tmpfs on /dev
  int proc = -1;  // our own procfs
  int sys = -1;
  int tty = -1;  // slave end
  uint32_t uid = 0, gid = 0;
  const char* home = "/";
  uint32_t groups[256];
  unsigned groups_count = 0;
  uint64_t caps = 0;

  Text<runtime::stage::kTextBytes> what;  // of the failure
  // Notes what failed, keeping errno. Returns false for `return setup.failed(...)`.
  bool failed(std::string_view action, std::string_view object = {}) {
    const int saved = errno;
    what.clear();
    what.add(action);
    if (!object.empty()) what.add(" ").add(object);
    errno = saved;
    return false;
  }
};

struct Step {
  const char* name;
  bool (*run)(Setup&);
};

// Ends the process with a note to the supervisor when a step fails; returns when all are done.
void run_steps(Setup& setup, const Step* steps, unsigned count);
// The same text for what is not a step.
[[noreturn]] void give_up(Setup& setup, const char* step);
void warn(Setup& setup, std::string_view text);

// Both end in execve or in give_up().
[[noreturn]] void run_container(Setup& setup);
[[noreturn]] void run_exec(Setup& setup);

// Steps by file.
bool join_cgroups(Setup&);  // process.cc
bool new_session(Setup&);
bool set_oom_score(Setup&);
bool set_rlimits(Setup&);
bool attach_stdio(Setup&);
bool enter_cwd(Setup&);
bool load_seccomp_early(Setup&);
bool load_seccomp_late(Setup&);
bool seal_fds(Setup&);
bool exec_program(Setup&);
bool resolve_user(Setup&);  // user.cc
bool limit_capabilities(Setup&);
bool become_user(Setup&);
bool no_new_privs(Setup&);
bool open_sources(Setup&);  // mounts.cc
bool isolate_mounts(Setup&);
bool mount_root(Setup&);
bool mount_proc(Setup&);
bool mount_sys(Setup&);
bool mount_cgroups(Setup&);
bool bind_mounts(Setup&);
bool mask_paths(Setup&);
bool seal_root(Setup&);
bool pivot(Setup&);
bool mount_dev(Setup&);  // dev.cc
bool open_terminal(Setup&);

// A path of the container as an O_PATH descriptor, never leaving the root; made when absent (like `like`: a directory
// or a file).
int open_target(Setup& setup, const char* path, bool directory);
// Directly below the root, not a symbolic link; made when absent.
int open_plain_dir(Setup& setup, const char* name);
// A new detached mount of a file system that needs no source; `options` are key, value (nullptr = a flag), …, nullptr.
int new_fs(const char* type, const char* const* options, unsigned attributes);

}  // namespace appliance::stage
