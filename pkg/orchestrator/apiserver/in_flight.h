// InFlight counts callbacks that are still to come, so that their owner can outlive them: stop() waits for idle.
//
//   kv.range(request, [this, guard = in_flight_.enter()](auto response) { ... });
//   ...
//   in_flight_.wait_idle();   // in stop(): no callback touches this object afterwards
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

namespace appliance::orchestrator::apiserver {

class InFlight {
 public:
  using Guard = std::shared_ptr<void>;  // the callback holds it; the last copy leaves
  [[nodiscard]] Guard enter() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    return {static_cast<void*>(this), [this](void*) { leave(); }};
  }
  void wait_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return count_ == 0; });
  }
  [[nodiscard]] int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  void leave() {
    const std::lock_guard lock(mutex_);  // notified under the lock: the waiter may destroy us right after
    if (--count_ == 0) idle_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  int count_ = 0;
};

}  // namespace appliance::orchestrator::apiserver
