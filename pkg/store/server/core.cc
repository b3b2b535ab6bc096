#include "store/server/core.h"

#include <algorithm>

#include "base/executor.h"

namespace appliance::store::server {
namespace {

// Frame and record headers of the smallest frame around an entry.
constexpr size_t kEntryOverhead = wal::kFrameHeaderBytes + 2 * wal::kRecordHeaderBytes + 8;

Error busy() {
  return Error{.code = Code::kUnavailable,
               .message = "store: stopping, or too many reads are waiting",
               .errno_value = 0,
               .hint = {}};
}

// Deletes, compaction and the end of leases are what a person does about a full disk.
bool frees_space(const mvcc::Command& command) {
  const auto* txn = std::get_if<TxnRequest>(&command);
  if (txn == nullptr) return !std::holds_alternative<mvcc::LeaseGrantCommand>(command);
  const auto is_put = [](const TxnOp& op) { return std::holds_alternative<PutOp>(op); };
  return std::ranges::none_of(txn->success, is_put) && std::ranges::none_of(txn->failure, is_put);
}

Error stopping() {
  return Error{.code = Code::kUnavailable, .message = "store: stopping", .errno_value = 0, .hint = {}};
}

}  // namespace

void EmbeddedStore::Core::wake() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  wake_.notify_one();
}

void EmbeddedStore::Core::propose(mvcc::Command command, Callback<Answer> done) {
  Proposal proposal{.command = std::move(command),
                    .done = std::move(done),
                    .bytes = 0,
                    .encoded = {},
                    .started = options_.clock.monotonic()};
  proposal.encoded = mvcc::encode(proposal.command);  // here, on the caller's thread: the store thread has enough to do
  proposal.bytes = proposal.encoded.size() + kEntryOverhead;
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_)
      refused = stopping();
    else if (failed_)
      refused = failed_;
    else if (waiting_.size() >= kProposalsMax || waiting_bytes_ + proposal.bytes > kProposalBytesMax) {
      refused = fail(Code::kResourceExhausted, "etcdserver: too many requests").error();
    } else {
      waiting_bytes_ += proposal.bytes;
      waiting_.push_back(std::move(proposal));
    }
  }
  if (!refused) return wake_.notify_one();
  metrics_.refused.add();
  answer([done = std::move(proposal.done), error = *refused]() mutable { done(fail(std::move(error))); });
}

// A callback comes on a thread of the store, never inside the call; but a store that has stopped has none left.
void EmbeddedStore::Core::answer(std::move_only_function<void()> call) {
  ReadPool::ReadTask task = [call = std::move(call)](mvcc::Reader*) mutable { call(); };
  if (!reads_->post(task)) task(nullptr);
}

void EmbeddedStore::Core::keep_alive(LeaseId id, Callback<int64_t> done) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      keep_alives_.emplace_back(id, std::move(done));
      wake_.notify_one();
      return;
    }
  }
  done(fail(stopping()));
}

void EmbeddedStore::Core::run() {
  std::unique_lock lock(mutex_);
  bool blocked = false;  // proposals wait for room: only a nudge or a durable batch helps
  for (;;) {
    const auto ready = [&] {
      // Stopping: what is on its way to the log is still answered, nothing else is begun.
      if (stopping_ && inflight_.empty()) return true;
      return nudged_ || !durable_.empty() || !keep_alives_.empty() || !read_txns_.empty() ||
             (!blocked && !waiting_.empty());
    };
    if (applier_->leases().empty())
      wake_.wait(lock, ready);
    else
      wake_.wait_for(lock, options_.lease_check_interval, ready);
    if (stopping_ && inflight_.empty() && durable_.empty()) return;
    const std::vector<LogBatch> durable = std::exchange(durable_, {});
    auto keep_alives = std::exchange(keep_alives_, {});
    auto read_txns = std::exchange(read_txns_, {});
    nudged_ = false;
    lock.unlock();
    for (const LogBatch& batch : durable) on_durable(batch);
    for (auto& [id, done] : keep_alives) done(applier_->leases().keep_alive(id, options_.clock.monotonic()));
    for (auto& [request, done] : read_txns) read_one(request, std::move(done));
    expire_leases();
    const bool all_taken = propose_waiting();
    lock.lock();
    // Not "waiting_ is empty": a proposal that came meanwhile is not blocked, and nothing else would wake us for it.
    blocked = stopping_ || !all_taken;
  }
}

void EmbeddedStore::Core::on_durable(const LogBatch& batch) {
  if (!batch.result) return fail_store(batch.result.error());
  for (size_t i = 0; i < batch.entries && !inflight_.empty(); ++i) {
    Proposal proposal = std::move(inflight_.front());
    inflight_.pop_front();
    inflight_bytes_ -= proposal.bytes;
    apply_one(std::move(proposal));
  }
  metrics_.revision.set(mvcc_->position().revision);
  flusher_->wake();
}

void EmbeddedStore::Core::apply_one(Proposal proposal) {
  auto applied = applier_->apply(hard_state_.term, applied_index_ + 1, proposal.command);
  if (!applied) {
    proposal.done(fail(applied.error()));
    return fail_store(applied.error());
  }
  ++applied_index_;
  metrics_.txns.add();
  metrics_.commit_seconds.observe(std::chrono::duration<double>(options_.clock.monotonic() - proposal.started).count());
  proposal.done(std::move(*applied));
}

void EmbeddedStore::Core::read_one(const TxnRequest& request, Callback<TxnResponse> done) {
  auto effect = applier_->read(request);
  if (!effect) return done(fail(std::move(effect).error()));
  if (effect->refused) return done(fail(std::move(*effect->refused)));
  done(std::move(effect->response));
}

// Takes what fits: into the space that the log has prepared, and into the overlay; the rest waits. While the disk is
// full only what frees space is taken, as long as prepared space lasts.
bool EmbeddedStore::Core::propose_waiting() {
  const wal::Wal::Room room = wal_->room();
  const std::optional<Error> full = refusal();
  const size_t inflight_max = std::min<size_t>(kInflightBytesMax, options_.segment_bytes / 2);
  const bool overlay_full = mvcc_->overlay_bytes() >= options_.overlay_bytes_max;
  std::vector<wal::Entry> entries;
  std::deque<Proposal> refused;
  bool all_taken = true;
  {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty() && !stopping_) {
      Proposal& next = waiting_.front();
      const size_t after = inflight_bytes_ + next.bytes;
      const bool fits = !overlay_full && (room.spare || after <= room.active_bytes);
      if (full && (!fits || !frees_space(next.command))) {
        waiting_bytes_ -= next.bytes;
        refused.push_back(std::move(next));
        waiting_.pop_front();
        continue;
      }
      if (!fits || (after > inflight_max && !inflight_.empty())) {
        all_taken = false;
        break;
      }
      waiting_bytes_ -= next.bytes;
      inflight_bytes_ = after;
      entries.push_back({.term = hard_state_.term,
                         .index = next_index_++,
                         .type = wal::EntryType::kNormal,
                         .data = std::move(next.encoded)});
      inflight_.push_back(std::move(next));
      waiting_.pop_front();
    }
  }
  if (!room.spare || overlay_full) flusher_->wake();
  if (!entries.empty()) {
    std::optional<wal::HardState> state;
    if (std::exchange(hard_state_dirty_, false)) state = hard_state_;
    log_->push(std::move(entries), state);
  }
  if (!refused.empty()) fail_all(refused, *full);
  return all_taken;
}

std::optional<Error> EmbeddedStore::Core::refusal() const {
  const auto problem = flusher_->problem();
  if (!problem) return std::nullopt;
  if (problem->code != Code::kResourceExhausted) return problem->wrap("store: writes are refused");
  return Error{.code = Code::kResourceExhausted,
               .message = "store: no space left on device for " + options_.dir + ": writes are refused",
               .errno_value = ENOSPC,
               .hint = "free some space on the disk of " + options_.dir + "; writes go on by themselves"};
}

void EmbeddedStore::Core::expire_leases() {
  const base::MonoTime now = options_.clock.monotonic();
  if (applier_->leases().empty() || now < next_lease_check_) return;
  next_lease_check_ = now + options_.lease_check_interval;
  for (const LeaseId id : applier_->leases().expired(now)) {
    // A second proposal for the same lease, before the first is applied, answers NotFound and does nothing.
    propose(mvcc::LeaseRevokeCommand{.id = id}, [](const Result<Answer>&) {});
  }
}

void EmbeddedStore::Core::fail_all(std::deque<Proposal>& proposals, const Error& error) {
  metrics_.refused.add(proposals.size());
  for (Proposal& p : proposals) p.done(fail(error));
  proposals.clear();
}

void EmbeddedStore::Core::fail_store(Error error) {
  error = error.wrap("store: writes have stopped, restart the server")
              .with_hint("look at the disk and its kernel messages, then restart the server");
  std::deque<Proposal> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (!failed_) options_.log.error("store stopped writing", {{"error", error}});
    failed_ = error;
    waiting.swap(waiting_);
    waiting_bytes_ = 0;
  }
  // Whether those in flight are in the log is unknown; their callers must read to find out.
  Error unknown = error;
  unknown.code = Code::kUnavailable;
  inflight_bytes_ = 0;
  fail_all(inflight_, unknown);
  fail_all(waiting, error);
}

void EmbeddedStore::Core::range(RangeRequest request, Callback<RangeResponse> done) {
  metrics_.ranges.add();
  ReadPool::ReadTask task = [request = std::move(request), done = std::move(done)](mvcc::Reader* reader) mutable {
    if (reader == nullptr) return done(fail(busy()));
    done(reader->range(request));
  };
  if (!reads_->post(task)) task(nullptr);
}

void EmbeddedStore::Core::read_txn(TxnRequest request, Callback<TxnResponse> done) {
  // Compares and ranges must see one state: the store thread has it.
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && read_txns_.size() < kProposalsMax) {
      read_txns_.emplace_back(std::move(request), std::move(done));
      wake_.notify_one();
      return;
    }
  }
  done(fail(busy()));
}

std::unique_ptr<Watch> EmbeddedStore::Core::watch(WatchRequest request, WatchCallback on_batch) {
  return hub_->add(std::move(request), std::move(on_batch), mvcc_->position().revision);
}

LeaseId EmbeddedStore::Core::new_lease_id() {
  const auto id = static_cast<LeaseId>(random_.next_u64() >> 1U);
  return id != 0 ? id : 1;
}

StoreStatus EmbeddedStore::Core::status() const {
  const mvcc::Position at = mvcc_->position();
  StoreStatus out{.revision = at.revision,
                  .compact_revision = at.compact,
                  .applied_index = at.applied_index,
                  .term = hard_state_.term,
                  .log_bytes = wal_->disk_bytes(),
                  .db_bytes = flusher_->db_bytes(),
                  .overlay_bytes = mvcc_->overlay_bytes(),
                  .keys = static_cast<uint64_t>(at.keys),
                  .version = options_.version,
                  .problem = {}};
  if (const auto problem = refusal()) out.problem = problem->message;
  const std::lock_guard lock(mutex_);
  if (failed_) out.problem = failed_->message;
  return out;
}

}  // namespace appliance::store::server
