#include "orchestrator/apiserver/allocator.h"

#include <catch2/catch.hpp>

#include <set>

namespace appliance::orchestrator::apiserver {

TEST_CASE("allocator: gives every number once and then none") {
  NumberAllocator allocator(10, 19, 4);
  std::set<uint32_t> seen;
  for (int i = 0; i < 10; ++i) {
    const auto number = allocator.allocate("owner" + std::to_string(i));
    REQUIRE(number.has_value());
    CHECK(allocator.contains(*number));
    seen.insert(*number);
    if (i < 3) CHECK(*number >= 14);  // the band below is left to those who name a number
  }
  CHECK(seen.size() == 10);
  CHECK_FALSE(allocator.allocate("late").has_value());
}

TEST_CASE("allocator: a number has one owner, who alone can give it back") {
  NumberAllocator allocator(30000, 30010);
  CHECK(allocator.reserve(30001, "a") == NumberAllocator::Reserve::kTaken);
  CHECK(allocator.reserve(30001, "a") == NumberAllocator::Reserve::kOurs);
  CHECK(allocator.reserve(30001, "b") == NumberAllocator::Reserve::kRefused);
  allocator.release(30001, "b");
  CHECK(allocator.reserve(30001, "b") == NumberAllocator::Reserve::kRefused);
  allocator.release(30001, "a");
  CHECK(allocator.reserve(30001, "b") == NumberAllocator::Reserve::kTaken);
}

TEST_CASE("allocator: reads IPv4 blocks and refuses what is none") {
  const auto block = parse_ipv4_block("10.43.0.0/16");
  REQUIRE(block.has_value());
  CHECK(format_ipv4(block->base) == "10.43.0.0");
  CHECK(block->size() == 65536);
  for (const char* bad :
       {"", "10.43.0.0", "10.43.0/16", "10.43.0.0/33", "10.43.0.0/0", "10.43.0.256/16", "a.b.c.d/8", "10.43.0.01/16"}) {
    INFO(bad);
    CHECK_FALSE(parse_ipv4_block(bad).has_value());
  }
}

}  // namespace appliance::orchestrator::apiserver
