#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "runtime/cri/real_runtime.h"
#include "runtime/stage/plan_writer.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kStartDeadline{30'000};
constexpr milliseconds kAskDeadline{10'000};

struct Pipe {
  base::Fd read_end, write_end;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe");
  return Pipe{base::Fd(ends[0]), base::Fd(ends[1])};
}

// What is there now, up to the limit; more is read and dropped, so that the process is not kept waiting. False at the
// end.
bool drain(base::Fd& fd, std::string& out) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    out.append(buffer.data(),
               std::min(static_cast<size_t>(n), kExecSyncBytesMax - std::min(kExecSyncBytesMax, out.size())));
  }
}

void set_nonblocking(const base::Fd& fd) { fcntl(fd.get(), F_SETFL, O_NONBLOCK); }

}  // namespace

Result<ExecProcess> RealRuntime::exec(const std::string& id, const ExecOptions& options) {
  const Entry entry = TRY(find_entry(id));
  if (entry.status.state != ContainerState::kRunning)
    return fail(Code::kFailedPrecondition, "container is not running: " + id);
  const Pod pod = TRY(find_pod(entry.status.sandbox_id));
  auto process = TRY(process_of(entry, pod));
  process.args = options.command;
  process.tty = options.tty;
  process.tty_size = uint32_t(options.width) << 16U | options.height;
  if (options.tty && !entry.record.config.tty) process.env.emplace_back("TERM=xterm");
  const std::string bytes = TRY(container::encode_exec(process));
  const base::Fd plan = TRY(stage::sealed_memfd("plan", bytes));
  const cgroup::Door door = TRY(groups_.open_door(entry.record.group));

  ExecProcess out;
  out.id = new_id();
  auto request = sandbox::make_request(stage::Verb::kExec, id);
  out.id.copy(request.id2, sizeof request.id2 - 1);
  request.flags = stage::kHasGroup;
  std::vector<int> fds = {plan.get(), door.group.get()};
  base::Fd child_stdin;
  Pipe output;
  Pipe errors;
  if (!options.tty) {
    if (options.stdin_open) {
      Pipe input = TRY(make_pipe());
      child_stdin = std::move(input.read_end);
      out.stdin_fd = std::move(input.write_end);
    } else {
      child_stdin = base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!child_stdin) return fail_errno("open /dev/null");
    }
    output = TRY(make_pipe());
    errors = TRY(make_pipe());
    request.flags |= stage::kHasStdio;
    fds.insert(fds.end(), {child_stdin.get(), output.write_end.get(), errors.write_end.get()});
  }
  for (const auto& fd : door.procs) fds.push_back(fd.get());
  auto answer = TRY(client(pod.status.id).call(request, fds, kStartDeadline));
  if (options.tty) {
    if (!answer.fd) return fail(Code::kInternal, "exec gave no terminal");
    out.tty = std::move(answer.fd);
  } else {
    out.stdout_fd = std::move(output.read_end);
    out.stderr_fd = std::move(errors.read_end);
  }
  const std::scoped_lock lock(mutex_);
  execs_[out.id] = pod.status.id;
  return out;
}

Result<int> RealRuntime::wait_exec(const std::string& exec_id) {
  std::string pod_id;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = execs_.find(exec_id);
    if (it == execs_.end()) return fail(Code::kNotFound, "no such exec: " + exec_id);
    pod_id = it->second;
  }
  auto answer = client(pod_id).call(sandbox::make_request(stage::Verb::kWaitExec, exec_id), {}, milliseconds(-1));
  const std::scoped_lock lock(mutex_);
  execs_.erase(exec_id);
  if (!answer) return std::unexpected(answer.error());
  return answer->reply.exit_code;
}

Result<ExecResult> RealRuntime::exec_sync(const std::string& id, const std::vector<std::string>& command,
                                          milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  auto process = TRY(exec(id, {.command = command, .tty = false, .stdin_open = false, .width = 0, .height = 0}));
  std::string pod_id;
  {
    const std::scoped_lock lock(mutex_);
    pod_id = execs_.at(process.id);
    execs_.erase(process.id);
  }
  const base::Fd waiter = TRY(client(pod_id).send(sandbox::make_request(stage::Verb::kWaitExec, process.id), {}));
  set_nonblocking(process.stdout_fd);
  set_nonblocking(process.stderr_fd);
  ExecResult out;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now()).count();
    std::array<pollfd, 3> wait = {pollfd{.fd = waiter.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = process.stdout_fd.get(), .events = POLLIN, .revents = 0},
                                  pollfd{.fd = process.stderr_fd.get(), .events = POLLIN, .revents = 0}};
    const int n = timeout.count() > 0 && left <= 0
                      ? 0
                      : poll(wait.data(), wait.size(), timeout.count() > 0 ? static_cast<int>(left) : -1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("poll");
    if (n == 0) {
      (void)client(pod_id).call(sandbox::make_request(stage::Verb::kSignalExec, process.id, SIGKILL), {}, kAskDeadline);
      return fail(Code::kDeadlineExceeded, "command timed out after " + std::to_string(timeout.count()) + " ms");
    }
    if (wait[1].revents != 0 && !drain(process.stdout_fd, out.stdout_text)) process.stdout_fd.reset();
    if (wait[2].revents != 0 && !drain(process.stderr_fd, out.stderr_text)) process.stderr_fd.reset();
    if (wait[0].revents == 0) continue;
    auto answer = TRY(sandbox::receive(waiter.get(), kAskDeadline));
    TRY(sandbox::check(answer.reply));
    // It has ended: what it wrote is in the pipes. Children that it left behind are not waited for.
    if (process.stdout_fd) (void)drain(process.stdout_fd, out.stdout_text);
    if (process.stderr_fd) (void)drain(process.stderr_fd, out.stderr_text);
    out.exit_code = answer.reply.exit_code;
    return out;
  }
}

Result<> RealRuntime::resize(const std::string& id_or_exec_id, uint16_t width, uint16_t height) {
  std::string pod_id;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto exec = execs_.find(id_or_exec_id); exec != execs_.end()) pod_id = exec->second;
    if (const auto entry = containers_.find(id_or_exec_id); entry != containers_.end())
      pod_id = entry->second.status.sandbox_id;
  }
  if (pod_id.empty()) return fail(Code::kNotFound, "no such container or exec: " + id_or_exec_id);
  const int size = static_cast<int>(uint32_t(width) << 16U | height);
  TRY(client(pod_id).call(sandbox::make_request(stage::Verb::kResize, id_or_exec_id, size), {}, kAskDeadline));
  return {};
}

}  // namespace appliance::runtime::cri
