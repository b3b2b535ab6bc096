#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/random.h"
#include "base/strings.h"
#include "runtime/cri/real_runtime.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kAskDeadline{10'000};    // a supervisor answers in microseconds; a machine under load in seconds
constexpr milliseconds kGroupDeadline{10'000};  // killed processes may be in uninterruptible sleep for a while

cgroup::Limits limits_of(const Resources& resources) {
  return {.cpu_shares = resources.cpu_shares,
          .cpu_quota_us = resources.cpu_quota_us,
          .cpu_period_us = resources.cpu_period_us,
          .memory_limit_bytes = resources.memory_limit_bytes,
          .pids_max = resources.pids_max};
}

}  // namespace

std::string new_id() {
  base::SystemRandom random;
  unsigned char bytes[32];
  random.fill(bytes);
  return base::hex({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

base::WallTime wall_time(int64_t ns) { return base::WallTime(base::Nanos(ns)); }

std::string RealRuntime::supervisor_group(const Pod& pod) const {
  return pod.record.config.cgroup_parent + "/supervisor-" + pod.status.id.substr(0, 12);
}

Result<RealRuntime::Pod> RealRuntime::find_pod(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto it = pods_.find(id);
  if (it == pods_.end()) return fail(Code::kNotFound, "no such sandbox: " + id);
  return it->second;
}

Result<std::string> RealRuntime::run_sandbox(const SandboxConfig& config) {
  Pod pod;
  pod.record = {.config = config, .created_ns = options_.clock->now().time_since_epoch().count()};
  auto& effective = pod.record.config;
  if (effective.cgroup_parent.empty()) effective.cgroup_parent = options_.cgroup_parent + "/pod" + config.uid;
  while (effective.cgroup_parent.starts_with('/')) effective.cgroup_parent.erase(0, 1);
  pod.status.id = new_id();
  pod.status.config = effective;
  pod.status.created = wall_time(pod.record.created_ns);
  if (!config.host_network) pod.status.netns_path = netns_path(pod.status.id);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, other] : pods_) {
      if (other.record.config.uid == config.uid && other.record.config.attempt == config.attempt) {
        return fail(Code::kAlreadyExists, "sandbox of pod " + config.uid + " exists: " + id);
      }
    }
    pods_[pod.status.id] = pod;  // holds the place; not ready yet
  }
  const std::string id = pod.status.id;
  if (auto made = make_sandbox(id, pod); !made) {
    tear_down(id, pod);
    const std::scoped_lock lock(mutex_);
    pods_.erase(id);
    return std::unexpected(made.error().wrap("sandbox of " + config.namespace_ + '/' + config.name));
  }
  return id;
}

Result<> RealRuntime::make_sandbox(const std::string& id, const Pod& pod) {
  const auto& config = pod.record.config;
  const std::string dir = pod_dir(id);
  TRY(base::make_dirs(dir + "/c", 0700));
  TRY(base::write_file_atomic(dir + "/sandbox.json", encode(pod.record), 0600));
  container::SandboxSpec spec;
  spec.pod_dir = dir;
  spec.hostname = config.hostname;
  spec.host_ipc = config.host_ipc;
  spec.shared_pid = config.share_process_namespace && !config.host_pid;
  spec.sysctls = {config.sysctls.begin(), config.sysctls.end()};
  if (!config.host_network) {
    TRY(base::make_dirs(options_.run_dir + "/netns", 0755));
    spec.netns_pin = netns_path(id);
    TRY(base::write_file(spec.netns_pin, "", 0444));
  }
  TRY(groups_.create(config.cgroup_parent, limits_of(config.resources)));
  TRY(groups_.create(supervisor_group(pod), {}));
  const auto procs = TRY(groups_.open_procs(supervisor_group(pod)));
  std::vector<int> numbers;
  for (const auto& fd : procs) numbers.push_back(fd.get());
  const std::string plan = TRY(container::encode(spec));
  const int pid = TRY(sandbox::spawn_supervisor({.stage_fd = stage_.get(), .plan = plan, .procs = numbers}));
  TRY(watch(id));
  const std::scoped_lock lock(mutex_);
  auto& entry = pods_.at(id);
  entry.status.supervisor_pid = pid;
  entry.status.state = SandboxState::kReady;
  return {};
}

// Kills what runs and lets the supervisor end. Its namespaces stay as long as the pin does.
Result<> RealRuntime::shut_down(const std::string& id) {
  auto asked = client(id).call(sandbox::make_request(stage::Verb::kShutdown), {}, kAskDeadline);
  if (!asked && asked.error().code != Code::kUnavailable) return std::unexpected(asked.error());
  std::unique_lock lock(mutex_);
  const bool gone = changed_.wait_for(lock, kAskDeadline, [&] {
    const auto it = pods_.find(id);
    return it == pods_.end() || it->second.watch == nullptr;
  });
  if (!gone) return fail(Code::kDeadlineExceeded, "the supervisor of sandbox " + id + " does not end");
  return {};
}

Result<> RealRuntime::stop_sandbox(const std::string& id) {
  auto pod = find_pod(id);
  if (!pod) return {};
  const std::scoped_lock turn(*pod->turn);
  {
    const std::scoped_lock lock(mutex_);
    const auto it = pods_.find(id);
    if (it == pods_.end()) return {};
    it->second.status.state = SandboxState::kNotReady;  // nothing more is started in it
  }
  std::vector<std::string> groups;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [container_id, entry] : containers_) {
      if (entry.status.sandbox_id == id && entry.status.state == ContainerState::kRunning)
        groups.push_back(entry.record.group);
    }
  }
  for (const auto& group : groups) TRY(groups_.kill(group));
  TRY(shut_down(id));
  {
    const std::scoped_lock lock(mutex_);
    if (const auto it = pods_.find(id); it != pods_.end()) it->second.status.supervisor_pid = 0;
  }
  notify(id);
  return {};
}

void RealRuntime::tear_down(const std::string& id, const Pod& pod) {
  const std::string dir = pod_dir(id);
  const auto warn = [&](const Result<>& done, std::string_view what) {
    if (!done)
      options_.log.warn("something of a pod is left behind",
                        {{"sandbox", id}, {"what", what}, {"error", done.error()}});
  };
  warn(groups_.remove(supervisor_group(pod), kGroupDeadline), "control group");
  groups_.prune_parents(supervisor_group(pod));
  (void)umount2((dir + "/shm").c_str(), MNT_DETACH);  // not mounted with host IPC
  if (!pod.record.config.host_network) {
    (void)umount2(netns_path(id).c_str(), MNT_DETACH);
    (void)unlink(netns_path(id).c_str());
  }
  warn(base::remove_tree(dir), "folder");
}

Result<> RealRuntime::remove_sandbox(const std::string& id) {
  auto pod = find_pod(id);
  if (!pod) return {};
  TRY(stop_sandbox(id));
  const std::scoped_lock turn(*pod->turn);
  std::vector<Entry> entries;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [container_id, entry] : containers_) {
      if (entry.status.sandbox_id == id) entries.push_back(entry);
    }
  }
  for (const auto& entry : entries) forget(entry);
  tear_down(id, *pod);
  const std::scoped_lock lock(mutex_);
  pods_.erase(id);
  return {};
}

Result<SandboxStatus> RealRuntime::sandbox_status(const std::string& id) { return TRY(find_pod(id)).status; }

Result<std::vector<SandboxStatus>> RealRuntime::list_sandboxes() {
  const std::scoped_lock lock(mutex_);
  std::vector<SandboxStatus> out;
  for (const auto& [id, pod] : pods_) out.push_back(pod.status);
  std::ranges::sort(out, {}, &SandboxStatus::created);
  return out;
}

}  // namespace appliance::runtime::cri
