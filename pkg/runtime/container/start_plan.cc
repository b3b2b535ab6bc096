#include "runtime/container/start_plan.h"

#include <sys/resource.h>

#include <algorithm>

#include "runtime/stage/plan_writer.h"

namespace appliance::runtime::container {
namespace {

using stage::PlanWriter;
using stage::Tag;

constexpr int64_t kIdMax = 0x7fffffff;  // of users and groups: what /etc/passwd may say too
constexpr int kCpusMasked = 64;  // each is one look-up that may find nothing; more CPUs than that keep the folder

Result<> put_id(PlanWriter& plan, Tag tag, int64_t id) {
  if (id < 0 || id > kIdMax)
    return fail(Code::kInvalidArgument, "user or group id out of range: " + std::to_string(id));
  plan.number(tag, static_cast<uint64_t>(id));
  return {};
}

Result<uint64_t> put_process(PlanWriter& plan, const ProcessSpec& spec) {
  if (spec.args.empty() || spec.args.front().empty()) return fail(Code::kInvalidArgument, "no command specified");
  for (const auto& arg : spec.args) plan.text(Tag::kArg, arg);
  for (const auto& variable : spec.env) plan.text(Tag::kEnv, variable);
  if (!spec.cwd.empty() && spec.cwd.front() != '/') {
    return fail(Code::kInvalidArgument, "working directory is not absolute: " + spec.cwd);
  }
  plan.text(Tag::kCwd, spec.cwd);
  plan.text(Tag::kUser, spec.user);
  if (spec.uid) TRY(put_id(plan, Tag::kUid, *spec.uid));
  if (spec.gid) TRY(put_id(plan, Tag::kGid, *spec.gid));
  for (const int64_t group : spec.groups) TRY(put_id(plan, Tag::kGroup, group));
  plan.number(Tag::kCaps, spec.caps);
  if (!spec.seccomp.empty()) plan.blob(Tag::kSeccomp, spec.seccomp);
  if (spec.oom_score_adj) plan.number(Tag::kOomScoreAdj, static_cast<uint32_t>(*spec.oom_score_adj));
  for (const auto& limit : spec.rlimits) {
    plan.texts(Tag::kRlimit, static_cast<uint32_t>(limit.resource),
               {std::to_string(limit.soft), std::to_string(limit.hard)});
  }
  if (spec.tty && spec.tty_size != 0) plan.number(Tag::kTtySize, spec.tty_size);
  uint64_t flags = 0;
  if (spec.no_new_privs) flags |= stage::kFlagNoNewPrivs;
  if (spec.tty) flags |= stage::kFlagTty;
  return flags;
}

Result<> check_target(const std::string& target) {
  if (target.empty() || target.front() != '/' || target == "/") {
    return fail(Code::kInvalidArgument, "mount path must be absolute and not the root: '" + target + "'");
  }
  return {};
}

// Sysctls that a network or IPC namespace has of its own.
bool namespaced(const std::string& name) {
  for (const auto* prefix : {"net.", "kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."}) {
    if (name.starts_with(prefix)) return name.find("..") == name.npos && name.find('/') == name.npos;
  }
  return false;
}

}  // namespace

const std::vector<Rlimit>& default_rlimits() {
  static const std::vector<Rlimit> limits = {
      {.resource = RLIMIT_NOFILE, .soft = 1024, .hard = 524'288},
      {.resource = RLIMIT_CORE, .soft = 0, .hard = stage::kRlimitUnlimited},
      {.resource = RLIMIT_NPROC, .soft = stage::kRlimitUnlimited, .hard = stage::kRlimitUnlimited},
  };
  return limits;
}

const std::vector<std::string>& masked_paths() {
  static const std::vector<std::string> paths = [] {
    std::vector<std::string> out;
    for (const auto* name : {"acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi",
                             "timer_list", "timer_stats"}) {
      out.push_back(std::string("/proc/") + name);
    }
    out.emplace_back("/sys/devices/virtual/powercap");
    out.emplace_back("/sys/firmware");
    return out;
  }();
  return paths;
}

const std::vector<std::string>& readonly_paths() {
  static const std::vector<std::string> paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                 "/proc/sysrq-trigger"};
  return paths;
}

Result<std::string> encode(const ContainerSpec& spec) {
  PlanWriter plan(stage::PlanKind::kContainer);
  uint64_t flags = TRY(put_process(plan, spec.process));
  if (spec.readonly_root) flags |= stage::kFlagReadonlyRoot;
  if (spec.stdin_open) flags |= stage::kFlagStdinOpen;
  if (spec.host_pid) flags |= stage::kFlagHostPid;
  if (spec.shared_pid) flags |= stage::kFlagSharedPid;
  if (spec.privileged) flags |= stage::kFlagWritableSys;
  plan.number(Tag::kFlags, flags);
  if (spec.layers.empty()) return fail(Code::kInvalidArgument, "the image has no layers");
  for (const auto& layer : spec.layers) plan.text(Tag::kLower, layer);
  plan.text(Tag::kUpper, spec.upper);
  plan.text(Tag::kWork, spec.work);
  plan.text(Tag::kRootTarget, spec.root_target);
  plan.text(Tag::kLogName, spec.log_name);
  if (!spec.shm.empty()) plan.text(Tag::kShm, spec.shm);
  for (const auto& mount : spec.mounts) {
    TRY(check_target(mount.target));
    plan.texts(Tag::kMount, mount.flags, {mount.source, mount.target});
  }
  for (const auto& device : spec.devices) plan.device(device.path, device.mode, device.major, device.minor);
  for (const auto& mount : spec.cgroup_mounts)
    plan.texts(Tag::kCgroupMount, 0, {mount.type, mount.name, mount.options});
  if (!spec.privileged) {
    for (const auto& path : masked_paths()) plan.text(Tag::kMasked, path);
    for (int cpu = 0; cpu < kCpusMasked; ++cpu) {
      plan.text(Tag::kMasked, "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/thermal_throttle");
    }
    for (const auto& path : readonly_paths()) plan.text(Tag::kReadonlyPath, path);
  }
  return plan.finish();
}

Result<std::string> encode_exec(const ProcessSpec& spec) {
  PlanWriter plan(stage::PlanKind::kExec);
  plan.number(Tag::kFlags, TRY(put_process(plan, spec)));
  return plan.finish();
}

Result<std::string> encode(const SandboxSpec& spec) {
  PlanWriter plan(stage::PlanKind::kSandbox);
  uint64_t flags = 0;
  if (!spec.netns_pin.empty()) flags |= stage::kFlagNewNet | stage::kFlagNewUts;
  if (!spec.host_ipc) flags |= stage::kFlagNewIpc;
  if (spec.shared_pid) flags |= stage::kFlagSharedPid;
  plan.number(Tag::kFlags, flags);
  plan.text(Tag::kPodDir, spec.pod_dir);
  if (!spec.hostname.empty()) plan.text(Tag::kHostname, spec.hostname);
  if (!spec.netns_pin.empty()) plan.text(Tag::kNetnsPin, spec.netns_pin);
  for (const auto& [name, value] : spec.sysctls) {
    if (!namespaced(name)) return fail(Code::kInvalidArgument, "sysctl " + name + " belongs to no namespace of a pod");
    plan.texts(Tag::kSysctl, 0, {name, value});
  }
  return plan.finish();
}

}  // namespace appliance::runtime::container
