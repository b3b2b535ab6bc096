// Raft for one member as a deterministic state machine: ticks, messages and proposals go in, take_ready() says what to
// persist, send and apply. Elections with pre-vote (9.6) and check-quorum (6.2), pipelined replication, reads confirmed
// by a round of heartbeats (6.4), leader transfer (3.10), learners and membership changes one at a time (4).
//
//   Node node({.id = 1, .seed = 7}, {.state = hard_state, .members = members, .log = log, .applied = 42});
//   loop: node.tick() every tick; node.step(message); node.propose(data); then
//     Ready r = node.take_ready();
//     send(r.messages);                                       // at once
//     persist(r.snapshot, r.hard_state, r.entries);           // in this order, and one Ready after the other
//     once that is on the disk: send(r.after_sync); node.on_durable(r.number);
//     apply(r.committed);                                     // in order; then node.on_applied(index)
//
// The caller's duties, besides that order:
// - What stands in `after_sync` says "it is on my disk": it leaves only when this Ready and all before it are (3.8).
// The
//   next Ready may be taken and written meanwhile; durability is told in order.
// - A membership change in `committed` is given to apply_change() when it is applied; a snapshot that was installed
//   brings its own membership.
// - Nothing but the log is kept here: whoever needs what cut() has dropped gets a snapshot, made, sent and installed by
//   the caller. `need_snapshot` names who; tell by snapshot_sent() how it ended.
// - A proposal's fate is known when it is applied and not before: it may be lost, and "the leader changed" means that
//   nobody knows. Put a number of your own into it.
//
// Not thread-safe, no clock, no I/O, no randomness but the seed: it lives on the store thread and under the simulator.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "store/raft/log.h"
#include "store/raft/progress.h"
#include "store/raft/types.h"

namespace appliance::store::raft {

struct Config {
  NodeId id = kNobody;
  uint64_t seed = 0;        // spreads the election time-outs
  int election_ticks = 10;  // without a leader for as many to twice as many: an election
  int heartbeat_ticks = 1;
  uint64_t append_bytes_max = 1U << 20U;        // entries of one message
  uint64_t uncommitted_bytes_max = 64U << 20U;  // a leader without a quorum takes no more
  size_t reads_max = 4096;                      // waiting for a round
  Window window = {};
};

// What a member knows when it starts.
struct Restored {
  HardState state;
  Membership members;  // as of `applied`; with an empty log those who founded the cluster, also of a newcomer
  Log log;
  uint64_t applied = 0;
};

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

struct ReadAnswer {
  uint64_t number = 0;  // of the reader's own choice
  uint64_t index = 0;   // answer when this is applied; 0: lost, ask again
};

struct Ready {
  uint64_t number = 0;                   // for on_durable()
  std::optional<SnapshotMeta> snapshot;  // takes the place of state and log
  std::optional<HardState> hard_state;   // when it changed
  bool must_sync = false;                // false: the commit index alone changed, which the log tells again
  std::vector<EntryPtr> entries;         // for the log; what is there from entries.front() on goes
  std::vector<Message> messages;
  std::vector<Message> after_sync;
  std::vector<EntryPtr> committed;  // durable here as well
  std::vector<ReadAnswer> reads;
  std::vector<NodeId> need_snapshot;
};

class Node {
 public:
  Node(const Config& config, Restored restored);

  void tick();
  void step(const Message& message);  // stale terms and strangers are absorbed

  // kUnavailable: no leader, or it is handing over; kResourceExhausted: uncommitted_bytes_max. A follower forwards.
  Result<> propose(std::vector<std::string> data);
  // kFailedPrecondition: the change before it is not applied yet. On the leader alone.
  Result<> propose_change(const MembershipChange& change, std::string data);
  // The change of an entry of type kConfChange, when it is applied (also one that the caller decided to ignore:
  // nullopt). Returns the membership from here on.
  const Membership& apply_change(const std::optional<MembershipChange>& change);

  // Linearizable: the answer comes as ReadAnswer. kUnavailable: no leader is known.
  Result<> read(uint64_t number);
  // kFailedPrecondition: not the leader, or `to` is no other voter. Ends by itself after an election time-out.
  Result<> transfer(NodeId to);
  void campaign();  // now, and not after a time-out: a new cluster's first member

  [[nodiscard]] bool has_ready() const;
  Ready take_ready();
  void on_durable(uint64_t ready_number);
  void on_applied(uint64_t index);
  void snapshot_sent(NodeId to, bool arrived);
  void cut(uint64_t index) { log_.cut(std::min(index, applied_)); }  // the log in memory ends there

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] NodeId leader() const { return leader_; }
  [[nodiscard]] uint64_t term() const { return state_.term; }
  [[nodiscard]] const HardState& hard_state() const { return state_; }
  [[nodiscard]] uint64_t applied() const { return applied_; }
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] const Membership& members() const { return members_; }
  [[nodiscard]] const std::map<NodeId, Progress>& progress() const { return progress_; }  // of a leader
  [[nodiscard]] NodeId transferring_to() const { return transferee_; }

 private:
  // node.cc
  void send(Message message);
  void send_after_sync(Message message);
  [[nodiscard]] Message reply_to(const Message& message, MessageType type) const;
  void become_follower(uint64_t term, NodeId leader);
  void reset(uint64_t term);
  [[nodiscard]] bool step_term(const Message& message);
  void step_follower(const Message& message);
  void step_leader(const Message& message);
  void drop_reads();

  // election.cc
  void start_election(bool pre, bool transfer);
  void ask_for_votes(bool pre, bool transfer);
  void on_vote_request(const Message& message);
  void on_vote(const Message& message);
  void count_votes();
  void become_leader();
  [[nodiscard]] bool may_lead() const;
  void check_quorum();

  // replication.cc
  void append_own(std::vector<EntryPtr> entries);
  void replicate(NodeId to, bool even_empty);
  void replicate_all();
  void on_append(const Message& message);
  void on_append_reply(const Message& message);
  void on_heartbeat(const Message& message);
  void on_heartbeat_reply(const Message& message);
  void on_snapshot(const Message& message);
  void heartbeat_all();
  bool advance_commit();
  void commit_to(uint64_t index);

  // reads.cc
  void take_read(NodeId from, uint64_t number);
  void start_read_round();
  void answer_reads();
  void answer_read(NodeId from, uint64_t number, uint64_t index);

  struct PendingRead {
    NodeId from = kNobody;
    uint64_t number = 0;
    uint64_t index = 0;  // the commit index when it was asked; 0: the leader has committed nothing of its term yet
    uint64_t round = 0;  // 0: not started
  };
  struct Unsynced {  // a Ready on its way to the disk
    uint64_t number = 0;
    uint64_t last_index = 0;
    uint64_t last_term = 0;
    std::vector<Message> to_self;
  };

  Config config_;
  base::SeededRandom random_;
  HardState state_;
  Membership members_;
  Log log_;
  uint64_t applied_ = 0;

  Role role_ = Role::kFollower;
  NodeId leader_ = kNobody;
  int elapsed_ = 0;  // ticks: since the leader or a vote was heard of; on a leader since the last check of its quorum
  int heartbeat_elapsed_ = 0;
  int timeout_ = 0;  // of this member's next election, in ticks

  std::map<NodeId, bool> votes_;  // of a candidate

  // A leader's.
  std::map<NodeId, Progress> progress_;
  uint64_t uncommitted_bytes_ = 0;
  uint64_t change_index_ = 0;  // no membership change is taken before this is applied
  NodeId transferee_ = kNobody;
  std::vector<PendingRead> reads_;
  uint64_t read_round_ = 0;

  // Of the next Ready.
  std::vector<Message> messages_;
  std::vector<Message> after_sync_;
  std::vector<ReadAnswer> read_answers_;
  std::set<NodeId> need_snapshot_;
  std::optional<SnapshotMeta> installing_;
  HardState handed_state_;
  uint64_t handed_committed_ = 0;  // last index given out for applying
  uint64_t ready_number_ = 0;
  std::deque<Unsynced> unsynced_;
};

}  // namespace appliance::store::raft
