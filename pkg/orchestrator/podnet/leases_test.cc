#include "orchestrator/podnet/leases.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <set>

#include "base/fs.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;

namespace {

struct Fixture {
  std::string dir;
  base::ManualClock clock;
  Fixture() {
    char name[] = "/tmp/leases-test.XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    dir = name;
  }
  ~Fixture() { (void)base::remove_tree(dir); }
  std::string path() const { return dir + "/leases"; }
  Leases open(const char* range = "10.42.0.0/29") {
    auto out = Leases::open(*net::netlink::parse_cidr(range), path(), clock);
    REQUIRE(out);
    return std::move(*out);
  }
};

std::string take(Leases& leases, const std::string& uid) {
  auto ip = leases.take(uid);
  return ip ? ip->string() : ip.error().message;
}

}  // namespace

TEST_CASE("leases: addresses go round robin and a freed one is not the next") {
  Fixture f;
  auto leases = f.open("10.42.0.0/24");
  CHECK(take(leases, "a") == "10.42.0.2");
  CHECK(take(leases, "a") == "10.42.0.2");
  REQUIRE(leases.release("a"));
  REQUIRE(leases.release("a"));
  CHECK(take(leases, "b") == "10.42.0.3");
}

TEST_CASE("leases: a freed address rests 30 s, unless nothing else is left") {
  Fixture f;
  auto leases = f.open();  // .2 to .6
  for (const char* uid : {"a", "b", "c", "d"}) take(leases, uid);
  REQUIRE(leases.release("b"));  // .3
  CHECK(take(leases, "e") == "10.42.0.6");
  REQUIRE(leases.release("a"));             // .2
  CHECK(take(leases, "f") == "10.42.0.3");  // both rest: the older one
  f.clock.advance(kLeaseRest);
  CHECK(take(leases, "g") == "10.42.0.2");
  CHECK(leases.take("h").error().code == Code::kResourceExhausted);
}

TEST_CASE("leases: network, gateway and broadcast addresses are never given") {
  Fixture f;
  auto leases = f.open();
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) seen.insert(take(leases, "uid" + std::to_string(i)));
  CHECK(seen == std::set<std::string>{"10.42.0.2", "10.42.0.3", "10.42.0.4", "10.42.0.5", "10.42.0.6"});
}

TEST_CASE("leases: the journal survives a restart, with a torn tail dropped and the round robin kept") {
  Fixture f;
  {
    auto leases = f.open("10.42.0.0/24");
    take(leases, "a");
    take(leases, "b");
    take(leases, "c");
    REQUIRE(leases.release("b"));
  }
  auto text = base::read_file(f.path());
  REQUIRE(text);
  REQUIRE(base::write_file(f.path(), *text + "take 10.42.0.9 torn"));
  auto leases = f.open("10.42.0.0/24");
  CHECK(leases.find("a")->string() == "10.42.0.2");
  CHECK_FALSE(leases.find("b"));
  CHECK_FALSE(leases.find("torn"));
  CHECK(take(leases, "d") == "10.42.0.5");
  auto again = f.open("10.42.0.0/24");
  CHECK(again.all().size() == 3);
}

TEST_CASE("leases: what the kernel has wins over the journal") {
  Fixture f;
  auto leases = f.open("10.42.0.0/24");
  take(leases, "a");  // .2
  REQUIRE(leases.adopt("x", *net::netlink::parse_ipv4("10.42.0.2")));
  CHECK_FALSE(leases.find("a"));
  CHECK(leases.find("x")->string() == "10.42.0.2");
  CHECK(take(leases, "a") == "10.42.0.3");
}

TEST_CASE("leases: hostile uids and ranges are refused") {
  Fixture f;
  auto leases = f.open();
  CHECK(leases.take("").error().code == Code::kInvalidArgument);
  CHECK(leases.take("a\nfree").error().code == Code::kInvalidArgument);
  CHECK(Leases::open(*net::netlink::parse_cidr("10.0.0.0/8"), f.path(), f.clock).error().code ==
        Code::kInvalidArgument);
}
