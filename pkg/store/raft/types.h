// The words of Raft (Ongaro, "Consensus: Bridging Theory and Practice", 2014; section numbers in this folder are its):
// entries, messages, members. Values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/wal/types.h"

namespace appliance::store::raft {

using NodeId = uint64_t;  // never used twice in a cluster
inline constexpr NodeId kNobody = 0;

using wal::Entry;
using wal::EntryType;
using wal::HardState;
using EntryPtr =
    std::shared_ptr<const Entry>;  // one entry is in the log, on its way to the disk and in messages at once

// Who has a voice, and who only gets the log (4.2.1). Sorted, disjoint.
struct Membership {
  std::vector<NodeId> voters;
  std::vector<NodeId> learners;

  [[nodiscard]] bool is_voter(NodeId id) const;
  [[nodiscard]] bool is_learner(NodeId id) const;
  [[nodiscard]] bool has(NodeId id) const { return is_voter(id) || is_learner(id); }
  friend bool operator==(const Membership&, const Membership&) = default;
};

// One member at a time (4.1): two majorities of sets that differ by one member always meet. Joint consensus would allow
// more at once, and nobody here asks for it: servers are added, promoted and removed one by one.
struct MembershipChange {
  enum class Type : uint8_t { kAddLearner, kAddVoter, kRemove };  // kAddVoter promotes a learner
  Type type = Type::kAddLearner;
  NodeId id = kNobody;
};
// The membership after the change; a change that changes nothing is none. Pure.
Membership changed(Membership members, const MembershipChange& change);

// What a snapshot stands for: the state after `index`. Its bytes are the caller's.
struct SnapshotMeta {
  uint64_t index = 0;
  uint64_t term = 0;
  Membership members;
  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

enum class MessageType : uint8_t {
  kPreVote,  // 9.6: would you vote for me?
  kPreVoteReply,
  kVote,  // 3.4
  kVoteReply,
  kAppend,  // 3.5
  kAppendReply,
  kHeartbeat,  // with the round of reads that it confirms (6.4)
  kHeartbeatReply,
  kSnapshot,    // 5: its bytes arrived before it
  kTimeoutNow,  // 3.10
  kForward,     // a proposal to the leader
  kRead,        // 6.4: a reader asks the leader
  kReadReply,
};

struct Message {
  MessageType type = MessageType::kAppend;
  NodeId from = kNobody;
  NodeId to = kNobody;
  uint64_t term = 0;   // 0: kForward, kRead and kReadReply, which belong to none
  uint64_t index = 0;  // kAppend: before its entries; kVote: last of the log; replies: what is acknowledged or refused
  uint64_t log_term = 0;  // of `index`; of a refusal: of `hint`
  uint64_t commit = 0;
  uint64_t round = 0;  // of reads: heartbeats and their replies; kRead, kReadReply: the reader's own number
  uint64_t hint = 0;   // of a refused append: where the logs may still agree
  bool refused = false;
  bool transfer = false;  // a vote that the leader itself asked for: its followers' loyalty does not hold it up (3.10)
  std::vector<EntryPtr> entries = {};
  SnapshotMeta snapshot = {};
};

}  // namespace appliance::store::raft
