// Steps about the process itself: groups, session, stdio, limits, directory, filter, exec.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "stage/setup.h"

namespace appliance::stage {
namespace {

using namespace runtime::stage;

constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A block of pointers for execve, from anonymous memory: the only allocation of a set-up.
char** pointer_block(uint32_t count) {
  const size_t bytes = (count + 1UL) * sizeof(char*);
  const long at = syscall(SYS_mmap, nullptr, bytes, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0L);
  return at < 0 && at > -4096 ? nullptr : reinterpret_cast<char**>(at);
}

bool has_env(const Setup& s, std::string_view name) {
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kEnv, r);) {
    const std::string_view entry(r.text());
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') return true;
  }
  return false;
}

const char* path_of_env(const Setup& s) {
  const char* found = kDefaultPath;
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kEnv, r);) {
    if (strncmp(r.text(), "PATH=", 5) == 0) found = r.text() + 5;
  }
  return found;
}

bool load_filter(Setup& s) {
  Record r;
  if (!s.plan.find(Tag::kSeccomp, r) || r.size == 0) return true;
  sock_fprog program{};
  program.len = static_cast<unsigned short>(r.size / sizeof(sock_filter));
  program.filter = reinterpret_cast<sock_filter*>(const_cast<char*>(r.data));
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 || s.failed("load the seccomp filter");
}

}  // namespace

bool join_cgroups(Setup& s) {
  for (unsigned i = 0; i < s.procs_count; ++i) {
    if (write(s.procs[i], "0", 1) != 1) return s.failed("enter a control group");
    close_fd(s.procs[i]);
  }
  // After the move, so that the new namespace's root is the container's own group.
  return unshare(CLONE_NEWCGROUP) == 0 || s.failed("new cgroup namespace");
}

bool new_session(Setup& s) {
  umask(022);
  return setsid() >= 0 || s.failed("setsid");
}

bool set_oom_score(Setup& s) {
  Record r;
  if (!s.plan.find(Tag::kOomScoreAdj, r)) return true;
  Text<16> text;
  text.add(static_cast<long>(static_cast<int32_t>(r.u32())));
  if (write_at(AT_FDCWD, "/proc/self/oom_score_adj", text.view())) return true;
  if (errno != EACCES && errno != EPERM) return s.failed("set oom_score_adj to", text.view());
  warn(s, "oom_score_adj stays as inherited: this machine does not allow to lower it");
  return true;
}

bool set_rlimits(Setup& s) {
  uint32_t cursor = 0;
  for (Record r; s.plan.next(cursor, Tag::kRlimit, r);) {
    uint32_t soft = 0;
    uint32_t hard = 0;
    if (!parse_id(r.text(0), soft) || !parse_id(r.text(1), hard)) {
      errno = EINVAL;
      return s.failed("rlimit", r.text(0));
    }
    rlimit now{};
    if (getrlimit(static_cast<int>(r.u32()), &now) != 0) return s.failed("getrlimit");
    rlimit want{soft == kRlimitUnlimited ? RLIM_INFINITY : soft, hard == kRlimitUnlimited ? RLIM_INFINITY : hard};
    if (want.rlim_max > now.rlim_max)
      want.rlim_max = now.rlim_max;  // raising it may not be allowed; then it is what there is
    if (want.rlim_cur > want.rlim_max) want.rlim_cur = want.rlim_max;
    if (setrlimit(static_cast<int>(r.u32()), &want) != 0) return s.failed("setrlimit");
  }
  return true;
}

bool attach_stdio(Setup& s) {
  if (s.tty >= 0) {
    if (ioctl(s.tty, TIOCSCTTY, 0) != 0) return s.failed("take the terminal");
    for (int i = 0; i < 3; ++i) {
      if (dup2(s.tty, i) < 0) return s.failed("stdio");
    }
    return true;
  }
  for (int i = 0; i < 3; ++i) {
    // The supervisor made these above 2, and free of O_CLOEXEC is what dup2 gives.
    if (s.stdio[i] < 0 || dup2(s.stdio[i], i) < 0) return s.failed("stdio");
  }
  return true;
}

bool enter_cwd(Setup& s) {
  const char* cwd = s.plan.text(Tag::kCwd);
  if (cwd == nullptr || *cwd == '\0') cwd = "/";
  if (s.plan.kind() == PlanKind::kContainer) {
    s.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int made = open_target(s, cwd, true);  // as other runtimes do: a missing working directory is made
    if (made < 0) return s.failed("working directory", cwd);
    close(made);
  }
  if (chdir(cwd) != 0) return s.failed("working directory", cwd);
  char buffer[4096];
  const long n = syscall(SYS_getcwd, buffer, sizeof buffer);
  if (n <= 0 || buffer[0] != '/') {  // CVE-2024-21626: outside of the root
    errno = EPERM;
    return s.failed("working directory is outside of the container:", cwd);
  }
  return true;
}

bool seal_fds(Setup& s) { return close_range(3, ~0U, kCloseRangeCloexec) == 0 || s.failed("close_range"); }

bool load_seccomp_early(Setup& s) { return s.plan.flag(kFlagNoNewPrivs) || load_filter(s); }
bool load_seccomp_late(Setup& s) { return !s.plan.flag(kFlagNoNewPrivs) || load_filter(s); }

bool exec_program(Setup& s) {
  const uint32_t argc = s.plan.count(Tag::kArg);
  const uint32_t envc = s.plan.count(Tag::kEnv);
  char** argv = pointer_block(argc);
  char** envp = pointer_block(envc + 2);
  if (argc == 0 || argv == nullptr || envp == nullptr) {
    errno = argc == 0 ? EINVAL : ENOMEM;
    return s.failed(argc == 0 ? "no command specified" : "arguments");
  }
  uint32_t cursor = 0;
  uint32_t n = 0;
  for (Record r; s.plan.next(cursor, Tag::kArg, r);) argv[n++] = const_cast<char*>(r.text());
  argv[n] = nullptr;
  cursor = n = 0;
  for (Record r; s.plan.next(cursor, Tag::kEnv, r);) envp[n++] = const_cast<char*>(r.text());
  static Text<4096> home;
  static Text<128> path;
  if (!has_env(s, "PATH")) envp[n++] = const_cast<char*>(path.add("PATH=").add(kDefaultPath).c_str());
  if (!has_env(s, "HOME")) envp[n++] = const_cast<char*>(home.add("HOME=").add(s.home).c_str());
  envp[n] = nullptr;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int i = 1; i < 65; ++i) signal(i, SIG_DFL);

  const char* name = argv[0];
  if (strchr(name, '/') != nullptr) {
    execve(name, argv, envp);
    return s.failed("exec", name);
  }
  int best = ENOENT;
  for (const char* at = path_of_env(s); *name != '\0'; ++at) {
    const size_t length = strcspn(at, ":");
    Text<4096> file;
    file.add(length == 0 ? std::string_view(".") : std::string_view(at, length)).add("/").add(name);
    if (!file.cut()) execve(file.c_str(), argv, envp);
    if (errno != ENOENT && errno != ENOTDIR) best = errno;
    at += length;
    if (*at == '\0') break;
  }
  errno = best;
  if (best != ENOENT) return s.failed("exec", name);
  errno = 0;
  Text<300> text;
  text.add("exec: \"").add(name).add("\": executable file not found in $PATH");
  return s.failed(text.view());
}

}  // namespace appliance::stage
