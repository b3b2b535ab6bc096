// appliance exec: kubectl's arguments; the exit code is the command's.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "base/json/json.h"
#include "base/strings.h"
#include "cmd/appliance/channel_socket.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

// Puts the terminal into raw mode and back.
class RawTerminal {
 public:
  explicit RawTerminal(bool wanted) : active_(wanted && tcgetattr(STDIN_FILENO, &saved_) == 0) {
    if (!active_) return;
    termios raw = saved_;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  ~RawTerminal() {
    if (active_) tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios saved_{};
  bool active_;
};

Result<> send_size(ChannelSocket& socket) {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return socket.send(4,
                     "{\"Width\":" + std::to_string(size.ws_col) + ",\"Height\":" + std::to_string(size.ws_row) + "}");
}

// The exit code in the Status of channel 3; 1 with a message for anything that is not one.
int exit_code(const std::string& text) {
  const auto status = json::parse(text);
  if (!status)
    return report(Error{.code = Code::kInternal,
                        .message = "the server's last word is not a Status: " + text,
                        .errno_value = 0,
                        .hint = {}});
  if (json::string_at(*status, {"status"}) == "Success") return kDone;
  for (const auto& cause : json::array_at(*status, {"details", "causes"}))
    if (json::string_at(cause, {"reason"}) == "ExitCode") {
      std::fprintf(stderr, "command terminated with exit code %s\n",
                   std::string(json::string_at(cause, {"message"})).c_str());
      return base::parse_int<int>(json::string_at(cause, {"message"})).value_or(kFailed);
    }
  return report(Error{.code = Code::kUnknown,
                      .message = std::string(json::string_at(*status, {"message"})),
                      .errno_value = 0,
                      .hint = {}});
}

void write_fd(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

Result<int> converse(ChannelSocket& socket, bool with_stdin, bool tty) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const base::Fd resized(signalfd(-1, &set, SFD_CLOEXEC));
  if (tty) TRY(send_size(socket));
  bool reading = with_stdin;
  for (;;) {
    pollfd fds[3] = {
        {socket.fd(), POLLIN, 0}, {reading ? STDIN_FILENO : -1, POLLIN, 0}, {tty ? resized.get() : -1, POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0 && errno != EINTR) return fail_errno("poll");
    if (fds[2].revents != 0) {
      signalfd_siginfo info;
      (void)!::read(resized.get(), &info, sizeof info);
      TRY(send_size(socket));
    }
    if (fds[1].revents != 0) {
      char buffer[16384];
      const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
      if (n > 0) {
        TRY(socket.send(0, {buffer, static_cast<size_t>(n)}));
      } else {
        reading = false;
        TRY(socket.send(static_cast<char>(255), std::string_view("\0", 1)));  // v5: closes channel 0
      }
    }
    if (fds[0].revents == 0) continue;
    const bool more = TRY(socket.receive());
    for (;;) {
      auto message = socket.next();
      if (!message) return fail(message.error());
      if (!*message) break;
      if ((*message)->empty()) continue;
      const std::string_view payload = std::string_view(**message).substr(1);
      switch ((**message)[0]) {
        case 1:
          write_fd(STDOUT_FILENO, payload);
          break;
        case 2:
          write_fd(STDERR_FILENO, payload);
          break;
        case 3:
          return exit_code(std::string(payload));
        default:
          break;
      }
    }
    if (!more) return fail(Code::kUnavailable, "the server closed the connection before the command ended");
  }
}

}  // namespace

int exec(Argv argv) {
  std::string pod;
  std::string ns = "default";
  std::string container;
  bool with_stdin = false;
  bool tty = false;
  std::vector<std::string> command;
  Args args("exec", "runs a command in a container, as kubectl exec",
            {"appliance exec web -- /bin/ls /", "appliance exec -it web -- sh"});
  args.positional("POD", pod, "the pod");
  args.option("-n,--namespace", ns, "namespace (default)");
  args.option("-c,--container", container, "which container");
  args.flag("-i,--stdin", with_stdin, "pass standard input on");
  args.flag("-t,--tty", tty, "with a terminal");
  args.after_dashes(command);
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (command.empty()) return usage_error("exec", "you must specify at least one command for the container, behind --");
  const auto config = target.config();
  if (!config) return report("exec", config.error());
  const auto kind = find_resource("pods");
  if (!kind) return report(kind.error());
  if (pod.starts_with("pod/")) pod.erase(0, 4);
  if (tty && !is_terminal(STDIN_FILENO)) {
    std::fprintf(stderr, "Unable to use a TTY - input is not a terminal or the right kind of file\n");
    tty = false;
  }
  std::string path = resource_path(**kind, ns, pod, "exec") + "?stdout=true&stderr=" + (tty ? "false" : "true");
  if (with_stdin) path += "&stdin=true";
  if (tty) path += "&tty=true";
  if (!container.empty()) path += "&container=" + base::percent_encode(container);
  for (const auto& word : command) path += "&command=" + base::percent_encode(word);
  auto socket = ChannelSocket::open(config->control_socket(), path, "v5.channel.k8s.io");
  if (!socket) return report(socket.error());
  Result<int> code = kFailed;
  {
    const RawTerminal raw(tty);
    code = converse(*socket, with_stdin, tty);
  }
  return code ? *code : report("exec", code.error());
}

}  // namespace appliance::cmd
