// Goal: the promises of Raft (figure 3.2) hold at every step, whatever the network and the disks do. Method: members
// with disks that lose what was not synced, a network that loses, repeats, reorders and cuts, crashes at any step,
// membership changes, snapshots; chosen by a seed, checked after each event.
#include <catch2/catch.hpp>

#include <functional>

#include "store/raft/node.h"

namespace appliance::store::raft {
namespace {

constexpr uint64_t kSeeds = 300;
constexpr int kSteps = 2000;

struct Counts {
  int elections = 0, truncations = 0, snapshots = 0, changes = 0, crashes = 0, reads = 0, applied = 0, transfers = 0;
};

// What is written, and what of it a crash leaves.
struct Disk {
  HardState state;
  Membership members;  // of the snapshot
  SnapshotMeta snapshot;
  std::vector<EntryPtr> entries;  // behind the snapshot
};

struct Member {
  NodeId id = kNobody;
  std::unique_ptr<Node> node;
  Disk disk;
  std::deque<Ready> writing;  // handed to the disk, not synced
  uint64_t applied = 0;
  Membership members;  // as applied
  bool gone = false;   // removed
};

// The entry that somebody applied first at an index; it was committed in that member's term at the latest.
struct Applied {
  uint64_t term = 0;
  uint64_t committed_in = 0;
  std::string data;
};

class Cluster {
 public:
  Cluster(uint64_t seed, Counts& counts) : random_(seed), counts_(counts) {
    Membership members;
    const NodeId n = random_.below(2) == 0 ? 3 : 5;
    for (NodeId id = 1; id <= n; ++id) members.voters.push_back(id);
    founders_ = members;
    for (NodeId id = 1; id <= n; ++id) add(id);
    next_id_ = n + 1;
  }

  void run() {
    for (int i = 0; i < kSteps; ++i) {
      event();
      check();
    }
    heal();
  }

 private:
  void add(NodeId id) {
    Member& m = members_[id];
    m.id = id;
    m.disk.snapshot.members = founders_;  // the log tells the rest
    start(m);
  }

  void start(Member& m) {
    m.writing.clear();
    Restored restored;
    restored.state = m.disk.state;
    restored.members = m.disk.snapshot.members;
    restored.log = Log(m.disk.snapshot.index, m.disk.snapshot.term);
    restored.log.restored(m.disk.entries);
    restored.applied = m.disk.snapshot.index;
    restored.state.commit = std::max(restored.state.commit, restored.applied);
    m.applied = restored.applied;
    m.members = restored.members;
    m.node = std::make_unique<Node>(Config{.id = m.id,
                                           .seed = random_.next_u64(),
                                           .election_ticks = 10,
                                           .heartbeat_ticks = 1,
                                           .append_bytes_max = 64,
                                           .window = {.messages_max = 8, .bytes_max = 512}},
                                    std::move(restored));
  }

  Member* some() {
    auto at = members_.begin();
    std::advance(at, static_cast<long>(random_.below(members_.size())));
    return at->second.node ? &at->second : nullptr;
  }
  Member* leader() {
    Member* best = nullptr;
    for (auto& [id, m] : members_) {
      if (m.node && m.node->role() == Role::kLeader && (best == nullptr || m.node->term() > best->node->term()))
        best = &m;
    }
    return best;
  }

  void event() {
    const uint64_t dice = random_.below(1000);
    if (dice < 250) return deliver();
    if (dice < 500) return tick_all();
    if (dice < 700) return work();
    if (dice < 850) return sync();
    if (dice < 930) return propose();
    if (dice < 950) return ask();
    if (dice < 960) return cut_network();
    if (dice < 970) return cut_log();
    if (dice < 975) return crash();
    if (dice < 985) return change();
    if (dice < 988) return hand_over();
  }

  void tick_all() {
    for (auto& [id, m] : members_) {
      if (m.node && random_.below(10) != 0) m.node->tick();  // clocks differ
    }
  }

  void work() {
    for (auto& [id, m] : members_) {
      if (m.node && random_.below(3) != 0) take(m);
    }
  }

  void take(Member& m) {
    if (!m.node->has_ready()) return;
    Ready ready = m.node->take_ready();
    for (Message& message : ready.messages) post(message);
    for (const ReadAnswer& answer : ready.reads) check_read(answer);
    for (const NodeId to : ready.need_snapshot) send_snapshot(m, to);
    if (ready.snapshot) {
      m.applied = ready.snapshot->index;
      m.members = ready.snapshot->members;
      ++counts_.snapshots;
    }
    for (const EntryPtr& entry : ready.committed) apply(m, *entry);
    m.node->on_applied(m.applied);
    ready.committed.clear();
    m.writing.push_back(std::move(ready));
  }

  void apply(Member& m, const Entry& entry) {
    REQUIRE(entry.index == m.applied + 1);
    m.applied = entry.index;
    ++counts_.applied;
    // State-machine safety: nobody ever applies another entry at this index.
    const auto [at, is_new] = history_.try_emplace(
        entry.index, Applied{.term = entry.term, .committed_in = m.node->term(), .data = entry.data});
    REQUIRE(at->second.term == entry.term);
    REQUIRE(at->second.data == entry.data);
    if (entry.type != EntryType::kConfChange) return;
    const MembershipChange change{.type = static_cast<MembershipChange::Type>(entry.data[0]),
                                  .id = static_cast<NodeId>(entry.data[1])};
    m.members = m.node->apply_change(change);
    if (is_new) ++counts_.changes;
    if (!m.members.has(m.id)) m.gone = true;
  }

  void sync() {
    Member* m = some();
    if (m == nullptr || m->writing.empty()) return;
    const Ready ready = std::move(m->writing.front());
    m->writing.pop_front();
    write(m->disk, ready);
    for (const Message& message : ready.after_sync) post(message);
    m->node->on_durable(ready.number);
  }

  void write(Disk& disk, const Ready& ready) {
    if (ready.snapshot) {
      disk.snapshot = *ready.snapshot;
      disk.entries.clear();
    }
    if (ready.hard_state) disk.state = *ready.hard_state;
    if (ready.entries.empty()) return;
    const uint64_t first = ready.entries.front()->index;
    const uint64_t base = disk.snapshot.index;
    if (first <= base + disk.entries.size()) ++counts_.truncations;
    disk.entries.resize(first - base - 1);
    disk.entries.insert(disk.entries.end(), ready.entries.begin(), ready.entries.end());
  }

  // The state that was applied and is on the disk takes the place of the log before it.
  void cut_log() {
    Member* m = some();
    if (m == nullptr || !m->writing.empty()) return;
    Disk& disk = m->disk;
    const uint64_t base = disk.snapshot.index;
    const uint64_t to = m->applied;
    if (to <= base || to > base + disk.entries.size()) return;
    disk.snapshot = {.index = to, .term = disk.entries[to - base - 1]->term, .members = m->members};
    disk.entries.erase(disk.entries.begin(), disk.entries.begin() + static_cast<long>(to - base));
    m->node->cut(to);
  }

  void send_snapshot(Member& from, NodeId to) {
    const bool arrives = random_.below(4) != 0;
    from.node->snapshot_sent(to, arrives);
    if (!arrives) return;
    Message message{.type = MessageType::kSnapshot, .from = from.id, .to = to, .term = from.node->term()};
    message.snapshot = {.index = from.applied, .term = term_at(from.applied), .members = from.members};
    post(message);
  }
  uint64_t term_at(uint64_t index) { return index == 0 ? 0 : history_.at(index).term; }

  void post(const Message& message) {
    if (random_.below(100) < 5) return;  // lost
    network_.push_back(message);
    if (random_.below(100) < 5) network_.push_back(message);  // twice
    if (network_.size() > 500) network_.pop_front();
  }

  void deliver() {
    for (int i = 0; i < 8 && !network_.empty(); ++i) {
      const size_t at = random_.below(10) == 0 ? random_.below(network_.size()) : 0;
      const Message message = network_[at];
      network_.erase(network_.begin() + static_cast<long>(at));
      if (cut_.contains({message.from, message.to})) continue;
      const auto to = members_.find(message.to);
      if (to != members_.end() && to->second.node) to->second.node->step(message);
    }
  }

  void propose() {
    Member* m = some();
    if (m == nullptr) return;
    const std::string data = "w" + std::to_string(++writes_);
    (void)m->node->propose({data});
  }

  // A read sees at least what anybody had applied when it was asked.
  void ask() {
    Member* m = some();
    if (m == nullptr) return;
    const uint64_t number = ++reads_;
    if (m->node->read(number)) asked_[number] = history_.empty() ? 0 : history_.rbegin()->first;
  }
  void check_read(const ReadAnswer& answer) {
    const auto at = asked_.find(answer.number);
    if (at == asked_.end() || answer.index == 0) return;
    REQUIRE(answer.index >= at->second);
    asked_.erase(at);
    ++counts_.reads;
  }

  void cut_network() {
    cut_.clear();
    if (random_.below(3) == 0) return;
    Member* alone = some();
    if (alone == nullptr) return;
    const uint64_t ways = random_.below(3);
    for (auto& [id, m] : members_) {
      if (ways != 1) cut_.insert({alone->id, id});
      if (ways != 0) cut_.insert({id, alone->id});
    }
  }

  void crash() {
    Member* m = some();
    if (m == nullptr) return;
    // Of what was not synced any first part may have got to the disk.
    for (uint64_t n = random_.below(m->writing.size() + 1); n > 0; --n) {
      write(m->disk, m->writing.front());
      m->writing.pop_front();
    }
    ++counts_.crashes;
    start(*m);
  }

  void change() {
    Member* m = leader();
    if (m == nullptr) return;
    MembershipChange change;
    const auto& members = m->node->members();
    if (!members.learners.empty() && random_.below(2) == 0) {
      change = {.type = MembershipChange::Type::kAddVoter, .id = members.learners.front()};
    } else if (members.voters.size() > 3 && random_.below(2) == 0) {
      change = {.type = MembershipChange::Type::kRemove, .id = members.voters[random_.below(members.voters.size())]};
    } else if (members.voters.size() + members.learners.size() < 6) {
      change = {.type = MembershipChange::Type::kAddLearner, .id = next_id_};
    } else {
      return;
    }
    std::string data{static_cast<char>(change.type), static_cast<char>(change.id)};
    if (!m->node->propose_change(change, std::move(data))) return;
    if (change.type == MembershipChange::Type::kAddLearner) add(next_id_++);
  }

  void hand_over() {
    Member* m = leader();
    if (m == nullptr) return;
    const auto& voters = m->node->members().voters;
    if (m->node->transfer(voters[random_.below(voters.size())])) ++counts_.transfers;
  }

  void check() {
    for (auto& [id, m] : members_) {
      if (!m.node || m.node->role() != Role::kLeader) continue;
      const auto [at, is_new] = leaders_.try_emplace(m.node->term(), id);
      REQUIRE(at->second == id);  // election safety: one leader a term
      if (!is_new) continue;
      ++counts_.elections;
      // Leader completeness: what was committed in an earlier term is in its log. (It may be late itself: votes
      // travel.)
      const Log& log = m.node->log();
      for (auto entry = history_.lower_bound(log.first_index()); entry != history_.end(); ++entry) {
        if (entry->second.committed_in < m.node->term()) REQUIRE(log.matches(entry->first, entry->second.term));
      }
    }
  }

  // Without faults the cluster comes to rest: one leader, all applied alike.
  void heal() {
    cut_.clear();
    for (int i = 0; i < 3000; ++i) {
      tick_all();
      for (auto& [id, m] : members_) {
        take(m);
        while (!m.writing.empty()) {
          const Ready ready = std::move(m.writing.front());
          m.writing.pop_front();
          write(m.disk, ready);
          for (const Message& message : ready.after_sync) network_.push_back(message);
          m.node->on_durable(ready.number);
        }
      }
      while (!network_.empty()) deliver();
      check();
      if (i > 200 && at_rest()) return;
    }
    FAIL("did not come to rest");
  }
  bool at_rest() {
    Member* l = leader();
    if (l == nullptr || l->applied != l->node->log().last_index()) return false;
    for (const auto* ids : {&l->node->members().voters, &l->node->members().learners}) {
      for (const NodeId id : *ids) {
        if (members_.at(id).applied != l->applied) return false;
      }
    }
    return true;
  }

  base::SeededRandom random_;
  Counts& counts_;
  Membership founders_;
  std::map<NodeId, Member> members_;
  std::deque<Message> network_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::map<uint64_t, Applied> history_;  // index -> what was applied there
  std::map<uint64_t, NodeId> leaders_;
  std::map<uint64_t, uint64_t> asked_;
  uint64_t writes_ = 0;
  uint64_t reads_ = 0;
  NodeId next_id_ = 0;
};

}  // namespace

TEST_CASE("raft: the promises hold over seeds of faults") {
  Counts counts;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    Cluster(seed, counts).run();
  }
  INFO("elections " << counts.elections << ", truncations " << counts.truncations << ", snapshots " << counts.snapshots
                    << ", changes " << counts.changes << ", crashes " << counts.crashes << ", reads " << counts.reads
                    << ", applied " << counts.applied << ", transfers " << counts.transfers);
  CHECK(counts.elections > 0);
  CHECK(counts.truncations > 0);
  CHECK(counts.snapshots > 0);
  CHECK(counts.changes > 0);
  CHECK(counts.crashes > 0);
  CHECK(counts.reads > 0);
  CHECK(counts.applied > 0);
  CHECK(counts.transfers > 0);
}

}  // namespace appliance::store::raft
