// Where work runs. Threads are few and named; work crosses threads only by being posted to an Executor.
//
//   ThreadPool pool({.name = "blocking", .threads = 4, .queue_max = 4096});
//   if (!pool.post([this] { unpack(); })) return fail(Code::kResourceExhausted, "too much work is queued");
//
// post() is thread-safe and never blocks. Tasks must not throw. stop() runs what is queued, then returns when no task
// runs.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace appliance::base {

using Task = std::move_only_function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // False when the executor is stopped or its queue is full: the task was not taken and will not run.
  [[nodiscard]] virtual bool post(Task task) = 0;
};

class ThreadPool final : public Executor {
 public:
  struct Options {
    std::string name;  // at most 12 characters are shown by ps -L
    int threads = 1;
    size_t queue_max = 65536;  // tasks waiting; more are refused
  };
  explicit ThreadPool(Options options);
  ~ThreadPool() override { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  [[nodiscard]] bool post(Task task) override;
  void stop();  // idempotent; not from a task of this pool

 private:
  void run();
  Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Runs each task in the caller, at once: for tests of code that takes an Executor.
class InlineExecutor final : public Executor {
 public:
  [[nodiscard]] bool post(Task task) override {
    task();
    return true;
  }
};

void set_thread_name(const std::string& name);

}  // namespace appliance::base
