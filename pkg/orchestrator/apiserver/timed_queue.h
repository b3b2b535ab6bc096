// One thread that runs tasks in order, and timed tasks when their time has come: the owner of the watch cache's state.
//
//   TimedQueue queue("watch-cache", clock);
//   queue.post([&] { apply(batch); });
//   auto id = queue.post_at(clock.monotonic() + 60s, [&] { bookmark(); });
//
// post(), post_at() and cancel() are thread-safe. stop() drops what is queued and returns when nothing runs; not from a
// task.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/executor.h"

namespace appliance::orchestrator::apiserver {

class TimedQueue final : public base::Executor {
 public:
  TimedQueue(std::string name, const base::Clock& clock);
  ~TimedQueue() override { stop(); }
  [[nodiscard]] bool post(base::Task task) override;  // false only after stop()
  uint64_t post_at(base::MonoTime when, base::Task task);
  void cancel(uint64_t id);  // a task that runs at this moment is not waited for
  void stop();
  [[nodiscard]] bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void run(const std::string& name);
  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<base::Task> tasks_;
  std::map<std::pair<base::MonoTime, uint64_t>, base::Task> timed_;
  std::map<uint64_t, base::MonoTime> when_;
  uint64_t next_id_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::apiserver
