#include "net/dns/reactor.h"

#include <sys/eventfd.h>

#include <algorithm>

namespace appliance::net::dns {
namespace {

constexpr int kEventsPerRound = 64;
constexpr int kIdleWait_ms = 60'000;

// The event carries fd and a part of the token, so that an event of a closed fd cannot reach its successor.
uint64_t pack(int fd, uint64_t token) { return token << 24 | static_cast<uint32_t>(fd); }
constexpr uint64_t kFdMask = (1U << 24) - 1;

}  // namespace

Result<std::unique_ptr<Reactor>> Reactor::make() {
  base::Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno("epoll");
  base::Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return fail_errno("eventfd");
  epoll_event e{.events = EPOLLIN, .data = {.u64 = 0}};
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event.get(), &e) != 0) return fail_errno("epoll");
  return std::unique_ptr<Reactor>(new Reactor(std::move(epoll), std::move(event)));
}

Result<> Reactor::watch(int fd, uint32_t events, Handler handler) {
  const uint64_t token = next_++;
  epoll_event e{.events = events, .data = {.u64 = pack(fd, token)}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &e) != 0) return fail_errno("epoll");
  watches_[fd] = {.token = token, .handler = std::make_shared<Handler>(std::move(handler))};
  return {};
}

void Reactor::change(int fd, uint32_t events) {
  const auto it = watches_.find(fd);
  if (it == watches_.end()) return;
  epoll_event e{.events = events, .data = {.u64 = pack(fd, it->second.token)}};
  (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &e);  // cannot fail for an fd that is watched
}

void Reactor::forget(int fd) {
  if (watches_.erase(fd) > 0) (void)epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Reactor::TimerId Reactor::after(std::chrono::nanoseconds delay, std::function<void()> task) {
  const TimerId id{Clock::now() + delay, next_++};
  timers_.emplace(id, std::move(task));
  return id;
}

void Reactor::cancel(const TimerId& id) { timers_.erase(id); }

void Reactor::wake() {
  const uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);  // full means that a wake-up is due anyway
}

void Reactor::stop() {
  stopping_ = true;
  wake();
}

int Reactor::wait_ms() const {
  if (timers_.empty()) return kIdleWait_ms;
  const auto left = timers_.begin()->first.first - Clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<long long>(ms, 0, kIdleWait_ms));
}

void Reactor::run_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

void Reactor::run() {
  epoll_event events[kEventsPerRound];
  while (!stopping_) {
    const int n = epoll_wait(epoll_.get(), events, kEventsPerRound, wait_ms());
    for (int i = 0; i < n && !stopping_; ++i) {
      if (events[i].data.u64 == 0) {
        uint64_t count = 0;
        (void)!::read(event_.get(), &count, sizeof count);
        if (woken_ && !stopping_) woken_();
        continue;
      }
      const auto it = watches_.find(static_cast<int>(events[i].data.u64 & kFdMask));
      if (it == watches_.end() || pack(it->first, it->second.token) != events[i].data.u64) continue;
      const auto handler = it->second.handler;  // it may forget itself
      (*handler)(events[i].events);
    }
    run_timers();
  }
}

}  // namespace appliance::net::dns
