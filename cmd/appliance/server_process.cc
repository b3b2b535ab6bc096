#include "cmd/appliance/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strings.h"
#include "cmd/appliance/systemd.h"
#include "node/bootstrap/notify.h"
#include "node/check/check.h"
#include "node/server.h"

extern char** environ;

namespace appliance::cmd {
namespace {

constexpr int kReadyRounds = 4;  // of 30 s each
constexpr int kStartTimeoutMs = 60'000;
constexpr size_t kLogTailLines = 5;
constexpr size_t kLogTailBytes = 64U << 10U;  // in which that many lines are; the file may be large
constexpr std::chrono::seconds kLastWords{10};

std::string log_tail(const std::string& path) {
  const auto file = base::make_real_fs()->open(path, {});
  if (!file) return {};
  const auto size = (*file)->size();
  if (!size) return {};
  std::string text(std::min<uint64_t>(*size, kLogTailBytes), '\0');
  const auto read = (*file)->read_at(*size - text.size(), text);
  if (!read) return {};
  text.resize(*read);
  auto lines = base::split(base::trim(text), '\n');
  std::string out;
  for (size_t i = lines.size() > kLogTailLines ? lines.size() - kLogTailLines : 0; i < lines.size(); ++i)
    out += "\n  " + std::string(lines[i]);
  return out;
}

std::vector<std::string> environment(const std::string& notify_name) {
  std::vector<std::string> out{"NOTIFY_SOCKET=" + notify_name};
  for (char** e = environ; *e != nullptr; ++e)
    if (!std::string_view(*e).starts_with("NOTIFY_SOCKET=")) out.emplace_back(*e);
  return out;
}

Result<base::Process> spawn(const node::Config& config, const std::vector<std::string>& flags,
                            const std::string& notify_name) {
  TRY(base::make_dirs(config.data_dir + "/log", 0755));
  const base::Fd log(::open(config.server_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log) return fail_errno("open " + config.server_log());
  std::vector<std::string> words{"appliance", "server"};
  words.insert(words.end(), flags.begin(), flags.end());
  return base::Process::spawn({.program = "/proc/self/exe",
                               .argv = std::move(words),
                               .env = environment(notify_name),
                               .fds = {{log.get(), 1}, {log.get(), 2}},
                               .cwd = "/",
                               .new_session = true});
}

// A server that lives and does not answer must not have its pods taken from under it.
Result<> no_silent_server(const node::Config& config) {
  const auto text = base::read_file(config.pid_file());
  const auto pid = text ? base::parse_int<pid_t>(base::trim(*text)) : std::nullopt;
  if (!pid) return {};
  const auto comm = base::read_file("/proc/" + std::to_string(*pid) + "/comm");
  if (!comm || base::trim(*comm) != "appliance") return {};
  return fail(Error{.code = Code::kFailedPrecondition,
                    .message = "process " + std::to_string(*pid) + " is a server that does not answer",
                    .errno_value = 0,
                    .hint = "wait for it, or end it: kill " + std::to_string(*pid)});
}

// Pods that outlived a server which is not there any more. True when there were some.
Result<bool> stop_orphans(const node::Config& config) {
  const auto pods = base::make_real_fs()->list(config.run_dir + "/pods");
  if (!pods || pods->empty()) return false;
  TRY(no_silent_server(config));
  const base::SystemClock clock;
  const base::Log log(
      std::make_shared<base::LogSink>(STDERR_FILENO, base::LogLevel::kWarn, base::LogFormat::kText, clock));
  TRY(node::clean_machine(config, clock, log));
  return true;
}

}  // namespace

Result<> fit_to_start(const node::Config& config, bool worker) {
  for (const auto& line : node::check_start(config, worker))
    if (line.state == node::CheckLine::State::kFailed)
      return fail(Error{.code = Code::kFailedPrecondition,
                        .message = line.name + ": " + line.detail,
                        .errno_value = 0,
                        .hint = line.remedy});
  return {};
}

Result<> wait_ready(ControlClient& client, std::string_view who) {
  for (int round = 0; round < kReadyRounds; ++round) {
    const auto done = client.call("GET", "/control/wait?for=node");
    if (done) return {};
    if (done.error().code != Code::kDeadlineExceeded) return fail(done.error());
  }
  return fail(Error{.code = Code::kDeadlineExceeded,
                    .message = std::string(who) + " is not Ready after two minutes",
                    .errno_value = 0,
                    .hint = "appliance status says what is wrong"});
}

Result<> start_server(const node::Config& config, const std::vector<std::string>& flags,
                      const std::function<void(std::string_view)>& on_status) {
  auto listener = TRY(node::listen_notify());
  auto server = TRY(spawn(config, flags, listener.name));
  for (;;) {
    pollfd fds[2] = {{listener.socket.get(), POLLIN, 0}, {server.pidfd(), POLLIN, 0}};
    const int n = ::poll(fds, 2, kStartTimeoutMs);
    if (n == 0) {
      server.leave();  // a slow start is not ours to end
      return fail(Error{.code = Code::kDeadlineExceeded,
                        .message = "the server said nothing for a minute",
                        .errno_value = 0,
                        .hint = "look into " + config.server_log()});
    }
    if (fds[0].revents != 0) {
      char buffer[512];
      const ssize_t size = ::recv(listener.socket.get(), buffer, sizeof buffer, 0);
      for (const auto line : base::split(std::string_view(buffer, size > 0 ? static_cast<size_t>(size) : 0), '\n')) {
        if (line == "READY=1") {
          server.leave();
          return {};
        }
        if (line.starts_with("STATUS=")) on_status(line.substr(7));
      }
    } else if (fds[1].revents != 0) {
      const std::string why = TRY(server.wait()).text();
      return fail(
          Error{.code = Code::kInternal,
                .message = "the server ended (" + why + "); the end of its log:" + log_tail(config.server_log()),
                .errno_value = 0,
                .hint = "the whole log: " + config.server_log()});
    }
  }
}

base::Fd server_pidfd(const node::Config& config) {
  const auto text = base::read_file(config.pid_file());
  const auto pid = text ? base::parse_int<pid_t>(base::trim(*text)) : std::nullopt;
  auto pidfd = pid ? base::open_pidfd(*pid) : Result<base::Fd>();
  return pidfd ? *std::move(pidfd) : base::Fd();
}

Error with_server_log(const node::Config& config, const base::Fd& pidfd, Error error) {
  if (unit_serves(config)) {
    error.hint = "journalctl -u appliance";
    return error;
  }
  // It answers no more before it has undone what it made, and says why after that.
  if (pidfd) (void)base::wait_for_end(pidfd, kLastWords);
  if (const auto tail = log_tail(config.server_log()); !tail.empty()) {
    error.message += "; the end of its log:" + tail;
    error.hint = "the whole log: " + config.server_log();
  }
  return error;
}

Result<> stop_server(const node::Config& config, bool pods) {
  ControlClient client(config);
  const auto process = server_pidfd(config);
  const json::Value body = json::Object{{"pods", pods}};
  TRY(client.call("POST", "/control/stop", &body));
  if (!process) return {};  // it had ended
  return base::wait_for_end(process);
}

Result<bool> stop_whoever(const node::Config& config, StopOptions options) {
  const bool by_unit = unit_serves(config);
  const bool was_active = by_unit && unit_active();
  if (by_unit && options.keep_pods) TRY(stop_unit());
  const bool alive = ControlClient(config).alive();
  if (alive) TRY(stop_server(config, !options.keep_pods));
  if (by_unit) TRY(stop_unit());
  if (by_unit && !options.keep_pods) TRY(disable_unit());
  const bool orphans = !alive && !options.keep_pods && TRY(stop_orphans(config));
  return was_active || alive || orphans;
}

}  // namespace appliance::cmd
