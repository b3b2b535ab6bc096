// Not run by default: `runtime_cri_test "[bench]"` prints medians of what a person waits for.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdio>

#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {
namespace {

template <class Work>
double median_ms(int turns, Work&& work) {
  std::vector<double> all;
  for (int i = 0; i < turns; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work(i);
    all.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(all);
  std::printf("  min %.2f median %.2f ms\n", all.front(), all[all.size() / 2]);
  return all[all.size() / 2];
}

}  // namespace

TEST_CASE_METHOD(TestWorld, "runtime bench: sandbox, container, exec", "[.][bench]") {
  std::vector<std::string> pods;
  std::printf("sandbox\n");
  median_ms(20, [&](int i) { pods.push_back(pod("p" + std::to_string(i))); });
  std::printf("create and start a container\n");
  std::string id;
  median_ms(20, [&](int i) { id = start(pods[static_cast<size_t>(i)], config("c", {"wait"})); });
  std::printf("exec_sync\n");
  median_ms(50, [&](int) { REQUIRE(runtime().exec_sync(id, {"/bin/guest", "exit", "0"}, std::chrono::seconds(10))); });
  std::printf("remove a pod\n");
  median_ms(20, [&](int i) { REQUIRE(runtime().remove_sandbox(pods[static_cast<size_t>(i)])); });
}

}  // namespace appliance::runtime::cri
