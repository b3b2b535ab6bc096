#include "orchestrator/kubelet/exec_session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "orchestrator/kubelet/streams.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr size_t kReadBytes = 32U * 1024;
constexpr int kFullPollMs = 5;     // while the client's queue is full: the door has no event for it
constexpr int kStopPollMs = 1000;  // how soon an idle pump notices a stop of the server

void set_nonblocking(const base::Fd& fd) {
  if (fd) (void)::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

class Pump {
 public:
  Pump(runtime::cri::ExecProcess process, ExecInput& input, client::ExecPeer& peer)
      : process_(std::move(process)), input_(input), peer_(peer) {
    if (process_.tty) {
      output_ = &process_.tty;
      stdin_ = &process_.tty;
    } else {
      output_ = &process_.stdout_fd;
      stdin_ = &process_.stdin_fd;
    }
    for (const auto* fd : {&process_.stdin_fd, &process_.stdout_fd, &process_.stderr_fd, &process_.tty})
      set_nonblocking(*fd);
  }

  // True when the process has closed its output; false when the client is gone or the server stops.
  bool run(const std::atomic<bool>& stop) {
    while (output_->valid() || process_.stderr_fd.valid()) {
      if (stop || input_.dropped) return false;
      if (!turn()) return false;
    }
    return true;
  }

 private:
  bool turn() {
    const bool full = peer_.bytes_queued() > client::kSinkHighWater;
    const bool writing = feed();
    const auto entry = [](const base::Fd& fd, short events) { return pollfd{events != 0 ? fd.get() : -1, events, 0}; };
    const short out = full ? 0 : POLLIN;
    std::array<pollfd, 4> fds{entry(input_.wake, POLLIN), entry(*output_, out), entry(process_.stderr_fd, out),
                              entry(*stdin_, writing ? POLLOUT : 0)};
    (void)::poll(fds.data(), fds.size(), full ? kFullPollMs : kStopPollMs);
    if (fds[0].revents != 0) {
      uint64_t count = 0;
      (void)!::read(input_.wake.get(), &count, sizeof count);
    }
    if (fds[1].revents != 0 && !take(*output_, false)) return false;
    return fds[2].revents == 0 || take(process_.stderr_fd, true);
  }

  bool take(base::Fd& fd, bool error_stream) {
    std::string bytes(kReadBytes, '\0');
    const auto n = ::read(fd.get(), bytes.data(), bytes.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (n <= 0) {  // end, or EIO of a terminal whose last user is gone
      fd.reset();
      return true;
    }
    bytes.resize(static_cast<size_t>(n));
    return error_stream ? peer_.on_stderr(std::move(bytes)) : peer_.on_stdout(std::move(bytes));
  }

  // Writes what is queued; true when the process does not take more now.
  bool feed() {
    const std::lock_guard lock(input_.mutex);
    while (!input_.queue.empty() && stdin_->valid()) {
      auto& front = input_.queue.front();
      const auto n = ::write(stdin_->get(), front.data(), front.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return true;
      if (n < 0) {  // EPIPE: the process reads no more
        input_.broken = true;
        input_.queue.clear();
        input_.bytes = 0;
        break;
      }
      input_.bytes -= static_cast<size_t>(n);
      front.erase(0, static_cast<size_t>(n));
      if (front.empty()) input_.queue.pop_front();
    }
    if (!input_.closed && !input_.broken) return false;
    if (!process_.tty) {
      process_.stdin_fd.reset();
    } else if (!eof_sent_ && !input_.broken) {
      eof_sent_ = true;
      const char end = 4;  // VEOF: the half-close of a terminal
      (void)!::write(process_.tty.get(), &end, 1);
    }
    return false;
  }

  runtime::cri::ExecProcess process_;
  ExecInput& input_;
  client::ExecPeer& peer_;
  base::Fd* output_;
  base::Fd* stdin_;
  bool eof_sent_ = false;
};

}  // namespace

void ExecInput::notify() const {
  const uint64_t one = 1;
  (void)!::write(wake.get(), &one, sizeof one);
}

Result<std::shared_ptr<ExecInput>> make_exec_input() {
  auto out = std::make_shared<ExecInput>();
  out->wake = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->wake) return fail_errno("eventfd");
  return out;
}

PumpedSession::~PumpedSession() {
  input_->dropped = true;
  input_->notify();
}

bool PumpedSession::write_stdin(std::string bytes) {
  {
    const std::lock_guard lock(input_->mutex);
    if (input_->closed || input_->broken) return false;
    if (input_->bytes + bytes.size() > kStdinQueueBytesMax) return false;
    input_->bytes += bytes.size();
    input_->queue.push_back(std::move(bytes));
  }
  input_->notify();
  return true;
}

size_t PumpedSession::stdin_bytes_queued() const {
  const std::lock_guard lock(input_->mutex);
  return input_->bytes;
}

void PumpedSession::close_stdin() {
  {
    const std::lock_guard lock(input_->mutex);
    input_->closed = true;
  }
  input_->notify();
}

void PumpedSession::resize(uint16_t width, uint16_t height) {
  (void)runtime_.resize(exec_id_, width, height);  // the process may have ended: nobody misses it
}

void pump_exec(runtime::cri::ExecProcess process, const std::shared_ptr<ExecInput>& input, client::ExecPeer& peer,
               runtime::cri::Runtime& runtime, const std::atomic<bool>& stop) {
  // A process that no longer reads must not kill the server.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  (void)::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  const std::string id = process.id;
  bool ended = false;
  {
    Pump pump(std::move(process), *input, peer);
    ended = pump.run(stop);
  }  // descriptors are closed here: a terminal hangs up
  {
    const std::lock_guard lock(input->mutex);
    input->broken = true;
    input->queue.clear();
    input->bytes = 0;
  }
  if (!ended) {
    peer.on_error({.code = Code::kCancelled,
                   .message = stop ? "the server is stopping" : "the client is gone",
                   .errno_value = 0,
                   .hint = {}});
    return;
  }
  const auto code = runtime.wait_exec(id);
  if (code)
    peer.on_exit(*code);
  else
    peer.on_error(code.error());
}

}  // namespace appliance::orchestrator::kubelet
