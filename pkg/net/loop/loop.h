// Loop: the event loop threads of the process. Listeners, connections, timers and DNS run here; nothing on a loop may
// block. Asio stays behind this header (loop/asio.h is for net only).
//
//   Loop loop({.name = "net", .threads = 2});
//   auto timer = loop.after(5s, [] { ... });   // dropping the handle cancels
//   loop.post([] { ... });
//
// Thread-safe. stop() returns when no handler runs any more.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/executor.h"

namespace appliance::net {

class Loop final : public base::Executor {
 public:
  struct Options {
    std::string name = "net";
    int threads = 1;
  };
  explicit Loop(Options options);
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] bool post(base::Task task) override;

  // A cancelled timer never fires after the handle's destructor returned on the loop's own thread; elsewhere it may be
  // running at that very moment, so what it captures must own what it touches. Handles go before the loop does.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  [[nodiscard]] std::unique_ptr<Timer> after(std::chrono::nanoseconds delay, base::Task task);
  void stop();

  struct Core;  // the io_context, for net only
  Core& core() { return *core_; }

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::net
