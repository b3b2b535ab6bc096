#include "net/loop/loop.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace appliance::net {
namespace {

using namespace std::chrono_literals;

struct Count {
  std::mutex mutex;
  std::condition_variable changed;
  int value = 0;
  void add() {
    const std::scoped_lock lock(mutex);
    ++value;
    changed.notify_all();
  }
  bool wait_for(int wanted) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return value >= wanted; });
  }
};

}  // namespace

TEST_CASE("loop: runs what is posted from many threads, on its own threads") {
  Loop loop({.name = "test", .threads = 2});
  Count count;
  std::atomic<bool> foreign{false};
  const std::thread::id here = std::this_thread::get_id();
  std::vector<std::thread> posters;
  for (int p = 0; p < 4; ++p)
    posters.emplace_back([&] {
      for (int i = 0; i < 100; ++i)
        if (!loop.post([&] {
              if (std::this_thread::get_id() == here) foreign = true;
              count.add();
            }))
          foreign = true;
    });
  for (std::thread& poster : posters) poster.join();
  CHECK(count.wait_for(400));
  CHECK_FALSE(foreign);
}

TEST_CASE("loop: timers fire in order of their deadlines, and not when dropped") {
  Loop loop({.threads = 1});
  Count fired;
  std::vector<int> order;  // touched by the loop's only thread, read after its last event
  bool dropped_fired = false;
  const auto late = loop.after(60ms, [&] {
    order.push_back(2);
    fired.add();
  });
  const auto early = loop.after(10ms, [&] {
    order.push_back(1);
    fired.add();
  });
  auto dropped = loop.after(30ms, [&] { dropped_fired = true; });
  dropped.reset();
  REQUIRE(fired.wait_for(2));
  CHECK(order == std::vector<int>{1, 2});
  loop.stop();
  CHECK_FALSE(dropped_fired);
}

TEST_CASE("loop: a timer may drop its own handle, and another one's on the same thread for certain") {
  Loop loop({.threads = 1});
  Count fired;
  std::unique_ptr<Loop::Timer> self;
  std::unique_ptr<Loop::Timer> other;
  std::atomic<bool> other_fired{false};
  REQUIRE(loop.post([&] {
    other = loop.after(0ms, [&] { other_fired = true; });
    other.reset();  // before the loop had a chance to run it
    self = loop.after(1ms, [&] {
      self.reset();
      fired.add();
    });
  }));
  CHECK(fired.wait_for(1));
  CHECK_FALSE(other_fired);
}

TEST_CASE("loop: stop() returns when no handler runs, refuses later posts, and is idempotent") {
  Loop loop({.threads = 2});
  std::atomic<bool> inside{false};
  std::atomic<bool> finished{false};
  Count started;
  REQUIRE(loop.post([&] {
    inside = true;
    started.add();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (loop.post([] {}) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    finished = true;  // under way while stop() is called: posts are refused by now
  }));
  REQUIRE(started.wait_for(1));
  loop.stop();
  CHECK(finished);
  CHECK_FALSE(loop.post([] {}));
  loop.stop();
  const auto never = loop.after(0ms, [] {});  // harmless
}

}  // namespace appliance::net
