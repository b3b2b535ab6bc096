#include "runtime/caps/caps.h"

#include <catch2/catch.hpp>

namespace appliance::runtime::caps {

TEST_CASE("caps: the default set is the fourteen") { CHECK(default_set() == 0xa80425fbULL); }

TEST_CASE("caps: names are known with and without prefix, in any case") {
  CHECK(number_of("NET_ADMIN") == 12U);
  CHECK(number_of("cap_net_admin") == 12U);
  CHECK_FALSE(number_of("FLY"));
  CHECK(name_of(12) == "NET_ADMIN");
  CHECK(name_of(40) == "CHECKPOINT_RESTORE");
  CHECK(name_of(41).empty());
}

TEST_CASE("caps: adds win over drops by name, ALL is the base") {
  CHECK(apply(default_set(), {.add = {"NET_ADMIN"}, .drop = {"ALL"}}).value() == 1ULL << 12U);
  CHECK(apply(default_set(), {.add = {"ALL"}, .drop = {"CHOWN"}}).value() == (all() & ~1ULL));
  CHECK(apply(0, {.add = {}, .drop = {"FLY"}}).error().message == "unknown capability FLY");
}

}  // namespace appliance::runtime::caps
