#include "store/transport/message.h"

#include "base/wire.h"

namespace appliance::store::transport {
namespace {

using base::WireReader;
using base::WireWriter;
using raft::Entry;
using raft::EntryType;
using raft::Message;
using raft::MessageType;
using raft::NodeId;

constexpr uint8_t kRefused = 1;
constexpr uint8_t kTransfer = 2;
constexpr uint8_t kHasSnapshot = 4;
constexpr uint8_t kFlagsMax = 7;

void write_ids(WireWriter& w, const std::vector<NodeId>& ids) {
  w.number(ids.size());
  for (const NodeId id : ids) w.number(id);
}

// Sorted, without repetition, as a Membership keeps them.
std::vector<NodeId> read_ids(WireReader& r) {
  std::vector<NodeId> out;
  const size_t n = r.count();
  if (n > kMembersMax) return r.spoil(), out;
  for (size_t i = 0; i < n; ++i) {
    const NodeId id = r.number();
    if (id == raft::kNobody || (!out.empty() && id <= out.back())) r.spoil();
    out.push_back(id);
  }
  return out;
}

void read_entries(WireReader& r, Message& m) {
  const size_t n = r.count();
  uint64_t expected = m.index;
  for (size_t i = 0; i < n; ++i) {
    Entry entry{.term = r.number(), .index = r.number(), .type = r.choice(EntryType::kConfChange), .data = {}};
    entry.data = r.bytes();
    const bool in_order = m.type == MessageType::kForward ? entry.index == 0 : entry.index == ++expected;
    if (!in_order || entry.term > m.term) r.spoil();
    m.entries.push_back(std::make_shared<const Entry>(std::move(entry)));
  }
}

}  // namespace

std::string encode(const Message& m) {
  WireWriter w;
  const bool has_snapshot = m.type == MessageType::kSnapshot;
  w.byte(kWireVersion);
  w.byte(static_cast<uint8_t>(m.type));
  w.byte(static_cast<uint8_t>((m.refused ? kRefused : 0) | (m.transfer ? kTransfer : 0) |
                              (has_snapshot ? kHasSnapshot : 0)));
  for (const uint64_t n : {m.from, m.to, m.term, m.index, m.log_term, m.commit, m.round, m.hint}) w.number(n);
  w.number(m.entries.size());
  for (const raft::EntryPtr& entry : m.entries) {
    w.number(entry->term);
    w.number(entry->index);
    w.byte(static_cast<uint8_t>(entry->type));
    w.bytes(entry->data);
  }
  if (has_snapshot) {
    w.number(m.snapshot.index);
    w.number(m.snapshot.term);
    write_ids(w, m.snapshot.members.voters);
    write_ids(w, m.snapshot.members.learners);
  }
  return std::move(w.out);
}

Result<Message> decode(std::string_view bytes) {
  WireReader r(bytes);
  if (r.byte() != kWireVersion) return fail(Code::kInvalidArgument, "message: of a version that is not known here");
  Message m;
  m.type = r.choice(MessageType::kReadReply);
  const uint8_t flags = r.byte();
  m.refused = (flags & kRefused) != 0;
  m.transfer = (flags & kTransfer) != 0;
  for (uint64_t* n : {&m.from, &m.to, &m.term, &m.index, &m.log_term, &m.commit, &m.round, &m.hint}) *n = r.number();
  read_entries(r, m);
  const bool has_snapshot = (flags & kHasSnapshot) != 0;
  if (has_snapshot) {
    m.snapshot.index = r.number();
    m.snapshot.term = r.number();
    m.snapshot.members.voters = read_ids(r);
    m.snapshot.members.learners = read_ids(r);
  }
  if (!r.finished() || flags > kFlagsMax || has_snapshot != (m.type == MessageType::kSnapshot))
    return fail(Code::kInvalidArgument, "message: damaged");
  if (m.from == raft::kNobody || m.to == raft::kNobody)
    return fail(Code::kInvalidArgument, "message: names no sender or receiver");
  return m;
}

}  // namespace appliance::store::transport
