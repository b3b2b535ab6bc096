// Reactor: epoll, timers and a wake-up for one thread that owns all its state: the DNS server's. DNS is many tiny
// packets, so it has its own thread and batched system calls instead of a shared loop.
//
// All functions but wake() belong to the thread that runs the reactor (or to whoever sets it up before run()).
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::net::dns {

class Reactor {
 public:
  using Clock = std::chrono::steady_clock;
  using Handler = std::function<void(uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP
  using TimerId = std::pair<Clock::time_point, uint64_t>;

  static Result<std::unique_ptr<Reactor>> make();

  Result<> watch(int fd, uint32_t events, Handler handler);
  void change(int fd, uint32_t events);
  void forget(int fd);  // before the fd is closed; its handler runs no more, also not in this round

  TimerId after(std::chrono::nanoseconds delay, std::function<void()> task);
  void cancel(const TimerId& id);

  void on_wake(std::function<void()> task) { woken_ = std::move(task); }
  void wake();  // any thread: run() calls the on_wake task soon
  void run();   // until stop()
  void stop();  // any thread

 private:
  Reactor(base::Fd epoll, base::Fd event) : epoll_(std::move(epoll)), event_(std::move(event)) {}
  [[nodiscard]] int wait_ms() const;
  void run_timers();

  struct Watch {
    uint64_t token = 0;
    std::shared_ptr<Handler> handler;
  };
  base::Fd epoll_;
  base::Fd event_;
  std::unordered_map<int, Watch> watches_;
  std::map<TimerId, std::function<void()>> timers_;
  uint64_t next_ = 1;
  std::function<void()> woken_;
  std::atomic<bool> stopping_{false};
};

}  // namespace appliance::net::dns
