// Control groups of pods and containers, on a pure v2 tree and on hybrid machines (limits on v1 controllers, kill,
// freeze and events on the v2 tree beside them). v1 alone answers kUnimplemented.
//
//   auto groups = TRY(Hierarchies::detect());
//   TRY(groups.create("kubepods/burstable/podX/web", {.memory_limit_bytes = 128 << 20}));
//   auto door = TRY(groups.open_door("kubepods/burstable/podX/web"));   // what stage needs to start a process in it
//
// Paths are relative to the root of every hierarchy, whatever group this process is in. A value type; thread-safe;
// blocking for microseconds, remove() up to its deadline. Facts: cgroup-v1 and cgroup-v2 of the kernel's admin guide.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::runtime::cgroup {

enum class Layout : unsigned char { kV2, kHybrid };

struct Limits {  // 0 = not set
  int64_t cpu_shares = 0;
  int64_t cpu_quota_us = 0;
  int64_t cpu_period_us = 0;
  int64_t memory_limit_bytes = 0;
  int64_t pids_max = 0;
  // Memory's end kills every process of the group at once (v2). For a container's group, as the kubelet has it; never
  // for a pod's, whose supervisor lives below it.
  bool oom_kills_all = false;
};

struct Stats {
  uint64_t cpu_usage_ns = 0;
  uint64_t memory_usage_bytes = 0;
  uint64_t memory_working_set_bytes = 0;  // usage without the inactive file cache, as the kubelet defines it
};

// Descriptors through which a process enters a group and its end is read.
struct Door {
  base::Fd group;               // the v2 directory: CLONE_INTO_CGROUP, cgroup.kill, memory.events
  base::Fd oom;                 // v1 memory.oom_control; invalid on v2
  std::vector<base::Fd> procs;  // cgroup.procs of each v1 controller; empty on v2
};

// A line of /sys/fs/cgroup inside a container: what is mounted where.
struct MountPoint {
  std::string type;     // cgroup2, tmpfs, cgroup
  std::string name;     // "" = /sys/fs/cgroup itself
  std::string options;  // of v1: the controller
};

struct Controller {
  std::string name;  // memory
  std::string root;  // /sys/fs/cgroup/memory
};

class Hierarchies {
 public:
  static Result<Hierarchies> detect();
  // Pure: from the text of /proc/self/mountinfo. kUnimplemented names what is missing.
  static Result<Hierarchies> parse(std::string_view mountinfo);

  [[nodiscard]] Layout layout() const { return layout_; }
  [[nodiscard]] const std::string& unified_root() const { return unified_; }
  [[nodiscard]] const std::vector<Controller>& controllers() const { return v1_; }

  // Makes the group and its ancestors, then sets the limits. Existing is fine: the limits are set anew.
  [[nodiscard]] Result<> create(const std::string& path, const Limits& limits) const;
  [[nodiscard]] Result<> set_limits(const std::string& path, const Limits& limits) const;
  // Default devices only (null, zero, full, random, urandom, tty, pts; making nodes is allowed, using others is not).
  [[nodiscard]] Result<> restrict_devices(const std::string& path) const;
  [[nodiscard]] Result<Door> open_door(const std::string& path) const;
  // cgroup.procs of every hierarchy, v2 included: for a process that enters by writing "0".
  [[nodiscard]] Result<std::vector<base::Fd>> open_procs(const std::string& path) const;
  // SIGKILL to every process of the group and the groups below it. Absent is fine.
  [[nodiscard]] Result<> kill(const std::string& path) const;
  [[nodiscard]] Result<std::vector<int>> processes(const std::string& path) const;  // of this group alone
  [[nodiscard]] Result<Stats> stats(const std::string& path) const;
  // Kills and removes the group and those below it; waits for dying processes until the deadline. Absent is fine.
  [[nodiscard]] Result<> remove(const std::string& path, std::chrono::milliseconds deadline) const;
  // Removes each ancestor that is empty, from the parent of `path` upwards.
  void prune_parents(const std::string& path) const;
  [[nodiscard]] std::vector<MountPoint> container_mounts() const;

 private:
  [[nodiscard]] std::vector<std::string> roots() const;
  Layout layout_ = Layout::kV2;
  std::string unified_;
  std::vector<Controller> v1_;
};

// cpu.weight for cpu.shares: ceil(10^((l*l + 125*l)/612 - 7/34)), l = log2(shares), in [1, 10000] (KEP-2254 as
// revised).
uint64_t weight_of_shares(int64_t shares);

}  // namespace appliance::runtime::cgroup
