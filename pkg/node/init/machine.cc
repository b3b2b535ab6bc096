#include "node/init/machine.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fs.h"
#include "base/strings.h"
#include "net/netlink/route.h"

namespace appliance::node::init {
namespace {

constexpr size_t kModuleListBytesMax = 1U << 20U;  // a kernel has some thousand modules; their names fit many times
constexpr rlim_t kFilesMax = 1U << 20U;            // fs.nr_open of a kernel that nobody has tuned

constexpr const char* kRootHandle = "/.root";  // where the bound root is for a moment

struct MountStep {
  const char* type;
  const char* target;
  unsigned long flags;
  const char* options;
};

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;
constexpr MountStep kMounts[] = {
    {"proc", "/proc", kQuiet, ""},
    {"sysfs", "/sys", kQuiet, ""},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"cgroup2", "/sys/fs/cgroup", kQuiet, "nsdelegate,memory_recursiveprot"},
};

Result<> replace_root() {
  TRY(base::make_dirs(kRootHandle, 0700));
  if (mount("/", kRootHandle, nullptr, MS_BIND, nullptr) != 0) return fail_errno("bind the root");
  if (chdir(kRootHandle) != 0) return fail_errno("enter the bound root");
  if (mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return fail_errno("move the bound root over the root");
  if (chroot(".") != 0 || chdir("/") != 0) return fail_errno("make the bound root the root");
  (void)rmdir(kRootHandle);  // an empty folder that stays does no harm
  return {};
}

Result<> load_module(const std::string& path) {
  const base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("open " + path);
  if (syscall(SYS_finit_module, file.get(), "", 0) != 0 && errno != EEXIST) return fail_errno("load " + path);
  return {};
}

}  // namespace

Result<> mount_machine() {
  TRY(replace_root());
  for (const auto& step : kMounts) {
    TRY(base::make_dirs(step.target, 0755));
    if (mount(step.type, step.target, step.type, step.flags, step.options) != 0 && errno != EBUSY)
      return fail_errno(std::string("mount ") + step.type + " on " + step.target);
  }
  // Mounts of one namespace reach the next only where somebody asks for it, as systemd has it.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) return fail_errno("share the root's mounts");
  return {};
}

std::vector<Error> load_modules(const std::string& list) {
  std::vector<Error> problems;
  if (access(list.c_str(), F_OK) != 0) return problems;
  const auto text = base::read_file(list, kModuleListBytesMax);
  if (!text) return {text.error()};
  for (const auto line : base::split(*text, '\n')) {
    if (base::trim(line).empty()) continue;
    if (auto loaded = load_module(std::string(base::trim(line))); !loaded) problems.push_back(loaded.error());
  }
  return problems;
}

Result<> loopback_up() {
  auto route = TRY(net::netlink::RouteSocket::open());
  return route.change_link("lo", {.up = true});
}

Result<> set_hostname(const std::string& name) {
  if (sethostname(name.data(), name.size()) != 0) return fail_errno("set the host name to " + name);
  return {};
}

Result<> raise_limits() {
  const rlimit files{.rlim_cur = 1024, .rlim_max = kFilesMax};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return fail_errno("raise the number of descriptors");
  return {};
}

}  // namespace appliance::node::init
