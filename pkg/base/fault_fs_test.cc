#include "base/fault_fs.h"

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::base;

namespace {

std::unique_ptr<File> create(FaultFs& fs, const std::string& path) {
  REQUIRE(fs.make_dirs("/d", 0700));
  auto file = fs.open(path, {.write = true, .create = true});
  REQUIRE(file);
  return std::move(*file);
}

}  // namespace

TEST_CASE("fault fs: synced data under a synced name survives, anything else may not") {
  FaultFs fs({.survive = FaultFs::Survive::kNothing});
  auto named = create(fs, "/d/named");
  REQUIRE(named->write_at(0, "synced"));
  REQUIRE(named->sync());
  REQUIRE(fs.sync_dir("/d"));
  REQUIRE(named->write_at(0, "lost!!"));
  auto nameless = create(fs, "/d/nameless");
  REQUIRE(nameless->write_at(0, "x"));
  REQUIRE(nameless->sync());
  fs.reboot();
  CHECK(fs.peek("/d/named").value() == "synced");
  CHECK_FALSE(fs.exists("/d/nameless").value());
  CHECK_FALSE(named->sync());  // opened before the power cut
}

TEST_CASE("fault fs: unsynced sectors are torn by the seed") {
  size_t mixed = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    FaultFs fs({.seed = seed});
    auto file = create(fs, "/d/f");
    REQUIRE(file->allocate(8 * FaultFs::kSector));
    REQUIRE(file->sync());
    REQUIRE(fs.sync_dir("/d"));
    REQUIRE(file->write_at(0, std::string(8 * FaultFs::kSector, 'n')));
    fs.reboot();
    const std::string disk = fs.peek("/d/f").value();
    REQUIRE(disk.size() == 8 * FaultFs::kSector);
    size_t news = 0;
    for (size_t i = 0; i < 8; ++i) {
      const std::string sector = disk.substr(i * FaultFs::kSector, FaultFs::kSector);
      CHECK((sector == std::string(FaultFs::kSector, 'n') || sector == std::string(FaultFs::kSector, '\0')));
      news += sector[0] == 'n' ? 1 : 0;
    }
    if (news > 0 && news < 8) ++mixed;
  }
  CHECK(mixed > 10);
}

TEST_CASE("fault fs: power goes at the change that was asked for, and one call can be made to fail") {
  FaultFs fs({.survive = FaultFs::Survive::kAll});
  auto file = create(fs, "/d/f");
  fs.fail_at(2, EIO);
  CHECK(file->write_at(0, "a"));
  CHECK(file->write_at(1, "b").error().errno_value == EIO);
  CHECK(file->write_at(1, "c"));
  CHECK(fs.peek("/d/f").value() == "ac");
  fs.cut_power_at(1);
  CHECK_FALSE(file->write_at(2, "d"));
  CHECK(fs.power_is_off());
  CHECK_FALSE(fs.exists("/d/f"));
  fs.reboot();
  CHECK(fs.peek("/d/f").value() == "acd");  // the write that the cut met may have arrived
}

TEST_CASE("fault fs: a full disk refuses growth only") {
  FaultFs fs({});
  auto file = create(fs, "/d/f");
  fs.set_capacity(1000);
  REQUIRE(file->write_at(0, std::string(900, 'x')));
  CHECK(file->write_at(900, std::string(101, 'x')).error().code == Code::kResourceExhausted);
  CHECK(file->write_at(0, std::string(900, 'y')));
  fs.set_capacity(2000);
  CHECK(file->write_at(900, std::string(101, 'x')));
}

TEST_CASE("fault fs: a rename is whole: after a cut the file has one of its names") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    FaultFs fs({.seed = seed});
    auto file = create(fs, "/d/a");
    REQUIRE(file->write_at(0, "1"));
    REQUIRE(file->sync());
    REQUIRE(fs.sync_dir("/d"));
    REQUIRE(fs.rename("/d/a", "/d/b"));
    fs.reboot();
    CHECK(fs.exists("/d/a").value() != fs.exists("/d/b").value());
  }
}

TEST_CASE("fault fs: a folder is locked once, and a reboot lets go") {
  FaultFs fs({});
  auto held = fs.lock("/d/LOCK");
  REQUIRE(held);
  CHECK(fs.lock("/d/LOCK").error().code == Code::kFailedPrecondition);
  fs.reboot();
  CHECK(fs.lock("/d/LOCK"));
}
