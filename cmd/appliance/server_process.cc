#include "cmd/appliance/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "node/bootstrap/notify.h"

extern char** environ;

namespace appliance::cmd {
namespace {

constexpr int kStartTimeoutMs = 60'000;
constexpr size_t kLogTailLines = 5;

base::Fd pidfd(pid_t pid) { return base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::string log_tail(const std::string& path) {
  const auto text = base::read_file(path, 64U << 20U);
  if (!text) return {};
  auto lines = base::split(base::trim(*text), '\n');
  std::string out;
  for (size_t i = lines.size() > kLogTailLines ? lines.size() - kLogTailLines : 0; i < lines.size(); ++i)
    out += "\n  " + std::string(lines[i]);
  return out;
}

Result<pid_t> spawn(const node::Config& config, const std::vector<std::string>& flags, const std::string& notify_name) {
  TRY(base::make_dirs(config.data_dir + "/log", 0755));
  std::vector<std::string> words{"appliance", "server"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string notify = "NOTIFY_SOCKET=" + notify_name;
  std::vector<char*> env{notify.data()};
  for (char** e = environ; *e != nullptr; ++e)
    if (!std::string_view(*e).starts_with("NOTIFY_SOCKET=")) env.push_back(*e);
  env.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, config.server_log().c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), env.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail_errno("start the server", error);
  return pid;
}

}  // namespace

Result<> start_server(const node::Config& config, const std::vector<std::string>& flags,
                      const std::function<void(std::string_view)>& on_status) {
  auto listener = TRY(node::listen_notify());
  const pid_t pid = TRY(spawn(config, flags, listener.name));
  const auto process = pidfd(pid);
  for (;;) {
    pollfd fds[2] = {{listener.socket.get(), POLLIN, 0}, {process.get(), POLLIN, 0}};
    const int n = ::poll(fds, 2, kStartTimeoutMs);
    if (n == 0)
      return fail(Error{.code = Code::kDeadlineExceeded,
                        .message = "the server said nothing for a minute",
                        .errno_value = 0,
                        .hint = "look into " + config.server_log()});
    if (fds[0].revents != 0) {
      char buffer[512];
      const ssize_t size = ::recv(listener.socket.get(), buffer, sizeof buffer, 0);
      for (const auto line : base::split(std::string_view(buffer, size > 0 ? static_cast<size_t>(size) : 0), '\n')) {
        if (line == "READY=1") return {};
        if (line.starts_with("STATUS=")) on_status(line.substr(7));
      }
    } else if (fds[1].revents != 0) {
      int status = 0;
      (void)::waitpid(pid, &status, 0);
      const std::string why = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                                : "signal " + std::to_string(WTERMSIG(status));
      return fail(
          Error{.code = Code::kInternal,
                .message = "the server ended (" + why + "); the end of its log:" + log_tail(config.server_log()),
                .errno_value = 0,
                .hint = "the whole log: " + config.server_log()});
    }
  }
}

Result<> stop_server(const node::Config& config, bool pods) {
  ControlClient client(config);
  const auto text = base::read_file(config.pid_file());
  const auto pid = text ? base::parse_int<pid_t>(base::trim(*text)) : std::nullopt;
  const auto process = pid ? pidfd(*pid) : base::Fd();
  const json::Value body = json::Object{{"pods", pods}};
  TRY(client.call("POST", "/control/stop", &body));
  if (!process) return {};
  pollfd fd{process.get(), POLLIN, 0};
  while (::poll(&fd, 1, -1) < 0 && errno == EINTR) {
  }
  return {};
}

}  // namespace appliance::cmd
