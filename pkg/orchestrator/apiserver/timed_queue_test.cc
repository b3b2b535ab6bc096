#include "orchestrator/apiserver/timed_queue.h"

#include <catch2/catch.hpp>

#include <future>
#include <vector>

namespace appliance::orchestrator::apiserver {

using namespace std::chrono_literals;

TEST_CASE("timed queue: runs tasks in order, timed ones by their time, cancelled ones never") {
  base::SystemClock clock;
  TimedQueue queue("test", clock);
  std::vector<int> ran;
  std::promise<void> done;
  const auto now = clock.monotonic();
  const uint64_t never = queue.post_at(now + 1ms, [&] { ran.push_back(99); });
  queue.cancel(never);
  CHECK(queue.post([&] { ran.push_back(1); }));
  CHECK(queue.post([&] { ran.push_back(2); }));
  queue.post_at(now + 40ms, [&] {
    ran.push_back(4);
    done.set_value();
  });
  queue.post_at(now + 20ms, [&] { ran.push_back(3); });
  REQUIRE(done.get_future().wait_for(60s) == std::future_status::ready);
  queue.stop();
  CHECK(ran == std::vector{1, 2, 3, 4});
  CHECK_FALSE(queue.post([] {}));
}

}  // namespace appliance::orchestrator::apiserver
