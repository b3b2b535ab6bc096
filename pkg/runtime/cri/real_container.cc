#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/strings.h"
#include "runtime/caps/caps.h"
#include "runtime/cri/real_runtime.h"
#include "runtime/rootfs/devices.h"
#include "runtime/seccomp/filter.h"
#include "runtime/stage/plan_writer.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kAskDeadline{10'000};
constexpr milliseconds kStartDeadline{60'000};  // a volume on a slow server may take long to resolve
constexpr milliseconds kKillDeadline{15'000};   // SIGKILL to exit, on a machine under load
constexpr int kCannotRunCode = 128;             // what other runtimes report for a container that never ran

constexpr std::pair<const char*, int> kSignals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"ABRT", SIGABRT}, {"KILL", SIGKILL},   {"USR1", SIGUSR1},
    {"USR2", SIGUSR2}, {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"CHLD", SIGCHLD},   {"CONT", SIGCONT},
    {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"WINCH", SIGWINCH}, {"PWR", SIGPWR}};

bool has_env(const std::vector<std::string>& env, std::string_view name) {
  return std::ranges::any_of(env, [&](const std::string& entry) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
  });
}

uint32_t mount_flags(const Mount& mount) {
  uint32_t flags = 0;
  if (mount.readonly) flags |= stage::kMountReadonly;
  if (mount.recursive_readonly) flags |= stage::kMountReadonlyRecursive;
  if (mount.propagation == Mount::Propagation::kHostToContainer) flags |= stage::kMountSlave;
  if (mount.propagation == Mount::Propagation::kBidirectional) flags |= stage::kMountShared;
  return flags;
}

// The folder and the name of a path below log_dir. kInvalidArgument for one that leaves it.
Result<std::pair<std::string, std::string>> split_log_path(const std::string& log_dir, const std::string& log_path) {
  for (const auto part : base::split(log_path, '/')) {
    if (part.empty() || part == "." || part == "..") return fail(Code::kInvalidArgument, "log path '" + log_path + "'");
  }
  const std::string full = log_dir + '/' + log_path;
  const size_t slash = full.rfind('/');
  return std::pair{full.substr(0, slash), full.substr(slash + 1)};
}

}  // namespace

int signal_number(const std::string& name) {
  if (const auto number = base::parse_int<int>(name)) return *number > 0 && *number < 65 ? *number : SIGTERM;
  const std::string_view bare = name.starts_with("SIG") ? std::string_view(name).substr(3) : std::string_view(name);
  for (const auto& [known, number] : kSignals) {
    if (bare == known) return number;
  }
  if (bare.starts_with("RTMIN+")) {
    if (const auto offset = base::parse_int<int>(bare.substr(6)); offset && *offset >= 0 && *offset <= 30)
      return 34 + *offset;
  }
  return SIGTERM;
}

Result<RealRuntime::Entry> RealRuntime::find_entry(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto it = containers_.find(id);
  if (it == containers_.end()) return fail(Code::kNotFound, "no such container: " + id);
  return it->second;
}

template <class Change>
void RealRuntime::change(const std::string& id, Change&& change) {
  const std::scoped_lock lock(mutex_);
  if (const auto it = containers_.find(id); it != containers_.end()) change(it->second.status);
  changed_.notify_all();
}

Result<container::ProcessSpec> RealRuntime::process_of(const Entry& entry, const Pod& pod) {
  const auto& config = entry.record.config;
  const auto& security = config.security;
  container::ProcessSpec out;
  out.args = config.command;
  out.env = config.env;
  if (!has_env(out.env, "HOSTNAME") && !pod.record.config.hostname.empty()) {
    out.env.push_back("HOSTNAME=" + pod.record.config.hostname);
  }
  if (config.tty && !has_env(out.env, "TERM")) out.env.emplace_back("TERM=xterm");
  out.cwd = config.working_dir;
  out.user = security.run_as_username;
  out.uid = security.run_as_user;
  out.gid = security.run_as_group;
  out.groups = security.supplemental_groups;
  out.caps = security.privileged ? caps::all()
                                 : TRY(caps::apply(caps::default_set(), {.add = security.add_capabilities,
                                                                         .drop = security.drop_capabilities}));
  out.no_new_privs = security.no_new_privs && !security.privileged;
  if (!security.privileged && !security.unconfined_seccomp) out.seccomp = TRY(seccomp::default_filter(out.caps));
  out.tty = config.tty;
  out.oom_score_adj = config.resources.oom_score_adj;
  return out;
}

Result<container::ContainerSpec> RealRuntime::spec_of(const Entry& entry, const Pod& pod) {
  const auto& config = entry.record.config;
  const auto& sandbox = pod.record.config;
  const std::string& id = entry.status.id;
  container::ContainerSpec out;
  out.process = TRY(process_of(entry, pod));
  out.layers = TRY(images_->acquire_layers(config.image_id, id));
  out.upper = container_dir(id) + "/upper";
  out.work = container_dir(id) + "/work";
  out.root_target = container_dir(id) + "/root";
  for (const auto& mount : config.mounts)
    out.mounts.push_back({mount.host_path, mount.container_path, mount_flags(mount)});
  out.cgroup_mounts = groups_.container_mounts();
  out.shm = sandbox.host_ipc ? "/dev/shm" : pod_dir(pod.status.id) + "/shm";
  out.log_name = TRY(split_log_path(sandbox.log_dir, config.log_path)).second;
  out.privileged = config.security.privileged;
  if (out.privileged) out.devices = rootfs::host_devices();
  out.readonly_root = config.security.readonly_rootfs;
  out.stdin_open = config.stdin_open;
  out.host_pid = sandbox.host_pid;
  out.shared_pid = sandbox.share_process_namespace && !sandbox.host_pid;
  return out;
}

Result<std::string> RealRuntime::create_container(const std::string& sandbox_id, const ContainerConfig& config) {
  const Pod pod = TRY(find_pod(sandbox_id));
  const std::scoped_lock turn(*pod.turn);
  Entry entry;
  entry.record.config = config;
  entry.record.created_ns = options_.clock->now().time_since_epoch().count();
  auto& status = entry.status;
  status.id = new_id();
  status.sandbox_id = sandbox_id;
  status.name = config.name;
  status.attempt = config.attempt;
  status.state = ContainerState::kCreated;
  status.created = wall_time(entry.record.created_ns);
  status.image_id = config.image_id;
  status.labels = config.labels;
  status.annotations = config.annotations;
  const auto [log_dir, log_name] = TRY(split_log_path(pod.record.config.log_dir, config.log_path));
  status.log_path = log_dir + '/' + log_name;
  entry.record.group = pod.record.config.cgroup_parent + '/' + status.id;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = pods_.find(sandbox_id);
    if (it == pods_.end() || it->second.status.state != SandboxState::kReady) {
      return fail(Code::kFailedPrecondition, "sandbox is not ready: " + sandbox_id);
    }
    for (const auto& [id, other] : containers_) {
      if (other.status.sandbox_id == sandbox_id && other.status.name == config.name &&
          other.status.attempt == config.attempt) {
        return fail(Code::kAlreadyExists, "container " + config.name + " exists: " + id);
      }
    }
  }
  TRY(images_->acquire_layers(config.image_id, status.id));
  const auto prepare = [&]() -> Result<> {
    for (const auto* name : {"/upper", "/work", "/root"}) TRY(base::make_dirs(container_dir(status.id) + name, 0755));
    TRY(base::make_dirs(log_dir, 0755));
    return base::write_file_atomic(pod_dir(sandbox_id) + "/c/" + status.id + ".json", encode(entry.record), 0600);
  };
  if (auto done = prepare(); !done) {
    forget(entry);
    return std::unexpected(done.error().wrap("container " + config.name));
  }
  const std::scoped_lock lock(mutex_);
  entry.number = next_number_++;
  containers_[status.id] = entry;
  return status.id;
}

Result<stage::Reply> RealRuntime::launch(const Entry& entry, const Pod& pod) {
  const auto spec = TRY(spec_of(entry, pod));
  const std::string bytes = TRY(container::encode(spec));
  const base::Fd plan = TRY(stage::sealed_memfd("plan", bytes));
  const auto& resources = entry.record.config.resources;
  TRY(groups_.create(entry.record.group, {.cpu_shares = resources.cpu_shares,
                                          .cpu_quota_us = resources.cpu_quota_us,
                                          .cpu_period_us = resources.cpu_period_us,
                                          .memory_limit_bytes = resources.memory_limit_bytes,
                                          .pids_max = resources.pids_max,
                                          .oom_kills_all = true}));
  if (!spec.privileged) TRY(groups_.restrict_devices(entry.record.group));
  const cgroup::Door door = TRY(groups_.open_door(entry.record.group));
  const auto [log_dir, log_name] = TRY(split_log_path(pod.record.config.log_dir, entry.record.config.log_path));
  TRY(base::make_dirs(log_dir, 0755));
  const base::Fd logs(::open(log_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!logs) return fail_errno("open " + log_dir);
  auto request = sandbox::make_request(stage::Verb::kStart, entry.status.id);
  std::vector<int> fds = {plan.get(), logs.get(), door.group.get()};
  request.flags = stage::kHasGroup;
  if (door.oom) {
    request.flags |= stage::kHasOom;
    fds.push_back(door.oom.get());
  }
  for (const auto& fd : door.procs) fds.push_back(fd.get());
  return TRY(client(pod.status.id).call(request, fds, kStartDeadline)).reply;
}

void mark_failed(ContainerStatus& status, const std::string& why, base::WallTime when) {
  status.state = ContainerState::kExited;
  status.exit_code = kCannotRunCode;
  status.reason = "ContainerCannotRun";
  status.message = why;
  status.finished = when;
}

// On disk as well, so that a restarted server does not take it for one that waits for its start.
void RealRuntime::keep_failure(Entry entry, const Error& error) {
  const auto now = options_.clock->now();
  entry.record.failure = error.message;
  entry.record.failed_ns = now.time_since_epoch().count();
  const std::string path = pod_dir(entry.status.sandbox_id) + "/c/" + entry.status.id + ".json";
  if (auto kept = base::write_file_atomic(path, encode(entry.record), 0600); !kept) {
    options_.log.warn("a failed start is not on disk", {{"container", entry.status.id}, {"error", kept.error()}});
  }
  change(entry.status.id, [&](ContainerStatus& status) { mark_failed(status, error.message, now); });
}

Result<> RealRuntime::start_container(const std::string& id) {
  const Entry found = TRY(find_entry(id));
  const Pod pod = TRY(find_pod(found.status.sandbox_id));
  {
    const std::scoped_lock turn(*pod.turn);
    const Entry entry = TRY(find_entry(id));  // as it is now that it is our turn
    if (entry.status.state != ContainerState::kCreated) {
      return fail(Code::kFailedPrecondition, "container was started before: " + id);
    }
    auto started = launch(entry, pod);
    if (!started) {
      (void)groups_.remove(entry.record.group, kKillDeadline);  // removed again with the container
      keep_failure(entry, started.error());
      notify(entry.status.sandbox_id);
      return std::unexpected(started.error());
    }
    if ((started->flags & stage::kWarning) != 0) {
      options_.log.warn("container runs with less than was asked for", {{"container", id}, {"what", started->text}});
    }
    change(id, [&](ContainerStatus& status) {
      if (status.state == ContainerState::kExited) return;  // the watch thread was faster
      status.state = ContainerState::kRunning;
      status.pid = started->pid;
      status.started = wall_time(started->started_ns);
    });
  }
  notify(found.status.sandbox_id);
  return {};
}

Result<> RealRuntime::signal(const Entry& entry, int number) {
  auto sent = client(entry.status.sandbox_id)
                  .call(sandbox::make_request(stage::Verb::kSignal, entry.status.id, number), {}, kAskDeadline);
  if (!sent && sent.error().errno_value != ESRCH && sent.error().code != Code::kUnavailable)
    return std::unexpected(sent.error());
  return {};  // ended by itself in between, or its supervisor died: the watch thread tells
}

bool RealRuntime::wait_until_exited(const std::string& id, milliseconds deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [&] {
    const auto it = containers_.find(id);
    return it == containers_.end() || it->second.status.state != ContainerState::kRunning;
  });
}

// Without the pod's turn: a stop may take its whole grace, and others must be able to end meanwhile.
Result<> RealRuntime::stop_container(const std::string& id, milliseconds grace) {
  auto found = find_entry(id);
  if (!found) return {};
  if (found->status.state == ContainerState::kCreated) {
    change(id, [&](ContainerStatus& status) {
      if (status.state != ContainerState::kCreated) return;
      status.state = ContainerState::kExited;
      status.exit_code = 137;
      status.signal = SIGKILL;
      status.reason = "Error";
      status.finished = options_.clock->now();
    });
    notify(found->status.sandbox_id);
    return {};
  }
  if (found->status.state != ContainerState::kRunning) return {};
  if (grace.count() > 0) {
    TRY(signal(*found, signal_number(found->record.config.stop_signal)));
    if (wait_until_exited(id, grace)) return {};
  }
  TRY(signal(*found, SIGKILL));
  TRY(groups_.kill(found->record.group));
  if (!wait_until_exited(id, kKillDeadline))
    return fail(Code::kDeadlineExceeded, "container " + id + " does not die of SIGKILL");
  return {};
}

// Everything of a container that has ended: supervisor's slot, group, layers, folder, record.
void RealRuntime::forget(const Entry& entry) {
  const std::string& id = entry.status.id;
  (void)client(entry.status.sandbox_id)
      .call(sandbox::make_request(stage::Verb::kForget, id), {}, kAskDeadline);  // may be gone
  if (auto removed = groups_.remove(entry.record.group, kKillDeadline); !removed) {
    options_.log.warn("control group of a container is left behind", {{"container", id}, {"error", removed.error()}});
  }
  images_->release_layers(id);
  if (auto removed = base::remove_tree(container_dir(id)); !removed) {
    options_.log.warn("writable layer of a container is left behind", {{"container", id}, {"error", removed.error()}});
  }
  (void)unlink((pod_dir(entry.status.sandbox_id) + "/c/" + id + ".json").c_str());
  const std::scoped_lock lock(mutex_);
  containers_.erase(id);
}

Result<> RealRuntime::remove_container(const std::string& id) {
  auto found = find_entry(id);
  if (!found) return {};
  TRY(stop_container(id, milliseconds(0)));
  const auto pod = find_pod(found->status.sandbox_id);
  if (!pod) return {};
  const std::scoped_lock turn(*pod->turn);
  forget(*found);
  return {};
}

Result<ContainerStatus> RealRuntime::container_status(const std::string& id) { return TRY(find_entry(id)).status; }

Result<std::vector<ContainerStatus>> RealRuntime::list_containers(const std::string& sandbox_id) {
  std::vector<const Entry*> found;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, entry] : containers_) {
    if (sandbox_id.empty() || entry.status.sandbox_id == sandbox_id) found.push_back(&entry);
  }
  std::ranges::sort(found, {}, &Entry::number);
  std::vector<ContainerStatus> out;
  for (const auto* entry : found) out.push_back(entry->status);
  return out;
}

Result<ContainerStats> RealRuntime::sandbox_stats(const std::string& id) {
  return group_stats(TRY(find_pod(id)).record.config.cgroup_parent);
}

Result<ContainerStats> RealRuntime::container_stats(const std::string& id) {
  return group_stats(TRY(find_entry(id)).record.group);
}

Result<ContainerStats> RealRuntime::group_stats(const std::string& path) const {
  const auto stats = TRY(groups_.stats(path));
  return ContainerStats{.cpu_usage_ns = stats.cpu_usage_ns,
                        .memory_usage_bytes = stats.memory_usage_bytes,
                        .memory_working_set_bytes = stats.memory_working_set_bytes};
}

}  // namespace appliance::runtime::cri
