// Log replication (3.5), commitment (3.6.2), snapshots (5), heartbeats.
#include <algorithm>

#include "base/check.h"
#include "store/raft/node.h"

namespace appliance::store::raft {

void Node::append_own(std::vector<EntryPtr> entries) {
  uint64_t index = log_.last_index();
  for (EntryPtr& entry : entries) {
    Entry numbered = *entry;
    numbered.term = state_.term;
    numbered.index = ++index;
    entry = std::make_shared<const Entry>(std::move(numbered));
  }
  log_.append(entries);
  // The leader is one of those that are counted, and only when its own disk has it (10.2.1).
  Message own{.type = MessageType::kAppendReply, .to = config_.id, .term = state_.term};
  own.index = index;
  send_after_sync(std::move(own));
}

void Node::replicate_all() {
  for (const auto& [id, progress] : progress_) {
    if (id != config_.id) replicate(id, true);
  }
}

void Node::replicate(NodeId to, bool even_empty) {
  Progress& member = progress_.at(to);
  while (!member.is_paused()) {
    const uint64_t before = member.next() - 1;
    const auto term_before = log_.term(before);
    if (!term_before) {               // 5: the log does not reach that far back any more
      if (!member.is_active) return;  // not heard of: it would be sent into nowhere
      member.needs_snapshot();
      need_snapshot_.insert(to);
      return;
    }
    Message append{.type = MessageType::kAppend, .to = to, .term = state_.term};
    append.index = before;
    append.log_term = *term_before;
    append.commit = state_.commit;
    append.entries = log_.slice(member.next(), log_.last_index(), config_.append_bytes_max);
    if (append.entries.empty() && !even_empty) return;
    even_empty = false;
    uint64_t bytes = 0;
    for (const EntryPtr& entry : append.entries) bytes += entry->data.size();
    member.sent(append.entries.empty() ? before : append.entries.back()->index, bytes);
    const bool is_last = append.entries.empty();
    send(std::move(append));
    if (is_last) return;
  }
}

void Node::on_append(const Message& m) {
  Message reply = reply_to(m, MessageType::kAppendReply);
  if (m.index < state_.commit) {  // an old one: what is committed here is the same there
    reply.index = state_.commit;
    return send_after_sync(std::move(reply));
  }
  if (!log_.matches(m.index, m.log_term)) {
    reply.refused = true;
    reply.index = m.index;
    reply.hint = log_.agree_below(m.index, m.log_term);
    reply.log_term = log_.term(reply.hint).value_or(0);
    return send(std::move(reply));
  }
  // 3.5: what is there already stays; from the first entry that differs on, all is replaced.
  auto news = m.entries.begin();
  while (news != m.entries.end() && log_.matches((*news)->index, (*news)->term)) ++news;
  if (news != m.entries.end()) {
    APP_CHECK((*news)->index > state_.commit);
    log_.append({news, m.entries.end()});
  }
  const uint64_t last = m.entries.empty() ? m.index : m.entries.back()->index;
  commit_to(std::min(m.commit, last));
  reply.index = last;
  send_after_sync(std::move(reply));
}

void Node::on_append_reply(const Message& m) {
  Progress& member = progress_.at(m.from);
  member.heard();
  if (m.refused) {
    // Where the logs can still agree: not behind the hint, and not where our terms are newer than its.
    const uint64_t hint = log_.agree_below(m.hint, m.log_term);
    if (member.refused(m.index, hint)) replicate(m.from, true);
    return;
  }
  if (m.index > log_.last_index()) return;  // nonsense
  const bool was_paused = member.is_paused();
  if (member.state() == Progress::State::kSnapshot && m.index + 1 >= log_.first_index()) member.snapshot_sent(true);
  if (!member.acknowledged(m.index) && !was_paused) return;
  if (advance_commit()) {
    replicate_all();
  } else if (m.from != config_.id) {
    replicate(m.from, was_paused);
  }
  if (m.from == transferee_ && member.match() == log_.last_index())
    send({.type = MessageType::kTimeoutNow, .to = transferee_, .term = state_.term});
}

bool Node::advance_commit() {
  std::vector<uint64_t> matches;
  for (const NodeId id : members_.voters) {
    const auto at = progress_.find(id);
    matches.push_back(at == progress_.end() ? 0 : at->second.match());
  }
  std::ranges::sort(matches);
  const uint64_t index = matches[(matches.size() - 1) / 2];  // a majority has it
  // 3.6.2: entries of earlier terms are never committed by counting.
  if (index <= state_.commit || !log_.matches(index, state_.term)) return false;
  commit_to(index);
  for (PendingRead& read : reads_) {
    if (read.index == 0) read.index = state_.commit;
  }
  return true;
}

void Node::commit_to(uint64_t index) {
  if (index <= state_.commit) return;
  APP_CHECK(index <= log_.last_index());
  if (role_ == Role::kLeader) {
    for (uint64_t i = std::max(state_.commit + 1, log_.first_index()); i <= index; ++i)
      uncommitted_bytes_ -= std::min<uint64_t>(uncommitted_bytes_, log_.at(i)->data.size());
  }
  state_.commit = index;
}

void Node::heartbeat_all() {
  heartbeat_elapsed_ = 0;
  for (const auto& [id, member] : progress_) {
    if (id == config_.id) continue;
    Message beat{.type = MessageType::kHeartbeat, .to = id, .term = state_.term};
    beat.commit = std::min(member.match(), state_.commit);  // it may have no more of our log
    beat.round = read_round_;
    send(std::move(beat));
  }
}

void Node::on_heartbeat(const Message& m) {
  commit_to(std::min(m.commit, log_.last_index()));
  Message reply = reply_to(m, MessageType::kHeartbeatReply);
  reply.round = m.round;
  send(std::move(reply));
}

void Node::on_heartbeat_reply(const Message& m) {
  Progress& member = progress_.at(m.from);
  member.heard();
  if (member.match() < log_.last_index() || member.state() == Progress::State::kProbe) replicate(m.from, true);
  if (m.round <= member.read_round) return;
  member.read_round = m.round;
  answer_reads();
}

// Its bytes have arrived, the caller holds them. Whether they are wanted is decided here.
void Node::on_snapshot(const Message& m) {
  Message reply = reply_to(m, MessageType::kAppendReply);
  const SnapshotMeta& snapshot = m.snapshot;
  if (snapshot.index <= state_.commit) {
    reply.index = state_.commit;
    return send_after_sync(std::move(reply));
  }
  if (log_.matches(snapshot.index, snapshot.term)) {  // all of it is in the log: applying it is the shorter way
    commit_to(snapshot.index);
    reply.index = snapshot.index;
    return send_after_sync(std::move(reply));
  }
  log_.reset(snapshot.index, snapshot.term);
  members_ = snapshot.members;
  state_.commit = applied_ = handed_committed_ = snapshot.index;
  installing_ = snapshot;
  reply.index = snapshot.index;
  send_after_sync(std::move(reply));
}

}  // namespace appliance::store::raft
