#include "store/wal/wal.h"

#include <catch2/catch.hpp>

#include "base/fault_fs.h"

using namespace appliance;
using namespace appliance::store::wal;
using appliance::base::FaultFs;

namespace {

constexpr uint64_t kSmall = 4096;
const std::string kDir = "/data/log";
const std::string kFirst = kDir + "/0000000000000001.wal";

struct Log {
  FaultFs& fs;
  base::SeededRandom random;
  std::vector<Entry> replayed;
  std::unique_ptr<Wal> wal;
  explicit Log(FaultFs& f, uint64_t seed = 1) : fs(f), random(seed) {}

  Result<> open(uint64_t segment_bytes = kSmall) {
    replayed.clear();
    auto opened =
        Wal::open({.fs = fs, .dir = kDir, .random = random, .segment_bytes = segment_bytes}, [&](Entry e) -> Result<> {
          replayed.push_back(std::move(e));
          return {};
        });
    if (!opened) return fail(opened.error());
    wal = std::move(*opened);
    return {};
  }
  Result<> append(uint64_t first, int n, size_t bytes = 100) {
    std::vector<Entry> entries;
    for (int i = 0; i < n; ++i) {
      const uint64_t index = first + static_cast<uint64_t>(i);
      entries.push_back({.term = 3,
                         .index = index,
                         .type = EntryType::kNormal,
                         .data = std::string(bytes, static_cast<char>('a' + index % 26))});
    }
    return wal->append(std::nullopt, entries);
  }
};

std::unique_ptr<Log> filled(FaultFs& fs, int frames) {
  auto log = std::make_unique<Log>(fs);
  REQUIRE(log->open());
  for (int i = 0; i < frames; ++i) REQUIRE(log->append(1 + static_cast<uint64_t>(i), 1));
  return log;
}

}  // namespace

TEST_CASE("wal: gives back entries and hard state in order, through several segments") {
  FaultFs fs({});
  Log log(fs);
  REQUIRE(log.open());
  REQUIRE(log.wal->append(HardState{.term = 3, .vote = 1, .commit = 0}, {}));
  for (uint64_t i = 0; i < 20; ++i) REQUIRE(log.append(1 + i * 5, 5, 10 + i * 20));
  REQUIRE(log.open());
  REQUIRE(log.replayed.size() == 100);
  for (uint64_t i = 0; i < 100; ++i) {
    CHECK(log.replayed[i].index == i + 1);
    CHECK(log.replayed[i].data == std::string(10 + i / 5 * 20, static_cast<char>('a' + (i + 1) % 26)));
  }
  CHECK(log.wal->recovery().state == HardState{.term = 3, .vote = 1, .commit = 0});
  CHECK(log.wal->recovery().segments > 3);
  CHECK(log.wal->recovery().torn_bytes == 0);
  REQUIRE(log.append(101, 1));  // goes on where it ended
}

TEST_CASE("wal: repairs a torn tail and keeps the prefix") {
  FaultFs fs({});
  filled(fs, 5).reset();
  // The last frame is 32 + 32 + 104 bytes: break it at each of its bytes.
  const std::string whole = fs.peek(kFirst).value();
  const size_t end = whole.find_last_not_of('\0') + 1;
  for (size_t cut : {end - 1, end - 60, end - 100, end - 140}) {
    FaultFs torn({});
    filled(torn, 5).reset();
    REQUIRE(torn.poke(kFirst, cut, std::string(whole.size() - cut, '\0')));
    Log log(torn);
    REQUIRE(log.open());
    CHECK(log.replayed.size() == 4);
    CHECK(log.wal->recovery().torn_bytes > 0);
    CHECK(log.wal->recovery().torn_offset > 0);
    CHECK(log.wal->recovery().torn_segment == kFirst);
    REQUIRE(log.append(5, 1, 50));
    Log again(torn);
    REQUIRE(again.open());
    CHECK(again.replayed.size() == 5);
    CHECK(again.wal->recovery().torn_bytes == 0);
  }
}

TEST_CASE("wal: refuses damage before the tail, says where and what to do, and changes nothing") {
  FaultFs fs({});
  filled(fs, 10).reset();
  const std::string before = fs.peek(kFirst).value();
  for (size_t at = kSegmentHeaderBytes; at < kSegmentHeaderBytes + 5 * 168; at += 37) {
    REQUIRE(fs.poke(kFirst, at, std::string(1, static_cast<char>(before[at] ^ 0x10))));
    const std::string damaged = fs.peek(kFirst).value();
    Log log(fs);
    const auto opened = log.open();
    REQUIRE_FALSE(opened);
    INFO(opened.error().message);
    CHECK(opened.error().code == Code::kDataLoss);
    CHECK(opened.error().message.find(kFirst) != std::string::npos);
    CHECK(opened.error().message.find("is damaged") != std::string::npos);
    CHECK(opened.error().hint.find("restore") != std::string::npos);
    CHECK(fs.peek(kFirst).value() == damaged);
    REQUIRE(fs.poke(kFirst, at, before.substr(at, 1)));
  }
}

TEST_CASE("wal: refuses a segment that is missing, of another log, or damaged at its end with a later one behind") {
  FaultFs fs({});
  filled(fs, 60).reset();
  const std::string second = kDir + "/0000000000000002.wal";
  REQUIRE(fs.exists(kDir + "/0000000000000003.wal").value());
  SECTION("missing") {
    REQUIRE(fs.remove(second));
    Log log(fs);
    CHECK(log.open().error().message.find("is missing") != std::string::npos);
  }
  SECTION("another log's") {
    FaultFs other({});
    Log longer(other, 99);
    REQUIRE(longer.open());
    for (uint64_t i = 1; i < 60; ++i) REQUIRE(longer.append(i, 1, 101));
    REQUIRE(fs.poke(second, 0, other.peek(second).value()));
    Log log(fs);
    CHECK(log.open().error().code == Code::kDataLoss);
  }
  SECTION("the end of the first") {
    const size_t end = fs.peek(kFirst).value().find_last_not_of('\0');
    REQUIRE(fs.poke(kFirst, end, "\x01"));
    Log log(fs);
    CHECK(log.open().error().message.find("a later segment follows") != std::string::npos);
  }
  SECTION("the first lost its last frame whole") {
    REQUIRE(
        fs.poke(kFirst, kSegmentHeaderBytes + 20 * 168, std::string(kSmall - kSegmentHeaderBytes - 20 * 168, '\0')));
    Log log(fs);
    CHECK(log.open().error().code == Code::kDataLoss);
  }
}

TEST_CASE("wal: refuses a newer format and names both versions") {
  FaultFs fs({});
  filled(fs, 3).reset();
  const std::string before = fs.peek(kFirst).value();
  REQUIRE(fs.poke(kFirst, 8, std::string("\x07\0\0\0", 4)));
  Log log(fs);
  const auto opened = log.open();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kFailedPrecondition);
  CHECK(opened.error().message.find("format 7 was written by a newer version") != std::string::npos);
  CHECK(opened.error().message.find("up to format 1") != std::string::npos);
  REQUIRE(fs.poke(kFirst, 8, before.substr(8, 4)));
  CHECK(log.open());
}

TEST_CASE("wal: cuts whole segments behind an index, and replays from there") {
  FaultFs fs({});
  auto log = filled(fs, 100);
  const uint64_t before = log->wal->disk_bytes();
  const int cut = log->wal->cut(60).value();
  CHECK(cut > 0);
  CHECK(log->wal->disk_bytes() < before);
  REQUIRE(log->open());
  REQUIRE_FALSE(log->replayed.empty());
  CHECK(log->replayed.front().index <= 61);
  CHECK(log->replayed.front().index > 1);
  CHECK(log->replayed.back().index == 100);
  // Everything cut: the last segment stays, and the next index is still known.
  (void)log->wal->cut(100).value();
  REQUIRE(log->append(101, 1));
}

TEST_CASE("wal: what append() returned from survives a power cut, whatever else was torn") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    FaultFs fs({.seed = seed});
    Log log(fs);
    uint64_t durable = 0;
    fs.cut_power_at(3 + seed % 60);
    if (log.open()) {
      for (uint64_t i = 0; i < 30 && log.append(1 + i * 3, 3, 40 * (seed % 20)); ++i) durable = (i + 1) * 3;
    }
    fs.reboot();
    const auto opened = log.open();
    INFO("seed " << seed << ": " << (opened ? "" : opened.error().message));
    REQUIRE(opened);
    CHECK(log.replayed.size() >= durable);
    for (const Entry& e : log.replayed) {
      CHECK(e.data == std::string(40 * (seed % 20), static_cast<char>('a' + e.index % 26)));  // none in half
    }
  }
}

TEST_CASE("wal: an append that failed closes the log for writing until it is opened again") {
  FaultFs fs({});
  auto log = filled(fs, 3);
  fs.fail_at(2, EIO);  // the fdatasync
  CHECK_FALSE(log->append(4, 1));
  CHECK(log->append(4, 1).error().code == Code::kDataLoss);
  REQUIRE(log->open());
  CHECK(log->replayed.size() >= 3);
}

TEST_CASE("wal: a full disk is met when a segment is prepared, and leaves nothing behind") {
  FaultFs fs({});
  Log log(fs);
  REQUIRE(log.open());
  fs.set_capacity(fs.used_bytes() + kSmall / 2);
  const uint64_t used = fs.used_bytes();
  CHECK(log.wal->prepare().error().code == Code::kResourceExhausted);
  CHECK(fs.used_bytes() == used);
  uint64_t index = 1;
  while (log.wal->room().active_bytes > 300) REQUIRE(log.append(index++, 1));  // prepared space can be used
  fs.set_capacity(UINT64_MAX);
  REQUIRE(log.wal->prepare());
  CHECK(log.wal->room().spare);
  for (int i = 0; i < 10; ++i) REQUIRE(log.append(index++, 1));
}

TEST_CASE("wal: an entry larger than a segment is refused and harms nothing") {
  FaultFs fs({});
  Log log(fs);
  REQUIRE(log.open());
  CHECK(log.append(1, 1, kSmall).error().code == Code::kInvalidArgument);
  CHECK(log.append(1, 1, 100));
}
