#include "store/lease/lease.h"

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::store;
using appliance::base::MonoTime;
using std::chrono::seconds;

TEST_CASE("lease: expires at its deadline, and a keep-alive moves that") {
  lease::Leases leases;
  const MonoTime t0(seconds(100));
  REQUIRE(leases.grant(1, 10, t0));
  CHECK_FALSE(leases.grant(1, 10, t0));
  CHECK(leases.expired(t0 + seconds(9)).empty());
  CHECK(leases.expired(t0 + seconds(10)) == std::vector<LeaseId>{1});
  CHECK(leases.keep_alive(1, t0 + seconds(9)) == 10);
  CHECK(leases.expired(t0 + seconds(18)).empty());
  CHECK(leases.keep_alive(2, t0) == 0);
  leases.renew_all(t0 + seconds(50));
  CHECK(leases.expired(t0 + seconds(59)).empty());
}

TEST_CASE("lease: keys move between leases, and go with the one that holds them") {
  lease::Leases leases;
  REQUIRE(leases.grant(1, 10, MonoTime{}));
  REQUIRE(leases.grant(2, 10, MonoTime{}));
  leases.move_key("a", 0, 1);
  leases.move_key("b", 0, 1);
  leases.move_key("a", 1, 2);
  leases.move_key("c", 0, 99);  // unknown
  CHECK(leases.revoke(1).value() == std::vector<std::string>{"b"});
  CHECK(leases.revoke(2).value() == std::vector<std::string>{"a"});
  CHECK_FALSE(leases.revoke(2));
}

TEST_CASE("lease: the longest time to live does not overflow (etcd #9395)") {
  lease::Leases leases;
  const MonoTime now(std::chrono::hours(24 * 365));
  REQUIRE(leases.grant(1, lease::kTtlMaxSeconds, now));
  CHECK(leases.expired(now + std::chrono::hours(24 * 365 * 50)).empty());
}
