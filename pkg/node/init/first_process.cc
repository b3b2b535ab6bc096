#include "node/init/first_process.h"

#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <spawn.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/fd.h"

extern char** environ;

namespace appliance::node::init {
namespace {

constexpr int kRestartDelayMs = 1000;   // a server that cannot start must not keep the machine busy
constexpr size_t kLineBytesMax = 4096;  // what a terminal in line mode gives at most
constexpr mode_t kLogMode = 0640;

struct Spawn {
  std::vector<std::string> words;
  std::string output;  // "" = where ours goes
};

Result<pid_t> spawn(const Spawn& what) {
  std::vector<std::string> words = what.words;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (!what.output.empty()) {
    posix_spawn_file_actions_addopen(&actions, 1, what.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY,
                                     kLogMode);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno("start " + what.words.at(1), error);
  return pid;
}

void quiet_console() {
  termios mode{};
  if (tcgetattr(STDIN_FILENO, &mode) != 0) return;  // not a terminal: nothing echoes
  mode.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  (void)tcsetattr(STDIN_FILENO, TCSANOW, &mode);  // with the echo it is only less readable
}

class Machine {
 public:
  Machine(const FirstProcess& options, const base::Log& log) : options_(options), log_(log) {}

  Result<> run() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = base::Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return fail_errno("signalfd");
    if (options_.console_verbs) quiet_console();
    for (;;) {
      if (server_ == 0) TRY(start_server());
      const bool listening = options_.console_verbs && verb_ == 0;
      pollfd fds[2] = {{signals_.get(), POLLIN, 0}, {listening ? STDIN_FILENO : -1, POLLIN, 0}};
      if (::poll(fds, 2, server_ < 0 ? kRestartDelayMs : -1) == 0) server_ = 0;
      if (fds[0].revents != 0) take_signals();
      if (fds[1].revents != 0) take_console();
    }
  }

 private:
  Result<> start_server() {
    Spawn what{.words = {"appliance", "server"}, .output = options_.server_log};
    what.words.insert(what.words.end(), options_.server_flags.begin(), options_.server_flags.end());
    server_ = TRY(spawn(what));
    return {};
  }

  void take_signals() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      // The keyboard's way to turn off, and a supervisor's: the server ends, then the machine.
      if (info.ssi_signo != SIGCHLD && server_ > 0) (void)::kill(server_, SIGTERM);
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) reaped(pid, status);
  }

  void reaped(pid_t pid, int status) {
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (pid == verb_) {
      verb_ = 0;
      std::printf("\n[exit %d]\n", code);
      std::fflush(stdout);
    }
    if (pid != server_) return;
    if (code == 0) power_off();
    log_.error("the server ended, it is started again", {{"exit_code", code}, {"log", options_.server_log}});
    server_ = -1;
  }

  void power_off() {
    log_.info("the server has stopped: the machine turns off");
    sync();
    (void)::reboot(RB_POWER_OFF);  // where there is no such thing, the kernel halts
  }

  void take_console() {
    char buffer[kLineBytesMax];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n <= 0) return;
    Spawn what{.words = {"appliance"}, .output = {}};
    auto words = console_words({buffer, static_cast<size_t>(n)});
    if (words && words->empty()) return;
    if (words) what.words.insert(what.words.end(), words->begin(), words->end());
    const auto pid = words ? spawn(what) : Result<pid_t>(fail(words.error()));
    if (pid) {
      verb_ = *pid;
    } else {
      std::printf("error: %s\n\n[exit 2]\n", pid.error().message.c_str());
      std::fflush(stdout);
    }
  }

  const FirstProcess& options_;
  const base::Log& log_;
  base::Fd signals_;
  pid_t server_ = 0;  // 0: to be started now; -1: after the delay
  pid_t verb_ = 0;    // of the console; one at a time
};

}  // namespace

Result<std::vector<std::string>> console_words(std::string_view line) {
  std::vector<std::string> out;
  bool inside = false;  // of quotes
  bool open = false;    // a word has begun
  for (const char c : line) {
    if (!inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      open = false;
      continue;
    }
    if (!open) out.emplace_back();
    open = true;
    if (c == '"') {
      inside = !inside;
    } else {
      out.back() += c;
    }
  }
  if (inside) return fail(Code::kInvalidArgument, "a double quote does not end");
  return out;
}

Result<> run_first_process(const FirstProcess& options, const base::Log& log) { return Machine(options, log).run(); }

}  // namespace appliance::node::init
