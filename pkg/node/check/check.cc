#include "node/check/check.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/podnet/diagnose.h"

namespace appliance::node {
namespace {

using State = CheckLine::State;

constexpr uint64_t kDiskBytesMin = 1ULL << 30U;  // below it images and the store have no room to work
constexpr long kCgroup2Magic = 0x63677270;
constexpr std::time_t kBuildYear2025 =
    1735689600;  // a clock before this cannot be right: certificates would not be valid

CheckLine ok(std::string name, std::string detail) { return {State::kOk, std::move(name), std::move(detail), {}}; }
CheckLine bad(std::string name, std::string detail, std::string remedy) {
  return {State::kFailed, std::move(name), std::move(detail), std::move(remedy)};
}
CheckLine warning(std::string name, std::string detail, std::string remedy) {
  return {State::kWarning, std::move(name), std::move(detail), std::move(remedy)};
}

CheckLine check_root() {
  if (geteuid() == 0) return ok("root", "uid 0");
  return bad("root", "uid " + std::to_string(geteuid()), "run it as root: sudo appliance …");
}

CheckLine check_kernel() {
  utsname name{};
  uname(&name);
  int major = 0;
  int minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) != 2)
    return warning("kernel", name.release, "its version can't be read; 5.15 or newer is needed");
  if (major < 5 || (major == 5 && minor < 15))
    return bad("kernel", name.release, "5.15 or newer is needed (overlay, clone3, mount_setattr)");
  return ok("kernel", name.release);
}

CheckLine check_filesystem(const std::string& name, const std::string& what) {
  const auto list = base::read_file("/proc/filesystems");
  if (list)
    for (const auto line : base::split(*list, '\n'))
      if (line.ends_with('\t' + name)) return ok(name, "in the kernel");
  utsname host{};
  uname(&host);
  const std::string module =
      "/lib/modules/" + std::string(host.release) + "/kernel/fs/" + (name == "overlay" ? "overlayfs" : name);
  struct stat info{};
  if (::stat(module.c_str(), &info) == 0) return ok(name, "as a module");
  return bad(name, "not in this kernel", what + ": load or build the module (modprobe " + name + ")");
}

CheckLine check_cgroups() {
  struct statfs info{};
  if (::statfs("/sys/fs/cgroup", &info) != 0)
    return bad("cgroups", "/sys/fs/cgroup: not mounted", "mount -t cgroup2 none /sys/fs/cgroup");
  if (info.f_type == kCgroup2Magic) {
    const auto controllers = base::read_file("/sys/fs/cgroup/cgroup.controllers");
    for (const auto* needed : {"cpu", "memory", "pids"})
      if (!controllers || controllers->find(needed) == std::string::npos)
        return bad("cgroups", std::string("v2 without the controller ") + needed,
                   std::string("enable it on the kernel's command line (cgroup_enable=") + needed + ")");
    return ok("cgroups", "v2");
  }
  struct stat unified{};
  if (::statfs("/sys/fs/cgroup/unified", &info) == 0 && info.f_type == kCgroup2Magic &&
      ::stat("/sys/fs/cgroup/memory/cgroup.procs", &unified) == 0)
    return ok("cgroups", "hybrid (v1 controllers beside v2)");
  return bad("cgroups", "v1 only", "boot with systemd.unified_cgroup_hierarchy=1: v1 alone is not supported yet");
}

// Does `probe` in a child, so that what it makes goes with the child.
int in_child(int (*probe)()) {
  const pid_t pid = ::fork();  // a command-line process with one thread
  if (pid == 0) _exit(probe());
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return errno != 0 ? errno : EINVAL;
  return WEXITSTATUS(status);
}

CheckLine check_namespaces() {
  const int error = in_child([] {
    return ::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) == 0 ? 0 : errno;
  });
  if (error == 0) return ok("namespaces", "mount, pid, net, uts, ipc");
  return bad("namespaces", std::strerror(error),
             "the kernel or this container forbids them: run on the machine itself, as root");
}

CheckLine check_nftables() {
  const base::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!socket) return bad("nftables", std::strerror(errno), "the kernel needs CONFIG_NF_TABLES (modprobe nf_tables)");
  struct stat info{};
  if (::stat("/proc/sys/net/netfilter", &info) != 0)
    return warning("nftables", "connection tracking is not loaded yet",
                   "it loads with the first service; if it does not: modprobe nf_conntrack");
  return ok("nftables", "with connection tracking");
}

CheckLine check_disk(const std::string& dir) {
  std::string at = dir;
  struct statvfs info{};
  while (::statvfs(at.c_str(), &info) != 0 && at.size() > 1)
    at = at.rfind('/') == 0 ? "/" : at.substr(0, at.rfind('/'));
  const uint64_t free_bytes = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  const auto detail = base::human_bytes(free_bytes) + " free for " + dir;
  if (free_bytes >= kDiskBytesMin) return ok("disk", detail);
  // A cluster that is there must start again, however full the disk: its pods need their server, and its reads work.
  if (struct stat store{}; ::stat((dir + "/store/state.db").c_str(), &store) == 0)
    return warning("disk", detail, "make room: images need about 1 GiB, and writes are refused when nothing is left");
  return bad("disk", detail, "at least 1 GiB is needed: make room, or choose another --data-dir");
}

CheckLine check_clock() {
  if (std::time(nullptr) < kBuildYear2025)
    return bad("clock", "the machine's clock is years behind",
               "set it (timedatectl set-ntp true): certificates would not be valid");
  return ok("clock", "plausible");
}

CheckLine check_port(const std::string& what, int port) {
  const auto holder = port_holder(port);
  if (holder.empty()) return ok("port " + std::to_string(port), "free (" + what + ")");
  return bad("port " + std::to_string(port), "in use by " + holder, "stop it, or choose another port with --" + what);
}

void add_firewall(const Config& config, std::vector<CheckLine>& lines) {
  const auto found = orchestrator::podnet::diagnose(
      {.cluster_cidr = config.cluster_cidr, .node_ip = config.node_ip, .api_port = config.https_listen_port});
  if (!found) return lines.push_back(warning("firewall", found.error().message, "could not be looked at"));
  if (found->empty()) return lines.push_back(ok("firewall", "nothing found that stops pod traffic"));
  for (const auto& problem : *found)
    lines.push_back(warning("firewall", problem, "see docs/operate.md, \"Beside others\""));
}

// Socket inodes that listen on the port, from /proc/net/tcp and tcp6.
std::vector<std::string> listening_inodes(int port) {
  std::vector<std::string> out;
  for (const auto* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto text = base::read_file(path);
    if (!text) continue;
    for (const auto line : base::split(*text, '\n')) {
      unsigned local_port = 0;
      unsigned state = 0;
      unsigned long inode = 0;
      if (std::sscanf(std::string(line).c_str(), " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu",
                      &local_port, &state, &inode) == 3 &&
          state == 10 && static_cast<int>(local_port) == port)
        out.push_back("socket:[" + std::to_string(inode) + ']');
    }
  }
  return out;
}

}  // namespace

std::string port_holder(int port) {
  const auto inodes = listening_inodes(port);
  if (inodes.empty()) return {};
  const auto fs = base::make_real_fs();
  const auto processes = fs->list("/proc");
  if (!processes) return "another process";
  for (const auto& pid : *processes) {
    if (!base::parse_int<int>(pid)) continue;
    const auto fds = fs->list("/proc/" + pid + "/fd");
    if (!fds) continue;
    for (const auto& fd : *fds) {
      char target[128];
      const ssize_t n = ::readlink(("/proc/" + pid + "/fd/" + fd).c_str(), target, sizeof target);
      if (n <= 0) continue;
      for (const auto& inode : inodes)
        if (inode == std::string_view(target, static_cast<size_t>(n))) {
          const auto name = base::read_file("/proc/" + pid + "/comm");
          return std::string(base::trim(name.value_or("?"))) + " (pid " + pid + ")";
        }
    }
  }
  return "another process";
}

std::vector<CheckLine> check_start(const Config& config, bool worker) {
  std::vector<CheckLine> lines{check_root(), check_cgroups(), check_filesystem("overlay", "containers need it")};
  if (!worker) lines.push_back(check_port("https-listen-port", config.https_listen_port));
  lines.push_back(check_port("kubelet-port", config.kubelet_port));
  lines.push_back(check_disk(config.data_dir));
  lines.push_back(check_clock());
  return lines;
}

std::vector<CheckLine> check_machine(const Config& config, bool running) {
  std::vector<CheckLine> lines{check_root(), check_kernel(), check_cgroups(),
                               check_filesystem("overlay", "containers need it"),
                               check_filesystem("erofs", "image layers need it")};
  if (geteuid() == 0) lines.push_back(check_namespaces());
  lines.push_back(check_nftables());
  if (geteuid() == 0) add_firewall(config, lines);
  lines.push_back(running ? ok("port " + std::to_string(config.https_listen_port), "held by our own server")
                          : check_port("https-listen-port", config.https_listen_port));
  if (!running) lines.push_back(check_port("kubelet-port", config.kubelet_port));
  lines.push_back(check_disk(config.data_dir));
  lines.push_back(check_clock());
  return lines;
}

}  // namespace appliance::node
