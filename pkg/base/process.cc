#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

extern char** environ;

namespace appliance::base {
namespace {

using HandedFd = SpawnOptions::HandedFd;

constexpr int kStandardFds = 3;
constexpr int kHandedNumberMax = 1023;  // the default limit of open files: above it most programs can't have any

class Actions {
 public:
  Actions() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~Actions() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  void open_null(int as) { ::posix_spawn_file_actions_addopen(&actions_, as, "/dev/null", O_RDWR, 0); }
  void put(int fd, int as) { ::posix_spawn_file_actions_adddup2(&actions_, fd, as); }
  void close(int fd) { ::posix_spawn_file_actions_addclose(&actions_, fd); }
  void close_from(int fd) { ::posix_spawn_file_actions_addclosefrom_np(&actions_, fd); }
  void change_to(const std::string& dir) { ::posix_spawn_file_actions_addchdir_np(&actions_, dir.c_str()); }
  void set_attributes(bool new_session) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    const int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (new_session ? POSIX_SPAWN_SETSID : 0);
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  int spawn(pid_t& pid, const char* program, char* const* argv, char* const* env) {
    return ::posix_spawn(&pid, program, &actions_, &attributes_, argv, env);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

bool has_nul(const std::string& word) { return word.find('\0') != std::string::npos; }

Result<> validate(const SpawnOptions& options) {
  const auto bad = [&](const std::string& why) {
    return fail(Code::kInvalidArgument, "start " + options.program + ": " + why);
  };
  if (options.argv.empty()) return bad("no argv");
  if (has_nul(options.program) || has_nul(options.cwd) || std::ranges::any_of(options.argv, has_nul) ||
      (options.env && std::ranges::any_of(*options.env, has_nul)))
    return bad("a NUL byte in a word");
  std::set<int> numbers;
  for (const auto& handed : options.fds)
    if (handed.as < 0 || handed.as > kHandedNumberMax || handed.fd < 0 || !numbers.insert(handed.as).second)
      return bad("descriptors");
  return {};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));  // exec does not write to them
  out.push_back(nullptr);
  return out;
}

// What is handed is first duplicated above every number that it will have in the child: the numbers may cross over.
Result<std::vector<Fd>> plan_fds(const std::vector<HandedFd>& handed, Actions& actions) {
  int end = kStandardFds;
  for (const auto& one : handed) end = std::max(end, one.as + 1);
  std::vector<Fd> copies;
  for (int as = 0; as < end; ++as) {
    const auto it = std::ranges::find(handed, as, &HandedFd::as);
    if (it != handed.end()) {
      copies.push_back(TRY(duplicate(it->fd, end)));
      actions.put(copies.back().get(), as);
    } else if (as < kStandardFds) {
      actions.open_null(as);
    } else {
      actions.close(as);
    }
  }
  actions.close_from(end);
  return copies;
}

bool poll_end(int pidfd, Process::Timeout timeout) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  for (;;) {
    int left_ms = -1;
    if (timeout) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      left_ms = static_cast<int>(std::clamp<long long>(left, 0, 1'000'000'000));
    }
    pollfd fd{pidfd, POLLIN, 0};
    const int n = ::poll(&fd, 1, left_ms);
    if (n > 0) return true;
    if (n == 0 && left_ms == 0) return false;
  }
}

ProcessEnd reap(int pidfd) {
  siginfo_t info{};
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED) < 0 && errno == EINTR) {
  }
  if (info.si_code == CLD_EXITED) return {.exit_code = info.si_status, .signal = 0};
  return {.exit_code = 0, .signal = info.si_status};
}

}  // namespace

Result<Fd> duplicate(int fd, int at_least) {
  Fd out(::fcntl(fd, F_DUPFD_CLOEXEC, at_least));
  if (!out) return fail_errno("duplicate descriptor " + std::to_string(fd));
  return out;
}

std::string ProcessEnd::text() const {
  return signal != 0 ? "signal " + std::to_string(signal) : "exit code " + std::to_string(exit_code);
}

Result<Process> Process::spawn(const SpawnOptions& options) {
  TRY(validate(options));
  Actions actions;
  const auto copies = TRY_CTX(plan_fds(options.fds, actions), "start " + options.program);
  if (!options.cwd.empty()) actions.change_to(options.cwd);
  actions.set_attributes(options.new_session);
  const auto argv = pointers(options.argv);
  const auto env = options.env ? pointers(*options.env) : std::vector<char*>{};
  pid_t pid = 0;
  const int error = actions.spawn(pid, options.program.c_str(), argv.data(), options.env ? env.data() : environ);
  if (error != 0) return fail_errno("start " + options.program, error);
  auto pidfd = open_pidfd(pid);  // the number is its own until we reap it
  if (!pidfd) {                  // without a descriptor nobody could hold it: undo
    (void)::kill(pid, SIGKILL);
    (void)::waitpid(pid, nullptr, 0);
    return fail(pidfd.error().wrap("start " + options.program));
  }
  return Process(pid, std::move(*pidfd));
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    kill_and_reap();
    pid_ = other.pid_;
    pidfd_ = std::move(other.pidfd_);
    end_ = other.end_;
  }
  return *this;
}

Process::~Process() { kill_and_reap(); }

void Process::kill_and_reap() {
  if (!pidfd_) return;
  (void)signal(SIGKILL);  // it may have ended
  (void)reap(pidfd_.get());
  pidfd_.reset();
}

Result<ProcessEnd> Process::wait(Timeout timeout) {
  if (end_) return *end_;
  if (!pidfd_) return fail(Code::kFailedPrecondition, "the process was let go");
  if (!poll_end(pidfd_.get(), timeout))
    return fail(Code::kDeadlineExceeded, "process " + std::to_string(pid_) + " still runs");
  end_ = reap(pidfd_.get());
  pidfd_.reset();
  return *end_;
}

Result<> Process::signal(int number) {
  if (!pidfd_) return fail(Code::kNotFound, "signal: the process ended");
  if (poll_end(pidfd_.get(), std::chrono::milliseconds(0))) return fail(Code::kNotFound, "signal: the process ended");
  if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) != 0)
    return fail_errno("signal process " + std::to_string(pid_));
  return {};
}

void Process::leave() { pidfd_.reset(); }

Result<Fd> open_pidfd(pid_t pid) {
  Fd out(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!out) return fail_errno("process " + std::to_string(pid));
  return out;
}

Result<> wait_for_end(const Fd& pidfd, Process::Timeout timeout) {
  if (!poll_end(pidfd.get(), timeout)) return fail(Code::kDeadlineExceeded, "the process still runs");
  return {};
}

}  // namespace appliance::base
