#include "store/mvcc/command.h"

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::mvcc;

namespace {
SharedBytes bytes(std::string s) { return std::make_shared<const std::string>(std::move(s)); }
TxnRequest sample() {
  TxnRequest t;
  t.compares = {Compare::mod_revision("k", Compare::Op::kLess, 300),
                {.key = "a",
                 .range_end = "z",
                 .target = Compare::Target::kValue,
                 .op = Compare::Op::kNotEqual,
                 .value = std::string("\0\xff", 2)}};
  t.success = {PutOp{.key = "k", .value = bytes(std::string(1000, 'v')), .lease = -5, .prev_kv = true},
               DeleteOp{.key = "d", .range_end = "e"}};
  t.failure = {RangeRequest{.key = "k", .limit = 7, .revision = INT64_MAX, .keys_only = true}};
  return t;
}
}  // namespace

TEST_CASE("command: what is encoded is decoded the same") {
  const std::string text = encode(sample());
  const Command back = decode(text).value();
  CHECK(encode(back) == text);
  const auto& t = std::get<TxnRequest>(back);
  CHECK(t.compares[0].number == 300);
  CHECK(t.compares[1].value == std::string("\0\xff", 2));
  CHECK(std::get<PutOp>(t.success[0]).lease == -5);
  CHECK(std::get<PutOp>(t.success[0]).prev_kv);
  CHECK(std::get<RangeRequest>(t.failure[0]).revision == INT64_MAX);
  CHECK(std::get<RangeRequest>(t.failure[0]).keys_only);
  CHECK(
      std::get<LeaseGrantCommand>(decode(encode(LeaseGrantCommand{.id = 9, .ttl_seconds = 60})).value()).ttl_seconds ==
      60);
  CHECK(std::get<CompactCommand>(decode(encode(CompactCommand{.revision = 77})).value()).revision == 77);
}

TEST_CASE("command: damage and newer formats are refused, never guessed at") {
  const std::string text = encode(sample());
  for (size_t n = 0; n < text.size(); ++n) CHECK_FALSE(decode(std::string_view(text).substr(0, n)));
  CHECK_FALSE(decode(text + "x"));
  std::string newer = text;
  newer[0] = 2;
  CHECK(decode(newer).error().code == Code::kFailedPrecondition);
  CHECK_FALSE(decode(std::string("\x01\x00\xff\xff\xff\xff\x0f", 7)));  // claims a billion compares
}
