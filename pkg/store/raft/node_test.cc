#include "store/raft/node.h"

#include <catch2/catch.hpp>

namespace appliance::store::raft {
namespace {

Membership voters(NodeId n) {
  Membership out;
  for (NodeId id = 1; id <= n; ++id) out.voters.push_back(id);
  return out;
}

EntryPtr entry(uint64_t term, uint64_t index, std::string data = "x") {
  return std::make_shared<const Entry>(
      Entry{.term = term, .index = index, .type = EntryType::kNormal, .data = std::move(data)});
}

Node member(NodeId id, NodeId n, uint64_t term = 0, std::vector<EntryPtr> entries = {}) {
  Log log;
  log.restored(std::move(entries));
  return Node({.id = id, .seed = id}, {.state = {.term = term}, .members = voters(n), .log = std::move(log)});
}

// One round of the caller's duties; what it sent, in order.
std::vector<Message> settle(Node& node) {
  std::vector<Message> sent;
  while (node.has_ready()) {
    Ready ready = node.take_ready();
    for (auto* messages : {&ready.messages, &ready.after_sync})
      sent.insert(sent.end(), messages->begin(), messages->end());
    node.on_durable(ready.number);
    if (!ready.committed.empty()) node.on_applied(ready.committed.back()->index);
  }
  return sent;
}

Message message(MessageType type, NodeId from, NodeId to, uint64_t term) {
  return {.type = type, .from = from, .to = to, .term = term};
}

Message acknowledgement(NodeId from, uint64_t term, uint64_t index) {
  Message out = message(MessageType::kAppendReply, from, 1, term);
  out.index = index;
  return out;
}

Message append(NodeId from, NodeId to, uint64_t term, uint64_t before, uint64_t before_term,
               std::vector<EntryPtr> entries, uint64_t commit = 0) {
  Message out = message(MessageType::kAppend, from, to, term);
  out.index = before;
  out.log_term = before_term;
  out.entries = std::move(entries);
  out.commit = commit;
  return out;
}

// The first member of three leads term 1, with its first entry on its disk and on nobody else's.
void lead(Node& node) {
  node.campaign();
  (void)settle(node);
  node.step(message(MessageType::kPreVoteReply, 2, 1, node.term() + 1));
  (void)settle(node);
  node.step(message(MessageType::kVoteReply, 2, 1, node.term()));
  (void)settle(node);
}

size_t count(const std::vector<Message>& messages, MessageType type) {
  return static_cast<size_t>(std::ranges::count_if(messages, [type](const Message& m) { return m.type == type; }));
}

}  // namespace

TEST_CASE("raft: a lone voter leads when its own vote is on the disk, and not before") {
  Node node = member(1, 1);
  node.campaign();
  const Ready ready = node.take_ready();
  CHECK(ready.must_sync);
  CHECK(ready.hard_state->vote == 1);
  CHECK(node.role() == Role::kCandidate);
  node.on_durable(ready.number);
  CHECK(node.role() == Role::kLeader);
  (void)settle(node);
  CHECK(node.applied() == 1);  // the entry of its own term
}

TEST_CASE("raft: a candidate asks for votes when its term and its own vote are on the disk") {
  Node node = member(1, 3);
  node.campaign();
  (void)settle(node);
  node.step(message(MessageType::kPreVoteReply, 2, 1, 1));
  const Ready ready = node.take_ready();
  CHECK(count(ready.messages, MessageType::kVote) == 0);
  CHECK(count(ready.after_sync, MessageType::kVote) == 2);
  CHECK(ready.hard_state->term == 1);
}

TEST_CASE("raft: a pre-vote changes no term and takes no vote") {
  Node node = member(2, 3, 4);
  node.step(message(MessageType::kPreVote, 1, 2, 5));
  CHECK(node.term() == 4);
  CHECK(node.hard_state().vote == kNobody);
  const auto sent = settle(node);
  REQUIRE(sent.size() == 1);
  CHECK_FALSE(sent[0].refused);
  CHECK(sent[0].term == 5);
}

TEST_CASE("raft: one vote a term, and the answer waits for the disk") {
  Node node = member(3, 3, 1);
  node.step(message(MessageType::kVote, 1, 3, 2));
  const Ready ready = node.take_ready();
  CHECK(ready.messages.empty());
  REQUIRE(ready.after_sync.size() == 1);
  CHECK_FALSE(ready.after_sync[0].refused);
  node.on_durable(ready.number);
  node.step(message(MessageType::kVote, 2, 3, 2));
  const auto second = settle(node);
  REQUIRE(second.size() == 1);
  CHECK(second[0].refused);
  node.step(message(MessageType::kVote, 1, 3, 2));  // asked again: the same answer
  CHECK_FALSE(settle(node).at(0).refused);
}

TEST_CASE("raft: nobody votes for a log that lacks what it has") {
  Node node = member(3, 3, 2, {entry(1, 1), entry(2, 2)});
  Message ask = message(MessageType::kVote, 1, 3, 3);
  ask.index = 9;  // longer, and of an older term
  ask.log_term = 1;
  node.step(ask);
  CHECK(settle(node).at(0).refused);
  ask.index = 2;
  ask.log_term = 2;
  node.step(ask);
  CHECK_FALSE(settle(node).at(0).refused);
}

TEST_CASE("raft: who hears a leader helps nobody to depose it, but for the one that the leader named") {
  Node node = member(3, 3, 1);
  node.step(append(1, 3, 1, 0, 0, {}));
  (void)settle(node);
  Message ask = message(MessageType::kVote, 2, 3, 2);
  node.step(ask);
  CHECK(node.term() == 1);
  CHECK(settle(node).empty());
  ask.transfer = true;
  node.step(ask);
  CHECK(node.term() == 2);
  CHECK_FALSE(settle(node).at(0).refused);
}

TEST_CASE("raft: a leader without a quorum steps down after an election time-out") {
  Node node = member(1, 3);
  lead(node);
  for (int i = 0; i < 10; ++i) node.tick();
  CHECK(node.role() == Role::kLeader);  // its members had this long to be heard of
  for (int i = 0; i < 10; ++i) node.tick();
  CHECK(node.role() == Role::kFollower);
  CHECK(node.leader() == kNobody);
  CHECK(node.propose({"x"}).error().code == Code::kUnavailable);
}

TEST_CASE("raft: a leader counts itself when its own disk has the entry") {
  Node node = member(1, 3);
  lead(node);
  node.step(acknowledgement(2, 1, 1));
  (void)settle(node);
  REQUIRE(node.hard_state().commit == 1);
  REQUIRE(node.propose({"x"}));
  const Ready ready = node.take_ready();
  CHECK(count(ready.messages, MessageType::kAppend) == 1);  // at once, to who is known to follow
  node.step(acknowledgement(2, 1, 2));
  CHECK(node.hard_state().commit == 1);
  node.on_durable(ready.number);
  CHECK(node.hard_state().commit == 2);
}

TEST_CASE("raft: entries of earlier terms are not committed by counting (figure 3.7)") {
  Node node = member(1, 3, 2, {entry(1, 1), entry(2, 2)});
  lead(node);
  REQUIRE(node.role() == Role::kLeader);
  node.step(acknowledgement(2, 3, 2));  // a majority has the entry of term 2
  CHECK(node.hard_state().commit == 0);
  node.step(acknowledgement(2, 3, 3));  // and now the leader's own of term 3
  CHECK(node.hard_state().commit == 3);
}

TEST_CASE("raft: a tail that differs is found by terms and not entry by entry") {
  std::vector<EntryPtr> ours;
  std::vector<EntryPtr> theirs;
  for (uint64_t i = 1; i <= 100; ++i) {
    ours.push_back(entry(i <= 10 ? 1 : 4, i));
    theirs.push_back(entry(i <= 10 ? 1 : 3, i));
  }
  Node follower = member(2, 3, 4, theirs);
  follower.step(append(1, 2, 5, 100, 4, {}));
  auto refused = settle(follower);
  REQUIRE(refused.at(0).refused);
  Node leader = member(1, 3, 4, ours);
  leader.campaign();
  (void)settle(leader);
  leader.step(message(MessageType::kPreVoteReply, 3, 1, 5));
  (void)settle(leader);
  leader.step(message(MessageType::kVoteReply, 3, 1, 5));
  int round_trips = 0;
  for (std::vector<Message> to_follower = settle(leader); follower.log().last_index() != 101; ++round_trips) {
    REQUIRE(round_trips < 5);
    for (const Message& m : to_follower) {
      if (m.to == 2) follower.step(m);
    }
    for (const Message& m : settle(follower)) leader.step(m);
    to_follower = settle(leader);
  }
  CHECK(follower.log().matches(50, 4));
  CHECK(follower.log().matches(101, 5));
}

TEST_CASE("raft: what is committed is never replaced, and old appends are answered with the commit index") {
  Node node = member(2, 3, 1);
  node.step(append(1, 2, 1, 0, 0, {entry(1, 1), entry(1, 2)}, 2));
  (void)settle(node);
  REQUIRE(node.applied() == 2);
  node.step(append(1, 2, 1, 0, 0, {entry(1, 1)}));
  const auto sent = settle(node);
  CHECK(sent.at(0).index == 2);
  CHECK(node.log().last_index() == 2);
}

TEST_CASE("raft: an acknowledgement waits for the disk, and nothing is applied before it") {
  Node node = member(2, 3, 1);
  node.step(append(1, 2, 1, 0, 0, {entry(1, 1)}, 1));
  const Ready ready = node.take_ready();
  CHECK(ready.messages.empty());
  CHECK(ready.after_sync.size() == 1);
  CHECK(ready.committed.empty());
  node.on_durable(ready.number);
  CHECK(node.take_ready().committed.size() == 1);
}

TEST_CASE("raft: durability of an entry that was replaced meanwhile says nothing of the new one") {
  Node node = member(2, 3, 1);
  node.step(append(1, 2, 1, 0, 0, {entry(1, 1), entry(1, 2)}));
  const Ready old = node.take_ready();
  node.step(append(3, 2, 2, 1, 1, {entry(2, 2)}));
  const Ready newer = node.take_ready();
  node.on_durable(old.number);
  CHECK(node.log().durable() < 2);
  node.on_durable(newer.number);
  CHECK(node.log().durable() == 2);
}

TEST_CASE("raft: a read waits for an entry of the leader's own term and for a round of heartbeats") {
  Node node = member(1, 3);
  lead(node);
  REQUIRE(node.read(7));
  CHECK(count(settle(node), MessageType::kHeartbeat) == 0);  // it knows of no commit yet
  node.step(acknowledgement(2, 1, 1));
  const auto sent = settle(node);
  REQUIRE(count(sent, MessageType::kHeartbeat) == 2);
  Message beat = message(MessageType::kHeartbeatReply, 3, 1, 1);
  beat.round = std::ranges::find(sent, MessageType::kHeartbeat, &Message::type)->round;
  node.step(beat);
  const Ready ready = node.take_ready();
  REQUIRE(ready.reads.size() == 1);
  CHECK(ready.reads[0].number == 7);
  CHECK(ready.reads[0].index == 1);
}

TEST_CASE("raft: an answer of an earlier round confirms no read") {
  Node node = member(1, 3);
  lead(node);
  node.step(acknowledgement(2, 1, 1));
  (void)settle(node);
  Message beat = message(MessageType::kHeartbeatReply, 3, 1, 1);
  beat.round = 0;  // of a heartbeat that left before the question
  REQUIRE(node.read(7));
  (void)settle(node);
  node.step(beat);
  CHECK(node.take_ready().reads.empty());
}

TEST_CASE("raft: the reads of a leader that was deposed are to be asked again") {
  Node node = member(1, 3);
  lead(node);
  node.step(acknowledgement(2, 1, 1));
  REQUIRE(node.read(7));
  node.step(append(2, 1, 2, 1, 1, {}));
  const Ready ready = node.take_ready();
  REQUIRE(ready.reads.size() == 1);
  CHECK(ready.reads[0].index == 0);
}

TEST_CASE("raft: a change of the membership waits for the one before it, and the last voter stays") {
  Node node = member(1, 3);
  lead(node);
  const MembershipChange add{.type = MembershipChange::Type::kAddLearner, .id = 4};
  CHECK(node.propose_change(add, "c").error().message == "another change of the membership is under way");
  node.step(acknowledgement(2, 1, 1));
  (void)settle(node);
  REQUIRE(node.propose_change(add, "c"));
  CHECK_FALSE(node.propose_change(add, "c"));
  Node alone = member(1, 1);
  alone.campaign();
  (void)settle(alone);
  CHECK(alone.propose_change({.type = MembershipChange::Type::kRemove, .id = 1}, "c").error().message ==
        "the last voter cannot be removed");
}

TEST_CASE("raft: a learner gets the log and has no voice") {
  Node node = member(1, 3);
  lead(node);
  (void)node.apply_change(MembershipChange{.type = MembershipChange::Type::kAddLearner, .id = 4});
  CHECK(count(settle(node), MessageType::kAppend) >= 1);
  node.step(acknowledgement(4, 1, 1));
  CHECK(node.hard_state().commit == 0);
  Node learner({.id = 4, .seed = 4}, {.state = {}, .members = node.members(), .log = {}});
  for (int i = 0; i < 50; ++i) learner.tick();
  CHECK(learner.role() == Role::kFollower);
  CHECK(learner.term() == 0);
}

TEST_CASE("raft: a leader that was removed steps down") {
  Node node = member(1, 3);
  lead(node);
  (void)node.apply_change(MembershipChange{.type = MembershipChange::Type::kRemove, .id = 1});
  CHECK(node.role() == Role::kFollower);
  for (int i = 0; i < 50; ++i) node.tick();
  CHECK(node.role() == Role::kFollower);  // and does not disturb the rest
}

TEST_CASE("raft: who is behind the log gets a snapshot, and goes on behind it") {
  Node node = member(1, 3);
  lead(node);
  node.step(acknowledgement(2, 1, 1));
  for (int i = 0; i < 10; ++i) REQUIRE(node.propose({"x"}));
  (void)settle(node);
  node.step(acknowledgement(2, 1, 11));
  (void)settle(node);
  REQUIRE(node.applied() == 11);
  node.cut(11);
  Message refused = message(MessageType::kAppendReply, 3, 1, 1);
  refused.refused = true;
  refused.index = 0;
  node.step(message(MessageType::kHeartbeatReply, 3, 1, 1));
  Ready ready = node.take_ready();
  REQUIRE(ready.need_snapshot == std::vector<NodeId>{3});
  node.snapshot_sent(3, true);
  Node follower = member(3, 3);
  Message install = message(MessageType::kSnapshot, 1, 3, 1);
  install.snapshot = {.index = 11, .term = 1, .members = voters(3)};
  follower.step(install);
  const Ready installed = follower.take_ready();
  CHECK(installed.snapshot->index == 11);
  CHECK(installed.must_sync);
  CHECK(follower.applied() == 11);
  follower.step(install);  // once more: nothing happens
  CHECK_FALSE(follower.take_ready().snapshot);
  follower.step(append(1, 3, 1, 11, 1, {entry(1, 12)}, 12));
  (void)settle(follower);
  CHECK(follower.applied() == 12);
}

TEST_CASE("raft: a follower forwards, and without a leader says so") {
  Node node = member(2, 3, 1);
  CHECK(node.propose({"x"}).error().message == "no leader");
  CHECK(node.read(1).error().message == "no leader");
  node.step(append(1, 2, 1, 0, 0, {}));
  (void)settle(node);
  REQUIRE(node.propose({"x"}));
  const auto sent = settle(node);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == MessageType::kForward);
  CHECK(sent[0].to == 1);
  CHECK(sent[0].entries.at(0)->data == "x");
}

TEST_CASE("raft: a leader without a quorum takes only so much") {
  Node node({.id = 1, .seed = 1, .uncommitted_bytes_max = 100}, {.state = {}, .members = voters(3), .log = {}});
  lead(node);
  REQUIRE(node.propose({std::string(90, 'x')}));
  CHECK(node.propose({std::string(90, 'x')}).error().code == Code::kResourceExhausted);
  (void)settle(node);
  node.step(acknowledgement(2, 1, 2));
  CHECK(node.propose({std::string(90, 'x')}));
}

TEST_CASE("raft: a transfer makes the other the leader when it has everything, and is given up in time") {
  Node node = member(1, 3);
  lead(node);
  node.step(acknowledgement(2, 1, 1));
  REQUIRE(node.propose({"x"}));
  (void)settle(node);
  REQUIRE(node.transfer(2));
  CHECK(count(settle(node), MessageType::kTimeoutNow) == 0);
  CHECK(node.propose({"y"}).error().message == "the leader is handing over");
  node.step(acknowledgement(2, 1, 2));
  CHECK(count(settle(node), MessageType::kTimeoutNow) == 1);
  for (int i = 0; i < 10; ++i) {
    node.tick();
    node.step(message(MessageType::kHeartbeatReply, 2, 1, 1));
  }
  CHECK(node.propose({"y"}));
  CHECK(node.transfer(9).error().message == "not another voter");
  Node other = member(2, 3, 1, {entry(1, 1), entry(1, 2)});
  other.step(message(MessageType::kTimeoutNow, 1, 2, 1));
  const auto sent = settle(other);
  REQUIRE(count(sent, MessageType::kVote) == 2);  // no pre-vote: the leader agrees
  CHECK(sent.back().transfer);
}

TEST_CASE("raft: nobody campaigns with a committed change of the membership that it has not applied") {
  Log log;
  log.restored({entry(1, 1), std::make_shared<const Entry>(
                                 Entry{.term = 1, .index = 2, .type = EntryType::kConfChange, .data = "c"})});
  Node node({.id = 1, .seed = 1}, {.state = {.term = 1, .vote = 0, .commit = 2}, .members = voters(1), .log = log});
  for (int i = 0; i < 50; ++i) node.tick();
  CHECK(node.role() == Role::kFollower);
  (void)settle(node);
  for (int i = 0; i < 50; ++i) node.tick();
  CHECK(node.role() == Role::kCandidate);
}

}  // namespace appliance::store::raft
