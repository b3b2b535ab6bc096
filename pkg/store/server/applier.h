// Applies committed commands to the state, in log order. Store thread (and open(), before there is one). Deterministic
// but for lease deadlines, which are this member's own.
#pragma once

#include <functional>

#include "store/lease/lease.h"
#include "store/mvcc/command.h"
#include "store/mvcc/txn.h"

namespace appliance::store::server {

// What a command answers: a TxnResponse, or a number (revision of compact and revoke, id of grant). An Error is an
// answer too.
using Answer = std::variant<TxnResponse, int64_t>;

class Applier {
 public:
  using Publish = std::function<void(Revision, std::vector<mvcc::Change>)>;  // a new revision is visible
  Applier(mvcc::Mvcc& mvcc, mvcc::Reader reader, const base::Clock& clock)
      : mvcc_(mvcc), reader_(std::move(reader)), clock_(clock) {}

  Result<> restore();  // leases from SQLite; before the first apply()
  void set_publish(Publish publish) { publish_ = std::move(publish); }
  void start_serving() { leases_.renew_all(clock_.monotonic()); }  // the log is replayed: deadlines begin now

  // The outer error means that the state can't be read any more: nothing may be applied after it.
  Result<Result<Answer>> apply(uint64_t term, uint64_t index, const mvcc::Command& command);

  Result<mvcc::TxnEffect> read(const TxnRequest& request) { return mvcc::evaluate(context(mvcc_.position()), request); }
  [[nodiscard]] lease::Leases& leases() { return leases_; }

 private:
  struct Outcome {
    Result<Answer> answer;
    mvcc::AppliedEntry entry;
  };
  Result<Outcome> run(const mvcc::Position& at, const TxnRequest& request);
  Result<Outcome> run(const mvcc::Position& at, const mvcc::CompactCommand& command);
  Result<Outcome> run(const mvcc::Position& at, const mvcc::LeaseGrantCommand& command);
  Result<Outcome> run(const mvcc::Position& at, const mvcc::LeaseRevokeCommand& command);
  mvcc::TxnContext context(const mvcc::Position& at);
  void move_leases(const std::vector<mvcc::Change>& changes);

  mvcc::Mvcc& mvcc_;
  mvcc::Reader reader_;
  const base::Clock& clock_;
  lease::Leases leases_;
  Publish publish_;
};

}  // namespace appliance::store::server
