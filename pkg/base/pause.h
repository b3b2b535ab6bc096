// Asking something that cannot tell by itself (another machine's API, say), with growing pauses that can be called off.
//
//   Pause pause({.first = 5ms, .longest = 500ms});
//   while (!(done = ask())) if (!pause.wait()) return fail(Code::kCancelled, "stopping");
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace appliance::base {

struct PauseOptions {
  std::chrono::milliseconds first{5};
  std::chrono::milliseconds longest{500};  // each pause is twice the one before, up to this
};

class Pause {
 public:
  explicit Pause(PauseOptions options = {}) : options_(options), next_(options.first) {}
  // False: called off, now or before. One waiter at a time.
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool off = wake_.wait_for(lock, next_, [&] { return off_; });
    next_ = std::min(next_ * 2, options_.longest);
    return !off;
  }
  void call_off() {  // from any thread; for good
    const std::lock_guard lock(mutex_);
    off_ = true;
    wake_.notify_all();
  }

 private:
  const PauseOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool off_ = false;  // GUARDED_BY(mutex_)
  std::chrono::milliseconds next_;
};

}  // namespace appliance::base
