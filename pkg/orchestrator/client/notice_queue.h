// NoticeQueue: the one thread that calls the handlers of remote informers. What is pushed under an informer's lock is
// delivered in that order; who feeds waits for room first, outside of it, so that slow handlers slow the feeding down.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "orchestrator/client/client.h"

namespace appliance::orchestrator::client {

inline constexpr size_t kNoticesMax = 4096;  // waiting for handlers; each is three pointers

// Calls the handler under its own lock, so that an unsubscriber can wait for a call that runs.
class NoticeHandler {
 public:
  explicit NoticeHandler(std::function<void(const Notice&)> handler) : handler_(std::move(handler)) {}
  void give(const Notice& notice);
  void close();  // no call runs after it; a handler may drop its own subscription

 private:
  std::recursive_mutex mutex_;
  std::function<void(const Notice&)> handler_;
};
using NoticeHandlers = std::vector<std::shared_ptr<NoticeHandler>>;

class NoticeQueue {
 public:
  NoticeQueue() : thread_([this] { run(); }) {}
  ~NoticeQueue() { stop(); }
  NoticeQueue(const NoticeQueue&) = delete;
  NoticeQueue& operator=(const NoticeQueue&) = delete;

  void wait_room();  // returns when fewer than kNoticesMax wait, or after stop()
  void push(std::shared_ptr<const NoticeHandlers> handlers, Notice notice);  // never blocks
  void stop();  // idempotent; drops what waits; no handler runs after it. Not from a handler

 private:
  struct Item {
    std::shared_ptr<const NoticeHandlers> handlers;
    Notice notice;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable more_;
  std::condition_variable room_;
  std::deque<Item> items_;  // GUARDED_BY(mutex_)
  bool stopping_ = false;   // GUARDED_BY(mutex_)
  std::thread thread_;      // last: starts when all else is there
};

}  // namespace appliance::orchestrator::client
