#include "node/stop_request.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/fd.h"

namespace appliance::node {

StopKind StopRequest::wait() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const base::Fd signals(signalfd(-1, &set, SFD_CLOEXEC));
  std::thread watcher([this, &signals] {
    signalfd_siginfo info;
    if (::read(signals.get(), &info, sizeof info) == sizeof info) request(StopKind::kKeepPods);
  });
  std::unique_lock lock(mutex_);
  asked_.wait(lock, [this] { return is_asked_; });
  const auto kind = kind_;
  lock.unlock();
  // The watcher may still be reading: a signal to ourselves ends it.
  (void)::kill(getpid(), SIGINT);
  watcher.join();
  return kind;
}

void StopRequest::request(StopKind kind) {
  const std::lock_guard lock(mutex_);
  if (is_asked_) return;
  is_asked_ = true;
  kind_ = kind;
  asked_.notify_all();
}

}  // namespace appliance::node
