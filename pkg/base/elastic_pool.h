// Threads for work that waits: stops with their grace, pulls, hooks, probes, log followers, exec pumps. A thread is
// made when a task finds none idle, up to a limit, and goes after a while without work, so that an idle node has none.
//
//   ElasticPool pool({.name = "kubelet-slow", .threads_max = 128});
//   if (!pool.post([=] { stop(); })) ...;   // stopped, or too much is queued
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "base/executor.h"

namespace appliance::base {

class ElasticPool final : public Executor {
 public:
  struct Options {
    std::string name;
    size_t threads_max = 64;
    size_t queue_max = 4096;
    std::chrono::milliseconds idle{10'000};
  };
  explicit ElasticPool(Options options) : options_(std::move(options)) {}
  ~ElasticPool() override { stop(); }
  ElasticPool(const ElasticPool&) = delete;
  ElasticPool& operator=(const ElasticPool&) = delete;

  [[nodiscard]] bool post(Task task) override;
  void stop();  // idempotent; queued tasks are dropped, running ones awaited

 private:
  void run();
  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::deque<Task> queue_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace appliance::base
