#include "store/raft/node.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace appliance::store::raft {

Node::Node(const Config& config, Restored restored)
    : config_(config),
      random_(config.seed),
      state_(restored.state),
      members_(std::move(restored.members)),
      log_(std::move(restored.log)),
      applied_(restored.applied),
      handed_state_(restored.state),
      handed_committed_(restored.applied) {
  APP_CHECK(config.id != kNobody && config.election_ticks > config.heartbeat_ticks);
  state_.commit = std::max(state_.commit, applied_);
  APP_CHECK(applied_ >= log_.first_index() - 1 && state_.commit <= log_.last_index());
  reset(state_.term);
}

void Node::tick() {
  ++elapsed_;
  if (role_ != Role::kLeader) {
    if (elapsed_ >= timeout_) start_election(true, false);
    return;
  }
  if (elapsed_ >= config_.election_ticks) {
    elapsed_ = 0;
    transferee_ = kNobody;
    check_quorum();
    if (role_ != Role::kLeader) return;
  }
  if (++heartbeat_elapsed_ >= config_.heartbeat_ticks) heartbeat_all();
}

void Node::step(const Message& message) {
  if (message.term != 0 && !step_term(message)) return;
  switch (message.type) {
    case MessageType::kPreVote:
    case MessageType::kVote:
      return on_vote_request(message);
    case MessageType::kPreVoteReply:
    case MessageType::kVoteReply:
      return on_vote(message);
    case MessageType::kForward: {
      std::vector<std::string> data;
      for (const EntryPtr& entry : message.entries) data.push_back(entry->data);
      if (role_ == Role::kLeader) (void)propose(std::move(data));  // lost when refused: its proposer has a deadline
      return;
    }
    case MessageType::kRead:
      if (role_ == Role::kLeader) take_read(message.from, message.round);
      return;
    case MessageType::kReadReply:
      read_answers_.push_back({.number = message.round, .index = message.index});
      return;
    default:
      return role_ == Role::kLeader ? step_leader(message) : step_follower(message);
  }
}

// What a message's term says, before what it says. False: it is to be ignored.
bool Node::step_term(const Message& m) {
  const bool is_from_leader =
      m.type == MessageType::kAppend || m.type == MessageType::kHeartbeat || m.type == MessageType::kSnapshot;
  if (m.term > state_.term) {
    const bool is_request = m.type == MessageType::kVote || m.type == MessageType::kPreVote;
    // Who hears a leader helps nobody to depose it (4.2.3), but for one that the leader itself named.
    const bool is_loyal = leader_ != kNobody && elapsed_ < config_.election_ticks;
    if (is_request && !m.transfer && is_loyal) return false;
    // A pre-vote has the term that its sender would have; so has the answer that grants it.
    if (m.type == MessageType::kPreVote || (m.type == MessageType::kPreVoteReply && !m.refused)) return true;
    become_follower(m.term, is_from_leader ? m.from : kNobody);
    return true;
  }
  if (m.term == state_.term) return true;
  // An old leader learns that it is one, so that it does not wait for its check of the quorum; a member that came back
  // from behind a partition with a higher term gets through to the rest in the same way.
  if (is_from_leader) send(reply_to(m, MessageType::kAppendReply));
  if (m.type == MessageType::kPreVote) {
    Message reply = reply_to(m, MessageType::kPreVoteReply);
    reply.refused = true;
    send(std::move(reply));
  }
  return false;
}

void Node::step_follower(const Message& m) {
  switch (m.type) {
    case MessageType::kAppend:
    case MessageType::kHeartbeat:
    case MessageType::kSnapshot:
      if (role_ != Role::kFollower) become_follower(m.term, m.from);  // a candidate meets the winner of its term (3.4)
      elapsed_ = 0;
      leader_ = m.from;
      if (m.type == MessageType::kAppend) return on_append(m);
      return m.type == MessageType::kHeartbeat ? on_heartbeat(m) : on_snapshot(m);
    case MessageType::kTimeoutNow:
      if (may_lead()) start_election(false, true);
      return;
    default:
      return;
  }
}

void Node::step_leader(const Message& m) {
  if (!progress_.contains(m.from)) return;  // was removed
  if (m.type == MessageType::kAppendReply) return on_append_reply(m);
  if (m.type == MessageType::kHeartbeatReply) return on_heartbeat_reply(m);
}

void Node::become_follower(uint64_t term, NodeId leader) {
  role_ = Role::kFollower;
  reset(term);
  leader_ = leader;
}

void Node::reset(uint64_t term) {
  if (state_.term != term) {
    state_.term = term;
    state_.vote = kNobody;
  }
  leader_ = kNobody;
  elapsed_ = heartbeat_elapsed_ = 0;
  timeout_ = config_.election_ticks + static_cast<int>(random_.below(static_cast<uint64_t>(config_.election_ticks)));
  votes_.clear();
  progress_.clear();
  uncommitted_bytes_ = 0;
  transferee_ = kNobody;
  need_snapshot_.clear();
  drop_reads();
}

void Node::drop_reads() {
  for (const PendingRead& read : reads_) {
    if (read.from == config_.id) read_answers_.push_back({.number = read.number, .index = 0});
  }
  reads_.clear();
}

Result<> Node::propose(std::vector<std::string> data) {
  if (role_ != Role::kLeader && leader_ == kNobody) return fail(Code::kUnavailable, "no leader");
  std::vector<EntryPtr> entries;
  uint64_t bytes = 0;
  for (std::string& one : data) {
    bytes += one.size();
    entries.push_back(std::make_shared<const Entry>(
        Entry{.term = 0, .index = 0, .type = EntryType::kNormal, .data = std::move(one)}));
  }
  if (role_ != Role::kLeader) {
    Message forward{.type = MessageType::kForward, .to = leader_};
    forward.entries = std::move(entries);
    send(std::move(forward));
    return {};
  }
  if (transferee_ != kNobody) return fail(Code::kUnavailable, "the leader is handing over");
  if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + bytes > config_.uncommitted_bytes_max)
    return fail(Code::kResourceExhausted, "too much is waiting for a quorum");
  uncommitted_bytes_ += bytes;
  append_own(std::move(entries));
  replicate_all();
  return {};
}

Result<> Node::propose_change(const MembershipChange& change, std::string data) {
  if (role_ != Role::kLeader) return fail(Code::kFailedPrecondition, "not the leader");
  if (transferee_ != kNobody) return fail(Code::kUnavailable, "the leader is handing over");
  if (change_index_ > applied_) return fail(Code::kFailedPrecondition, "another change of the membership is under way");
  if (changed(members_, change).voters.empty())
    return fail(Code::kFailedPrecondition, "the last voter cannot be removed");
  append_own({std::make_shared<const Entry>(
      Entry{.term = 0, .index = 0, .type = EntryType::kConfChange, .data = std::move(data)})});
  change_index_ = log_.last_index();
  replicate_all();
  return {};
}

const Membership& Node::apply_change(const std::optional<MembershipChange>& change) {
  if (!change) return members_;
  members_ = changed(std::move(members_), *change);
  if (role_ != Role::kLeader) return members_;
  if (!members_.is_voter(config_.id)) {  // 4.2.2: a leader that is not a member any more steps down
    become_follower(state_.term, kNobody);
    return members_;
  }
  std::erase_if(progress_, [this](const auto& entry) { return !members_.has(entry.first); });
  for (const auto* ids : {&members_.voters, &members_.learners}) {
    for (const NodeId id : *ids) {
      auto [at, is_new] = progress_.try_emplace(id, log_.last_index(), config_.window);
      if (is_new) at->second.is_active = true;  // it gets an election time-out to be heard of
    }
  }
  if (transferee_ != kNobody && !members_.is_voter(transferee_)) transferee_ = kNobody;
  advance_commit();  // a smaller quorum may have more
  replicate_all();
  answer_reads();
  return members_;
}

Result<> Node::transfer(NodeId to) {
  if (role_ != Role::kLeader) return fail(Code::kFailedPrecondition, "not the leader");
  if (to == config_.id || !members_.is_voter(to)) return fail(Code::kFailedPrecondition, "not another voter");
  transferee_ = to;
  elapsed_ = 0;  // it has one election time-out
  if (progress_.at(to).match() == log_.last_index()) {
    send({.type = MessageType::kTimeoutNow, .to = to, .term = state_.term});
  } else {
    replicate(to, true);
  }
  return {};
}

void Node::campaign() {
  if (role_ != Role::kLeader) start_election(true, false);
}

void Node::send(Message message) {
  message.from = config_.id;
  messages_.push_back(std::move(message));
}

void Node::send_after_sync(Message message) {
  message.from = config_.id;
  after_sync_.push_back(std::move(message));
}

Message Node::reply_to(const Message& message, MessageType type) const {
  return {.type = type, .to = message.from, .term = state_.term};
}

bool Node::has_ready() const {
  return installing_ || state_ != handed_state_ || log_.has_new() || !messages_.empty() || !after_sync_.empty() ||
         !read_answers_.empty() || !need_snapshot_.empty() ||
         std::min(state_.commit, log_.durable()) > handed_committed_ ||
         std::ranges::any_of(reads_, [](const PendingRead& r) { return r.round == 0 && r.index != 0; });
}

Ready Node::take_ready() {
  start_read_round();
  Ready out;
  out.number = ++ready_number_;
  out.snapshot = std::exchange(installing_, std::nullopt);
  out.entries = log_.take_new();
  if (state_ != handed_state_) {
    out.hard_state = state_;
    out.must_sync = state_.term != handed_state_.term || state_.vote != handed_state_.vote;
    handed_state_ = state_;
  }
  out.must_sync = out.must_sync || !out.entries.empty() || out.snapshot;
  out.messages = std::exchange(messages_, {});
  out.reads = std::exchange(read_answers_, {});
  out.need_snapshot.assign(need_snapshot_.begin(), need_snapshot_.end());
  need_snapshot_.clear();
  Unsynced unsynced{
      .number = out.number, .last_index = log_.last_index(), .last_term = log_.last_term(), .to_self = {}};
  for (Message& message : std::exchange(after_sync_, {}))
    (message.to == config_.id ? unsynced.to_self : out.after_sync).push_back(std::move(message));
  unsynced_.push_back(std::move(unsynced));
  // Durable here before it is applied here: a member must not show what a crash could take from it (etcd #14370).
  const uint64_t to = std::min(state_.commit, log_.durable());
  for (uint64_t i = handed_committed_ + 1; i <= to; ++i) out.committed.push_back(log_.at(i));
  handed_committed_ = std::max(handed_committed_, to);
  return out;
}

void Node::on_durable(uint64_t ready_number) {
  while (!unsynced_.empty() && unsynced_.front().number <= ready_number) {
    const Unsynced done = std::move(unsynced_.front());
    unsynced_.pop_front();
    log_.mark_durable(done.last_index, done.last_term);
    for (const Message& message : done.to_self) step(message);  // our own vote, our own acknowledgement
  }
}

void Node::on_applied(uint64_t index) {
  APP_CHECK(index <= handed_committed_);
  applied_ = std::max(applied_, index);  // a snapshot may have overtaken what was being applied
}

void Node::snapshot_sent(NodeId to, bool arrived) {
  const auto at = progress_.find(to);
  if (role_ == Role::kLeader && at != progress_.end()) at->second.snapshot_sent(arrived);
}

}  // namespace appliance::store::raft
