#include "store/transport/message.h"

#include <catch2/catch.hpp>

namespace appliance::store::transport {
namespace {

raft::Message append() {
  raft::Message m{.type = raft::MessageType::kAppend, .from = 1, .to = ~0ULL, .term = 7, .index = 300, .log_term = 6};
  m.commit = 299;
  m.round = 3;
  for (uint64_t i = 301; i < 304; ++i)
    m.entries.push_back(std::make_shared<const raft::Entry>(
        raft::Entry{.term = 7, .index = i, .type = raft::EntryType::kConfChange, .data = std::string("a\0b", 3)}));
  return m;
}

raft::Message snapshot() {
  raft::Message m{.type = raft::MessageType::kSnapshot, .from = 2, .to = 3, .term = 9};
  m.snapshot = {.index = 1'000'000, .term = 8, .members = {.voters = {1, 2, ~0ULL}, .learners = {3}}};
  return m;
}

}  // namespace

TEST_CASE("transport: a message comes out as it went in") {
  const auto m = append();
  const auto back = decode(encode(m)).value();
  CHECK(back.type == m.type);
  CHECK(back.from == m.from);
  CHECK(back.to == m.to);
  CHECK(back.term == m.term);
  CHECK(back.index == m.index);
  CHECK(back.log_term == m.log_term);
  CHECK(back.commit == m.commit);
  CHECK(back.round == m.round);
  REQUIRE(back.entries.size() == 3);
  CHECK(back.entries[2]->index == 303);
  CHECK(back.entries[2]->type == raft::EntryType::kConfChange);
  CHECK(back.entries[2]->data == std::string("a\0b", 3));
  CHECK(decode(encode(snapshot())).value().snapshot == snapshot().snapshot);
  raft::Message vote{.type = raft::MessageType::kVote, .from = 1, .to = 2, .term = 3};
  vote.transfer = true;
  vote.refused = true;
  vote.hint = 12;
  CHECK(decode(encode(vote)).value().transfer);
  CHECK(decode(encode(vote)).value().refused);
  CHECK(decode(encode(vote)).value().hint == 12);
}

TEST_CASE("transport: every cut and every longer message is refused") {
  for (const std::string& whole : {encode(append()), encode(snapshot())}) {
    for (size_t n = 0; n < whole.size(); ++n) CHECK_FALSE(decode(std::string_view(whole).substr(0, n)));
    CHECK_FALSE(decode(whole + '\0'));
  }
}

TEST_CASE("transport: what no member sends is refused") {
  std::string newer = encode(append());
  newer[0] = 9;
  CHECK(decode(newer).error().message == "message: of a version that is not known here");
  auto gap = append();
  gap.entries.erase(gap.entries.begin());
  CHECK_FALSE(decode(encode(gap)));
  auto future = append();
  future.term = 6;  // entries of a later term than its sender's
  CHECK_FALSE(decode(encode(future)));
  auto nobody = append();
  nobody.from = raft::kNobody;
  CHECK(decode(encode(nobody)).error().message == "message: names no sender or receiver");
  auto twice = snapshot();
  twice.snapshot.members.voters = {1, 1};
  CHECK_FALSE(decode(encode(twice)));
}

}  // namespace appliance::store::transport
