#include "net/loop/loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/loop/asio.h"

namespace appliance::net {
namespace {

// The task may be destroyed by a thread other than the handle's: it is shared between the handle and the waiting
// handler.
class AsioTimer final : public Loop::Timer {
 public:
  struct State {
    explicit State(asio::io_context& context) : strand(asio::make_strand(context)), timer(strand) {}
    Strand strand;
    asio::steady_timer timer;
    std::atomic<bool> cancelled{false};
  };

  AsioTimer(asio::io_context& context, std::chrono::nanoseconds delay, base::Task task)
      : state_(std::make_shared<State>(context)) {
    state_->timer.expires_after(delay);
    state_->timer.async_wait([state = state_, task = std::move(task)](ErrorCode error) mutable {
      if (!error && !state->cancelled.load()) task();
    });
  }

  ~AsioTimer() override {
    state_->cancelled = true;
    // A timer is not thread-safe: it is cancelled on its strand. On the loop's own thread this runs at once.
    asio::dispatch(state_->strand, [state = state_] { state->timer.cancel(); });
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

Loop::Loop(Options options) : core_(std::make_unique<Core>(options.threads)) {
  for (int i = 0; i < options.threads; ++i) {
    core_->threads.emplace_back([core = core_.get(), name = options.name] {
      base::set_thread_name(name);
      core->context.run();
    });
  }
}

Loop::~Loop() { stop(); }

bool Loop::post(base::Task task) {
  if (core_->stopped.load()) return false;
  asio::post(core_->context, std::move(task));
  return true;
}

std::unique_ptr<Loop::Timer> Loop::after(std::chrono::nanoseconds delay, base::Task task) {
  return std::make_unique<AsioTimer>(core_->context, delay, std::move(task));
}

void Loop::stop() {
  if (core_->stopped.exchange(true)) return;
  core_->work.reset();
  core_->context.stop();
  for (std::thread& thread : core_->threads) thread.join();
}

}  // namespace appliance::net
