#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/fs.h"
#include "base/strings.h"
#include "runtime/cgroup/device_filter.h"

namespace appliance::runtime::cgroup {
namespace {

// What pods need; the other v1 hierarchies are left alone (cpuset would need its masks copied, freezer is there on v2).
constexpr std::array kControllers = {"cpu", "cpuacct", "memory", "pids", "devices"};
constexpr std::array kRequired = {"cpu", "memory", "pids"};
constexpr int kMkdirRaces = 10;  // an ancestor may be pruned between two mkdirs; a few turns always win

Result<> write_value(const std::string& path, std::string_view value) {
  const base::Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path);
  if (write(fd.get(), value.data(), value.size()) < 0) return fail_errno("write " + std::string(value) + " to " + path);
  return {};
}

uint64_t number_in(const std::string& path) {
  const auto text = base::read_file(path, 4096);
  if (!text) return 0;
  return base::parse_int<uint64_t>(base::trim(*text)).value_or(0);
}

// The number behind `key ` at the beginning of a line.
uint64_t field_in(const std::string& path, std::string_view key) {
  const auto text = base::read_file(path, 65536);
  if (!text) return 0;
  for (const auto line : base::split(*text, '\n')) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return base::parse_int<uint64_t>(base::trim(line.substr(key.size() + 1))).value_or(0);
    }
  }
  return 0;
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<> make_group(const std::string& root, const std::string& path, bool v2) {
  for (int turn = 0;; ++turn) {
    std::string at = root;
    bool raced = false;
    for (const auto part : base::split(path, '/')) {
      if (part.empty()) continue;
      if (v2) {
        // Whatever of these the parent has; the kernel refuses what is not there, so they are asked for one by one.
        for (const auto* controller : {"+cpu", "+memory", "+pids"})
          (void)write_value(at + "/cgroup.subtree_control", controller);
      }
      at += '/' + std::string(part);
      if (mkdir(at.c_str(), 0755) == 0 || errno == EEXIST) continue;
      if (errno != ENOENT || turn == kMkdirRaces) return fail_errno("make control group " + at);
      raced = true;
      break;
    }
    if (!raced) return {};
  }
}

Result<> check_path(const std::string& path) {
  for (const auto part : base::split(path, '/')) {
    if (part.empty() || part == "." || part == "..")
      return fail(Code::kInvalidArgument, "control group path '" + path + "'");
  }
  return {};
}

Result<> set_v1(const std::string& controller, const std::string& dir, const Limits& limits) {
  if (controller == "cpu") {
    if (limits.cpu_shares > 0)
      TRY(write_value(dir + "/cpu.shares", std::to_string(std::max<int64_t>(2, limits.cpu_shares))));
    if (limits.cpu_period_us > 0) TRY(write_value(dir + "/cpu.cfs_period_us", std::to_string(limits.cpu_period_us)));
    if (limits.cpu_quota_us > 0)
      TRY(write_value(dir + "/cpu.cfs_quota_us", std::to_string(std::max<int64_t>(1000, limits.cpu_quota_us))));
  } else if (controller == "memory" && limits.memory_limit_bytes > 0) {
    TRY(write_value(dir + "/memory.limit_in_bytes", std::to_string(limits.memory_limit_bytes)));
    // Swap would turn the limit into a slow-down; machines without swap accounting have no such file.
    (void)write_value(dir + "/memory.memsw.limit_in_bytes", std::to_string(limits.memory_limit_bytes));
  } else if (controller == "pids" && limits.pids_max > 0) {
    TRY(write_value(dir + "/pids.max", std::to_string(limits.pids_max)));
  }
  return {};
}

Result<> set_v2(const std::string& dir, const Limits& limits) {
  if (limits.cpu_shares > 0) TRY(write_value(dir + "/cpu.weight", std::to_string(weight_of_shares(limits.cpu_shares))));
  if (limits.cpu_quota_us > 0) {
    const int64_t period = limits.cpu_period_us > 0 ? limits.cpu_period_us : 100'000;
    TRY(write_value(dir + "/cpu.max",
                    std::to_string(std::max<int64_t>(1000, limits.cpu_quota_us)) + ' ' + std::to_string(period)));
  }
  if (limits.memory_limit_bytes > 0) {
    TRY(write_value(dir + "/memory.max", std::to_string(limits.memory_limit_bytes)));
    (void)write_value(dir + "/memory.swap.max", "0");  // absent without swap accounting
  }
  // Also without a limit of its own: the pod's may be the one that is reached.
  if (limits.oom_kills_all) (void)write_value(dir + "/memory.oom.group", "1");  // absent before Linux 4.19
  if (limits.pids_max > 0) TRY(write_value(dir + "/pids.max", std::to_string(limits.pids_max)));
  return {};
}

std::vector<std::string> subgroups(const std::string& dir) {
  std::vector<std::string> out;
  const auto names = base::make_real_fs()->list(dir);
  if (!names) return out;
  struct stat st;
  for (const auto& name : *names) {
    if (lstat((dir + '/' + name).c_str(), &st) == 0 && S_ISDIR(st.st_mode)) out.push_back(name);
  }
  return out;
}

void kill_each(const std::string& dir) {
  const auto text = base::read_file(dir + "/cgroup.procs", 1U << 20U);
  if (text) {
    for (const auto line : base::split(*text, '\n')) {
      if (const auto pid = base::parse_int<int>(line); pid && *pid > 1) ::kill(*pid, SIGKILL);
    }
  }
  for (const auto& name : subgroups(dir)) kill_each(dir + '/' + name);
}

// True when the directory is gone.
bool remove_tree(const std::string& dir) {
  if (rmdir(dir.c_str()) == 0 || errno == ENOENT) return true;
  for (const auto& name : subgroups(dir)) (void)remove_tree(dir + '/' + name);
  return rmdir(dir.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

uint64_t weight_of_shares(int64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125.0 * l) / 612.0 - 7.0 / 34.0;
  return std::clamp<uint64_t>(static_cast<uint64_t>(std::ceil(std::pow(10.0, exponent))), 1, 10000);
}

Result<Hierarchies> Hierarchies::detect() { return parse(TRY(base::read_file("/proc/self/mountinfo", 4U << 20U))); }

Result<Hierarchies> Hierarchies::parse(std::string_view mountinfo) {
  Hierarchies out;
  for (const auto line : base::split(mountinfo, '\n')) {
    const auto fields = base::split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 10 || fields.end() - dash < 4) continue;
    const std::string_view type = *(dash + 1);
    const std::string_view options = *(dash + 3);
    const std::string at(fields[4]);
    if (fields[3] != "/") continue;  // a part of a hierarchy bound elsewhere
    if (type == "cgroup2" && out.unified_.empty()) out.unified_ = at;
    if (type != "cgroup") continue;
    for (const auto option : base::split(options, ',')) {
      const bool wanted = std::ranges::find(kControllers, option) != kControllers.end();
      const bool known = std::ranges::any_of(out.v1_, [&](const Controller& c) { return c.name == option; });
      if (wanted && !known) out.v1_.push_back({std::string(option), at});
    }
  }
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(out.v1_, [&](const Controller& c) { return c.name == name; });
  };
  if (out.v1_.empty() && !out.unified_.empty()) return out;
  if (out.unified_.empty()) {
    return fail(Error{
        .code = Code::kUnimplemented,
        .message = out.v1_.empty() ? "no control groups are mounted" : "control groups: only version 1 is mounted",
        .errno_value = 0,
        .hint = "mount the version 2 tree beside it: mount -t cgroup2 none /sys/fs/cgroup/unified"});
  }
  out.layout_ = Layout::kHybrid;
  for (const auto* name : kRequired) {
    if (!has(name)) return fail(Code::kUnimplemented, std::string("control groups: no version 1 controller ") + name);
  }
  return out;
}

std::vector<std::string> Hierarchies::roots() const {
  std::vector<std::string> out = {unified_};
  for (const auto& controller : v1_) {
    if (std::ranges::find(out, controller.root) == out.end()) out.push_back(controller.root);
  }
  return out;
}

Result<> Hierarchies::create(const std::string& path, const Limits& limits) const {
  TRY(check_path(path));
  for (const auto& root : roots()) TRY(make_group(root, path, root == unified_ && layout_ == Layout::kV2));
  return set_limits(path, limits);
}

Result<> Hierarchies::set_limits(const std::string& path, const Limits& limits) const {
  if (layout_ == Layout::kV2) return set_v2(unified_ + '/' + path, limits);
  for (const auto& controller : v1_) TRY(set_v1(controller.name, controller.root + '/' + path, limits));
  return {};
}

Result<> Hierarchies::restrict_devices(const std::string& path) const {
  if (layout_ == Layout::kV2) {
    const base::Fd group(open((unified_ + '/' + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!group) return fail_errno("open control group " + path);
    return attach_device_filter(group.get());
  }
  for (const auto& controller : v1_) {
    if (controller.name != "devices") continue;
    const std::string dir = controller.root + '/' + path;
    TRY(write_value(dir + "/devices.deny", "a"));
    for (const auto& rule : default_device_rules()) TRY(write_value(dir + "/devices.allow", rule.v1_text()));
  }
  return {};
}

Result<Door> Hierarchies::open_door(const std::string& path) const {
  Door door;
  door.group = base::Fd(open((unified_ + '/' + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!door.group) return fail_errno("open control group " + path);
  std::vector<std::string> seen;
  for (const auto& controller : v1_) {
    const std::string dir = controller.root + '/' + path;
    if (controller.name == "memory") {
      door.oom = base::Fd(open((dir + "/memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC));
      if (!door.oom) return fail_errno("open " + dir + "/memory.oom_control");
    }
    if (std::ranges::find(seen, controller.root) != seen.end()) continue;
    seen.push_back(controller.root);
    door.procs.emplace_back(open((dir + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    if (!door.procs.back()) return fail_errno("open " + dir + "/cgroup.procs");
  }
  return door;
}

Result<std::vector<base::Fd>> Hierarchies::open_procs(const std::string& path) const {
  std::vector<base::Fd> out;
  for (const auto& root : roots()) {
    const std::string file = root + '/' + path + "/cgroup.procs";
    out.emplace_back(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!out.back()) return fail_errno("open " + file);
  }
  return out;
}

Result<> Hierarchies::kill(const std::string& path) const {
  const std::string dir = unified_ + '/' + path;
  if (!exists(dir)) return {};
  if (write_value(dir + "/cgroup.kill", "1")) return {};
  kill_each(dir);  // before Linux 5.14
  return {};
}

Result<std::vector<int>> Hierarchies::processes(const std::string& path) const {
  std::vector<int> out;
  const std::string text = TRY(base::read_file(unified_ + '/' + path + "/cgroup.procs", 1U << 20U));
  for (const auto line : base::split(text, '\n')) {
    if (const auto pid = base::parse_int<int>(line)) out.push_back(*pid);
  }
  return out;
}

Result<Stats> Hierarchies::stats(const std::string& path) const {
  Stats out;
  const std::string unified = unified_ + '/' + path;
  if (!exists(unified)) return fail(Code::kNotFound, "no such control group: " + path);
  uint64_t inactive = 0;
  if (layout_ == Layout::kV2) {
    out.cpu_usage_ns = field_in(unified + "/cpu.stat", "usage_usec") * 1000;
    out.memory_usage_bytes = number_in(unified + "/memory.current");
    inactive = field_in(unified + "/memory.stat", "inactive_file");
  }
  for (const auto& controller : v1_) {
    const std::string dir = controller.root + '/' + path;
    if (controller.name == "cpuacct") out.cpu_usage_ns = number_in(dir + "/cpuacct.usage");
    if (controller.name != "memory") continue;
    out.memory_usage_bytes = number_in(dir + "/memory.usage_in_bytes");
    inactive = field_in(dir + "/memory.stat", "total_inactive_file");
  }
  out.memory_working_set_bytes = out.memory_usage_bytes - std::min(out.memory_usage_bytes, inactive);
  return out;
}

Result<> Hierarchies::remove(const std::string& path, std::chrono::milliseconds deadline) const {
  TRY(check_path(path));
  const auto end = std::chrono::steady_clock::now() + deadline;
  TRY(kill(path));
  for (const auto& root : roots()) {
    const std::string dir = root + '/' + path;
    // The last of a group is gone when its zombies are reaped; cgroup.events tells on v2, v1 has to be asked again.
    while (!remove_tree(dir)) {
      if (errno != EBUSY || std::chrono::steady_clock::now() >= end) return fail_errno("remove control group " + dir);
      const base::Fd events(open((unified_ + '/' + path + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
      pollfd wait{.fd = events.get(), .events = POLLPRI, .revents = 0};
      (void)poll(&wait, events ? 1 : 0, 2);
    }
  }
  return {};
}

void Hierarchies::prune_parents(const std::string& path) const {
  for (const auto& root : roots()) {
    std::string at = path;
    for (size_t slash = at.rfind('/'); slash != at.npos; slash = at.rfind('/')) {
      at.resize(slash);
      if (rmdir((root + '/' + at).c_str()) != 0 && errno != ENOENT) break;  // in use
    }
  }
}

std::vector<MountPoint> Hierarchies::container_mounts() const {
  if (layout_ == Layout::kV2) return {{"cgroup2", "", ""}};
  std::vector<MountPoint> out = {{"tmpfs", "", "mode"}};
  std::vector<std::string> seen;
  for (const auto& controller : v1_) {
    if (std::ranges::find(seen, controller.root) != seen.end()) continue;
    seen.push_back(controller.root);
    std::vector<std::string> together;
    for (const auto& other : v1_) {
      if (other.root == controller.root) together.push_back(other.name);
    }
    if (together.size() == 1) out.push_back({"cgroup", controller.name, controller.name});
  }
  return out;
}

}  // namespace appliance::runtime::cgroup
