#include "base/pause.h"

#include <catch2/catch.hpp>

#include <thread>

namespace appliance::base {

using namespace std::chrono_literals;

TEST_CASE("pause: goes on by itself, and at once when it is called off") {
  Pause pause({.first = 1ms, .longest = 2ms});
  CHECK(pause.wait());
  CHECK(pause.wait());
  pause.call_off();
  CHECK_FALSE(pause.wait());
}

TEST_CASE("pause: another thread ends a long one") {
  Pause pause({.first = 10min, .longest = 10min});
  std::thread other([&] { pause.call_off(); });
  CHECK_FALSE(pause.wait());
  other.join();
}

}  // namespace appliance::base
