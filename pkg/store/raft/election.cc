// Elections: 3.4, 3.6, pre-vote 9.6, check-quorum 6.2.
#include <algorithm>

#include "store/raft/node.h"

namespace appliance::store::raft {

// A voter without a committed membership change that it has not applied: it could count a quorum that is two changes
// apart from somebody else's, and two such need not meet.
bool Node::may_lead() const {
  if (!members_.is_voter(config_.id) || installing_) return false;
  for (uint64_t i = applied_ + 1; i <= state_.commit; ++i) {
    if (log_.at(i)->type == EntryType::kConfChange) return false;
  }
  return true;
}

void Node::start_election(bool pre, bool transfer) {
  if (!may_lead()) {
    elapsed_ = 0;
    return;
  }
  if (pre) {
    // The term stays as it is until a majority says that it would vote (9.6).
    reset(state_.term);
    role_ = Role::kPreCandidate;
    votes_[config_.id] = true;
    ask_for_votes(true, false);
    return count_votes();
  }
  reset(state_.term + 1);
  role_ = Role::kCandidate;
  state_.vote = config_.id;
  ask_for_votes(false, transfer);
  // Our own vote counts when it is on the disk, like everybody's.
  send_after_sync({.type = MessageType::kVoteReply, .to = config_.id, .term = state_.term});
}

void Node::ask_for_votes(bool pre, bool transfer) {
  for (const NodeId id : members_.voters) {
    if (id == config_.id) continue;
    Message ask{
        .type = pre ? MessageType::kPreVote : MessageType::kVote, .to = id, .term = state_.term + (pre ? 1 : 0)};
    ask.index = log_.last_index();
    ask.log_term = log_.last_term();
    ask.transfer = transfer;
    // A candidate's term and vote are durable before it asks: after a crash it must not ask for another in this term.
    pre ? send(std::move(ask)) : send_after_sync(std::move(ask));
  }
}

void Node::on_vote_request(const Message& m) {
  const bool pre = m.type == MessageType::kPreVote;
  // 3.4: one vote a term, for the first who asks, while no leader of this term is known. A pre-vote takes nothing.
  const bool is_free =
      state_.vote == m.from || (state_.vote == kNobody && leader_ == kNobody) || (pre && m.term > state_.term);
  const bool grants = is_free && log_.is_up_to_date(m.index, m.log_term);
  Message reply = reply_to(m, pre ? MessageType::kPreVoteReply : MessageType::kVoteReply);
  reply.refused = !grants;
  if (!grants) return send(std::move(reply));
  reply.term = m.term;  // of a pre-vote: the one that was asked for
  if (pre) return send(std::move(reply));
  elapsed_ = 0;
  state_.vote = m.from;
  send_after_sync(std::move(reply));
}

void Node::on_vote(const Message& m) {
  const bool pre = m.type == MessageType::kPreVoteReply;
  if (role_ != (pre ? Role::kPreCandidate : Role::kCandidate)) return;
  if (pre && !m.refused && m.term != state_.term + 1) return;  // of an earlier question
  if (!members_.is_voter(m.from)) return;
  votes_.try_emplace(m.from, !m.refused);
  count_votes();
}

void Node::count_votes() {
  const size_t quorum = members_.voters.size() / 2 + 1;
  const auto granted = static_cast<size_t>(std::ranges::count_if(votes_, [](const auto& v) { return v.second; }));
  if (granted >= quorum) return role_ == Role::kPreCandidate ? start_election(false, false) : become_leader();
  if (votes_.size() - granted > members_.voters.size() - quorum) become_follower(state_.term, kNobody);
}

void Node::become_leader() {
  reset(state_.term);
  role_ = Role::kLeader;
  leader_ = config_.id;
  read_round_ = 0;
  for (const auto* ids : {&members_.voters, &members_.learners}) {
    for (const NodeId id : *ids) {
      Progress progress(log_.last_index(), config_.window);
      progress.is_active = true;  // it gets an election time-out to be heard of
      progress_.emplace(id, progress);
    }
  }
  // 3.6.2, 6.4: an entry of its own term, since only that can be committed by counting, and tells what was before it.
  append_own({std::make_shared<const Entry>()});
  // Nor does it change the membership before that one is applied: there may be changes in the log that it has not seen
  // through, and majorities two changes apart need not meet (the erratum of 2015 to 4.1).
  change_index_ = log_.last_index();
  replicate_all();
}

void Node::check_quorum() {
  size_t active = 0;
  for (auto& [id, progress] : progress_) {
    if (members_.is_voter(id) && (progress.is_active || id == config_.id)) ++active;
    progress.is_active = false;
  }
  if (active < members_.voters.size() / 2 + 1) become_follower(state_.term, kNobody);
}

}  // namespace appliance::store::raft
