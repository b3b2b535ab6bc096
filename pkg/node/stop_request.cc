#include "node/stop_request.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "base/executor.h"

namespace appliance::node {
namespace {

base::Fd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return base::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

StopRequest::StopRequest(std::function<void()> on_request)
    : on_request_(std::move(on_request)), signals_(open_signals()), end_(::eventfd(0, EFD_CLOEXEC)) {
  APP_CHECK_MSG(signals_ && end_, "no descriptors for signals");  // at the start of a process: nothing works
  watcher_ = std::thread([this] { watch(); });
}

StopRequest::~StopRequest() {
  const eventfd_t one = 1;
  APP_CHECK(::eventfd_write(end_.get(), one) == 0);
  watcher_.join();
}

void StopRequest::watch() {
  base::set_thread_name("signals");
  for (;;) {
    pollfd fds[2] = {{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) {
      APP_CHECK(errno == EINTR);
      continue;
    }
    if (fds[1].revents != 0) return;
    signalfd_siginfo info;
    if (::read(signals_.get(), &info, sizeof info) == sizeof info) request(StopKind::kKeepPods);
  }
}

StopKind StopRequest::wait() {
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return is_asked_; });
  return kind_;
}

void StopRequest::request(StopKind kind) {
  {
    const std::lock_guard lock(mutex_);
    if (is_asked_) return;
    is_asked_ = true;
    kind_ = kind;
    asked_.notify_all();
  }
  if (on_request_) on_request_();
}

}  // namespace appliance::node
