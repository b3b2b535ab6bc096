// Making the pod's namespaces around the supervisor itself: network (loopback up, pinned for the pod network), host
// name, IPC with its own shared memory, and with shareProcessNamespace a process 1 that reaps.
#include <linux/if.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "stage/supervisor.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

bool loopback_up(Setup& s) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close_fd(fd);
  return up || s.failed("bring up lo");
}

bool set_sysctl(Setup& s, const char* name, const char* value) {
  Text<256> path;
  path.add("/proc/sys/");
  for (const char* p = name; *p != '\0'; ++p) {
    if (*p == '/' || (*p == '.' && p[1] == '.')) {
      errno = EINVAL;
      return s.failed("sysctl", name);
    }
    path.add(*p == '.' ? std::string_view("/") : std::string_view(p, 1));
  }
  return (!path.cut() && write_at(AT_FDCWD, path.c_str(), value)) || s.failed("sysctl", name);
}

bool make_namespaces(Setup& s) {
  int flags = 0;
  if (s.plan.flag(kFlagNewNet)) flags |= CLONE_NEWNET;
  if (s.plan.flag(kFlagNewIpc)) flags |= CLONE_NEWIPC;
  if (s.plan.flag(kFlagNewUts)) flags |= CLONE_NEWUTS;
  if (unshare(flags) != 0) return s.failed("unshare");
  if (s.plan.flag(kFlagNewNet) && !loopback_up(s)) return false;
  const char* hostname = s.plan.text(Tag::kHostname);
  if (s.plan.flag(kFlagNewUts) && hostname != nullptr && sethostname(hostname, strlen(hostname)) != 0) {
    return s.failed("set host name", hostname);
  }
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kSysctl, r);) {
    if (!set_sysctl(s, r.text(0), r.text(1))) return false;
  }
  return true;
}

// The network namespace stays reachable by name: for the pod network, and when the server comes back.
bool pin_network(Setup& s) {
  const char* pin = s.plan.text(Tag::kNetnsPin);
  if (pin == nullptr) return true;
  return mount("/proc/self/ns/net", pin, nullptr, MS_BIND, nullptr) == 0 ||
         s.failed("pin the network namespace on", pin);
}

bool mount_shm(Setup& s) {
  if (!s.plan.flag(kFlagNewIpc)) return true;
  (void)mkdir("shm", 0700);
  return mount("shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m") == 0 ||
         s.failed("mount shm");
}

// Process 1 of a shared pid namespace: reaps, forever.
[[noreturn]] void run_pause() {
  (void)close_range(0, ~0U, 0);
  (void)setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  for (;;) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    int signal;
    (void)sigwait(&child, &signal);
  }
}

}  // namespace

void make_sandbox(Supervisor& supervisor, const Plan& plan, int channel, const int* procs, unsigned procs_count) {
  Setup s;
  s.plan = plan;
  s.channel = channel;
  const char* dir = plan.text(Tag::kPodDir);
  errno = 0;
  if (dir == nullptr || chdir(dir) != 0) {
    s.failed("enter", dir == nullptr ? "" : dir);
    give_up(s, "pod directory");
  }
  for (unsigned i = 0; i < procs_count; ++i) {
    if (write(procs[i], "0", 1) != 1) {
      s.failed("enter a control group");
      give_up(s, "join cgroups");
    }
    close(procs[i]);
  }
  (void)write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-998");  // refused without CAP_SYS_RESOURCE: then as inherited
  if (!make_namespaces(s)) give_up(s, "namespaces");
  if (!pin_network(s)) give_up(s, "network namespace");
  if (!mount_shm(s)) give_up(s, "shared memory");
  if (plan.flag(kFlagSharedPid)) {
    if (unshare(CLONE_NEWPID) != 0) give_up(s, "new pid namespace");
    supervisor.pause_pid = fork();
    if (supervisor.pause_pid == 0) run_pause();
    if (supervisor.pause_pid < 0) give_up(s, "start process 1");
  }
}

}  // namespace appliance::stage
