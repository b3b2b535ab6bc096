// Transactions: what is refused before the log, and what an applied one does. Semantics: etcd-api section 6, "Txn",
// "Put".
#pragma once

#include <functional>

#include "store/mvcc/reader.h"

namespace appliance::store::mvcc {

inline constexpr size_t kTxnBytesMax = 2U
                                       << 20U;  // keys and values of a request: one value of the largest size, and room

// Refuses what no state could make right: kInvalidArgument with etcd's texts. Any thread.
Result<> validate(const TxnRequest& request);
bool read_only(const TxnRequest& request);  // nothing in either branch can write: no log entry is needed

// The state before the transaction, for its evaluation.
struct TxnContext {
  Reader& reader;
  Position position;
  std::function<bool(LeaseId)> lease_exists;
};
struct TxnEffect {
  std::optional<Error> refused = {};  // set: the transaction failed and did nothing (unknown lease, compacted revision)
  TxnResponse response = {};
  std::vector<Change> changes = {};  // of revision position.revision + 1; none: the revision stays
  int64_t keys_delta = 0;
};
// Deterministic: depends on the state alone. An error (kOutOfRange, kNotFound for a lease) has no effect; an error of
// the disk (kDataLoss and others) means that the state could not be read: the caller must stop applying.
Result<TxnEffect> evaluate(const TxnContext& context, const TxnRequest& request);

// All keys of `keys` that live go in one revision (lease expiry).
Result<TxnEffect> delete_keys(const TxnContext& context, const std::vector<std::string>& keys);

}  // namespace appliance::store::mvcc
