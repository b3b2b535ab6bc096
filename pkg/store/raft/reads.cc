// Linearizable reads without a log entry (6.4): note the commit index, make sure by a round of heartbeats that nobody
// else leads, answer when that index is applied. Reads that come while a round is under way wait for the next; all that
// came before a Ready share one.
#include <algorithm>

#include "store/raft/node.h"

namespace appliance::store::raft {

Result<> Node::read(uint64_t number) {
  if (role_ == Role::kLeader) {
    if (reads_.size() >= config_.reads_max) return fail(Code::kResourceExhausted, "too many reads wait for a quorum");
    take_read(config_.id, number);
    return {};
  }
  if (leader_ == kNobody) return fail(Code::kUnavailable, "no leader");
  Message ask{.type = MessageType::kRead, .to = leader_};
  ask.round = number;
  send(std::move(ask));
  return {};
}

void Node::take_read(NodeId from, uint64_t number) {
  if (reads_.size() >= config_.reads_max) return;  // its reader has a deadline
  // Before it has committed an entry of its own term a leader does not know how much is committed.
  const bool knows = log_.matches(state_.commit, state_.term);
  reads_.push_back({.from = from, .number = number, .index = knows ? state_.commit : 0, .round = 0});
}

void Node::start_read_round() {
  if (role_ != Role::kLeader) return;
  const auto is_new = [](const PendingRead& read) { return read.round == 0 && read.index != 0; };
  if (!std::ranges::any_of(reads_, is_new)) return;
  ++read_round_;
  for (PendingRead& read : reads_) {
    if (is_new(read)) read.round = read_round_;
  }
  progress_.at(config_.id).read_round = read_round_;
  heartbeat_all();
  answer_reads();  // alone it is its own majority
}

void Node::answer_reads() {
  std::vector<uint64_t> rounds;
  for (const NodeId id : members_.voters) {
    const auto at = progress_.find(id);
    rounds.push_back(at == progress_.end() ? 0 : at->second.read_round);
  }
  if (rounds.empty()) return;
  std::ranges::sort(rounds);
  const uint64_t confirmed = rounds[(rounds.size() - 1) / 2];
  std::erase_if(reads_, [&](const PendingRead& read) {
    if (read.round == 0 || read.round > confirmed) return false;
    answer_read(read.from, read.number, read.index);
    return true;
  });
}

void Node::answer_read(NodeId from, uint64_t number, uint64_t index) {
  if (from == config_.id) return read_answers_.push_back({.number = number, .index = index});
  Message reply{.type = MessageType::kReadReply, .to = from};
  reply.round = number;
  reply.index = index;
  send(std::move(reply));
}

}  // namespace appliance::store::raft
