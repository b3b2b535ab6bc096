#include "runtime/stage/plan.h"

#include <catch2/catch.hpp>

#include "runtime/stage/plan_writer.h"

namespace appliance::runtime::stage {
namespace {

std::string sample() {
  PlanWriter writer(PlanKind::kContainer);
  writer.number(Tag::kFlags, kFlagTty | kFlagReadonlyRoot);
  writer.text(Tag::kArg, "/bin/sh");
  writer.text(Tag::kArg, "");
  writer.number(Tag::kUid, 1000);
  writer.texts(Tag::kMount, kMountReadonly, {"/host/a", "/b"});
  writer.device("/dev/fuse", 020666, 10, 229);
  writer.blob(Tag::kSeccomp, std::string_view("\0\1\2", 3));
  return writer.finish().value();
}

}  // namespace

TEST_CASE("plan: what is written is what is read") {
  const std::string bytes = sample();
  Plan plan;
  REQUIRE(Plan::parse(bytes, plan) == nullptr);
  CHECK(plan.kind() == PlanKind::kContainer);
  CHECK(plan.flag(kFlagTty));
  CHECK_FALSE(plan.flag(kFlagHostPid));
  CHECK(plan.count(Tag::kArg) == 2);
  CHECK(std::string(plan.text(Tag::kArg)) == "/bin/sh");
  CHECK(plan.number(Tag::kUid, 7) == 1000);
  CHECK(plan.number(Tag::kGid, 7) == 7);
  Record record;
  REQUIRE(plan.find(Tag::kMount, record));
  CHECK(record.u32() == kMountReadonly);
  CHECK(std::string(record.text(0)) == "/host/a");
  CHECK(std::string(record.text(1)) == "/b");
  REQUIRE(plan.find(Tag::kDevice, record));
  CHECK(record.u32(1) == 10);
  CHECK(std::string(record.text()) == "/dev/fuse");
  REQUIRE(plan.find(Tag::kSeccomp, record));
  CHECK(record.size == 3);
}

TEST_CASE("plan: every cut and every wrong length is refused") {
  const std::string bytes = sample();
  Plan plan;
  for (size_t n = 0; n < bytes.size(); ++n) CHECK(Plan::parse(std::string_view(bytes).substr(0, n), plan) != nullptr);
  for (size_t at = 0; at < 16; ++at) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] + 0x40);
    CHECK(Plan::parse(bad, plan) != nullptr);
  }
  std::string bad = bytes;
  bad[16 + 4] = 5;  // the first record is a u64
  CHECK(Plan::parse(bad, plan) != nullptr);
}

TEST_CASE("plan: an unknown tag is refused unless it may be skipped") {
  std::string bytes = sample();
  Plan plan;
  bytes[16] = 99;
  CHECK(std::string(Plan::parse(bytes, plan)) == "plan: unknown tag");
  bytes[17] = static_cast<char>(0x80);
  CHECK(Plan::parse(bytes, plan) == nullptr);
}

TEST_CASE("plan: a text with a NUL inside cannot be written") {
  PlanWriter writer(PlanKind::kExec);
  writer.text(Tag::kEnv, std::string_view("A=\0B", 4));
  CHECK(writer.finish().error().code == Code::kInvalidArgument);
}

}  // namespace appliance::runtime::stage
