#include "runtime/cgroup/cgroup.h"

#include <unistd.h>
#include <catch2/catch.hpp>

#include "base/fs.h"

namespace appliance::runtime::cgroup {
namespace {

const char* const kV2 = "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const kV1 =
    "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 25 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 25 0:29 /docker/x /elsewhere rw - cgroup cgroup rw,devices\n";

}  // namespace

TEST_CASE("cgroup: the layout is read from the mount table") {
  const auto v2 = Hierarchies::parse(kV2).value();
  CHECK(v2.layout() == Layout::kV2);
  CHECK(v2.unified_root() == "/sys/fs/cgroup");
  CHECK(v2.container_mounts().size() == 1);
  const auto hybrid =
      Hierarchies::parse(std::string(kV1) + "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n").value();
  CHECK(hybrid.layout() == Layout::kHybrid);
  CHECK(hybrid.controllers().size() == 4);
  const auto v1 = Hierarchies::parse(kV1);
  REQUIRE_FALSE(v1);
  CHECK(v1.error().code == Code::kUnimplemented);
  CHECK(v1.error().hint.find("mount -t cgroup2") == v1.error().hint.find("mount -t"));
  CHECK(Hierarchies::parse("").error().message == "no control groups are mounted");
}

TEST_CASE("cgroup: what a group uses is read on either layout, without the page cache that nobody needs") {
  char folder[] = "/tmp/cgroup-test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string root = folder;
  const auto put = [&](const std::string& path, const std::string& text) {
    REQUIRE(base::make_dirs(root + path.substr(0, path.rfind('/')), 0755));
    REQUIRE(base::write_file(root + path, text));
  };
  put("/v2/kubepods/pod1/cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n");
  put("/v2/kubepods/pod1/memory.current", "1000000\n");
  put("/v2/kubepods/pod1/memory.stat", "anon 600000\nfile 400000\ninactive_file 300000\nactive_file 100000\n");
  const auto v2 = Hierarchies::parse("29 22 0:26 / " + root + "/v2 rw - cgroup2 cgroup2 rw\n").value();
  const auto on_v2 = v2.stats("kubepods/pod1").value();
  CHECK(on_v2.cpu_usage_ns == 1'500'000);
  CHECK(on_v2.memory_usage_bytes == 1'000'000);
  CHECK(on_v2.memory_working_set_bytes == 700'000);

  put("/cpu/kubepods/pod1/cpuacct.usage", "2500000\n");
  put("/memory/kubepods/pod1/memory.usage_in_bytes", "900000\n");
  put("/memory/kubepods/pod1/memory.stat", "inactive_file 1\ntotal_inactive_file 200000\n");
  const auto hybrid = Hierarchies::parse("30 25 0:26 / " + root + "/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
                                         "31 25 0:27 / " + root + "/memory rw - cgroup cgroup rw,memory\n" +
                                         "32 25 0:28 / " + root + "/pids rw - cgroup cgroup rw,pids\n" +
                                         "33 25 0:29 / " + root + "/devices rw - cgroup cgroup rw,devices\n" +
                                         "34 25 0:30 / " + root + "/v2 rw - cgroup2 none rw\n")
                          .value();
  REQUIRE(hybrid.layout() == Layout::kHybrid);
  const auto on_v1 = hybrid.stats("kubepods/pod1").value();
  CHECK(on_v1.cpu_usage_ns == 2'500'000);
  CHECK(on_v1.memory_usage_bytes == 900'000);
  CHECK(on_v1.memory_working_set_bytes == 700'000);
  CHECK(hybrid.stats("kubepods/pod2").error().code == Code::kNotFound);
  (void)base::remove_tree(root);
}

TEST_CASE("cgroup: shares become weights") {
  CHECK(weight_of_shares(2) == 1);
  CHECK(weight_of_shares(1024) == 100);
  CHECK(weight_of_shares(262144) == 10000);
}

TEST_CASE("cgroup: a group is made with its limits and removed with its parents") {
  if (geteuid() != 0) FAIL("needs root");
  const auto groups = Hierarchies::detect().value();
  const std::string top = "appliance-cgroup-test-" + std::to_string(getpid());
  const std::string path = top + "/a/b";
  REQUIRE(groups.create(path, {.cpu_shares = 512,
                               .cpu_quota_us = 50'000,
                               .cpu_period_us = 100'000,
                               .memory_limit_bytes = 64 << 20,
                               .pids_max = 10}));
  REQUIRE(groups.restrict_devices(path));
  REQUIRE(groups.create(path, {.cpu_shares = 256}));  // again is fine
  const auto door = groups.open_door(path);
  REQUIRE(door);
  CHECK(door->group.valid());
  CHECK(groups.stats(path));
  CHECK(groups.processes(path)->empty());
  REQUIRE(groups.remove(path, std::chrono::seconds(5)));
  REQUIRE(groups.remove(path, std::chrono::seconds(5)));
  groups.prune_parents(path);
  CHECK(access((groups.unified_root() + '/' + top).c_str(), F_OK) != 0);
  CHECK(groups.stats(path).error().code == Code::kNotFound);
  CHECK(groups.create("../escape", {}).error().code == Code::kInvalidArgument);
}

}  // namespace appliance::runtime::cgroup
