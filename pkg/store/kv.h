// kv.h: the only door between the orchestrator and the store. Today the store in this process stands behind it; an
// external etcd cluster can (architecture page). Semantics are etcd's: revisions start at 1, one revision per changing
// txn, ranges are half-open byte intervals, a watch delivers every event from its start revision in order, without gap
// or repetition.
//
//   kv.txn({.compares = {Compare::mod_revision(key, Compare::Op::kEqual, 0)}, .success = {PutOp{key, value}}},
//          [done](Result<TxnResponse> r) { ... });
//
// Asynchronous: every call returns at once. Callbacks come on a thread of the store, exactly once each, also at stop()
// (kCancelled or kUnavailable); they must not block and must not call back into stop(). A write is acknowledged when it
// is durable (fdatasync of the log) and applied: it then survives kill -9 and power loss. All calls are thread-safe.
//
// Errors: kOutOfRange with kCompacted/kFutureRevision texts of etcd, kResourceExhausted (queue full, disk full: the
// message says which), kInvalidArgument (empty key, duplicate key in a txn, value over kValueBytesMax), kUnavailable
// (stopping).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace appliance::store {

inline constexpr size_t kValueBytesMax = 1536U * 1024;  // etcd's request limit, 1.5 MiB
inline constexpr size_t kTxnOpsMax = 128;               // etcd's --max-txn-ops
inline constexpr std::string_view kErrCompacted = "etcdserver: mvcc: required revision has been compacted";
inline constexpr std::string_view kErrFutureRev = "etcdserver: mvcc: required revision is a future revision";

using Revision = int64_t;
using LeaseId = int64_t;
using SharedBytes = std::shared_ptr<const std::string>;  // immutable; shared between store, watch cache and responses

struct KeyValue {
  std::string key = {};
  SharedBytes value = {};  // null for a tombstone and with keys_only
  Revision create_revision = 0;
  Revision mod_revision = 0;
  int64_t version = 0;  // puts since creation; 0 for a tombstone
  LeaseId lease = 0;
};

// [key, range_end): range_end empty = exactly key; "\0" alone = everything from key on.
struct RangeRequest {
  std::string key = {};
  std::string range_end = {};
  int64_t limit = 0;      // 0 = no limit
  Revision revision = 0;  // 0 = current
  bool keys_only = false;
  bool count_only = false;
};
struct RangeResponse {
  Revision revision = 0;           // the store's at the time of the read
  std::vector<KeyValue> kvs = {};  // in key order
  bool more = false;
  int64_t count = 0;  // all keys in the range, ignoring limit
};

struct Compare {
  enum class Target : unsigned char { kVersion, kCreate, kMod, kValue, kLease };
  enum class Op : unsigned char { kEqual, kGreater, kLess, kNotEqual };
  std::string key = {};
  std::string range_end = {};  // must hold for every key of the range
  Target target = Target::kMod;
  Op op = Op::kEqual;
  int64_t number = 0;
  std::string value = {};
  static Compare mod_revision(std::string key, Op op, Revision revision) {
    return {.key = std::move(key), .range_end = {}, .target = Target::kMod, .op = op, .number = revision, .value = {}};
  }
};

struct PutOp {
  std::string key = {};
  SharedBytes value = {};
  LeaseId lease = 0;
  bool prev_kv = false;
};
struct DeleteOp {
  std::string key = {};
  std::string range_end = {};
  bool prev_kv = false;
};
using TxnOp = std::variant<RangeRequest, PutOp, DeleteOp>;

struct PutResponse {
  std::vector<KeyValue> prev_kvs = {};  // none or one
};
struct DeleteResponse {
  int64_t deleted = 0;
  std::vector<KeyValue> prev_kvs = {};
};
struct TxnRequest {
  std::vector<Compare> compares = {};  // all must hold; none = true
  std::vector<TxnOp> success = {};
  std::vector<TxnOp> failure = {};
};
struct TxnResponse {
  Revision revision = 0;
  bool succeeded = false;
  std::vector<std::variant<RangeResponse, PutResponse, DeleteResponse>> responses = {};
};

struct Event {
  enum class Type : unsigned char { kPut, kDelete };
  Type type = Type::kPut;
  KeyValue kv = {};                           // kDelete: key and mod_revision only
  std::shared_ptr<const KeyValue> prev = {};  // with prev_kv, when there was one
};
// All events of one revision come in one batch. `revision` with no events is progress: nothing up to it is missing.
struct WatchBatch {
  Revision revision = 0;
  std::vector<Event> events = {};
};
struct WatchRequest {
  std::string key = {};
  std::string range_end = {};
  Revision start_revision = 0;  // 0 = from now; n = events with mod_revision >= n
  bool prev_kv = false;
  bool progress =
      false;  // a batch without events whenever the store moved past what this watch sees (at most ~1 s late)
};
// Called on a store thread, in order. An error is the last call: kOutOfRange = compacted, kResourceExhausted = the
// watcher fell behind kWatchQueueMax batches.
using WatchCallback = std::function<void(Result<WatchBatch>)>;

// Destroying it cancels; after the destructor returns no callback runs any more.
class Watch {
 public:
  virtual ~Watch() = default;
};

struct StoreStatus {
  Revision revision = 0;
  Revision compact_revision = 0;
  uint64_t applied_index = 0;
  uint64_t term = 0;
  uint64_t log_bytes = 0;
  uint64_t db_bytes = 0;
  uint64_t overlay_bytes = 0;
  uint64_t keys = 0;
  std::string version = {};
  std::string problem = {};  // empty = healthy; e.g. "no space left on device: writes are refused"
};

template <class T>
using Callback = std::move_only_function<void(Result<T>)>;

class Kv {
 public:
  virtual ~Kv() = default;
  virtual void range(RangeRequest request, Callback<RangeResponse> done) = 0;
  virtual void txn(TxnRequest request, Callback<TxnResponse> done) = 0;
  [[nodiscard]] virtual std::unique_ptr<Watch> watch(WatchRequest request, WatchCallback on_batch) = 0;
  virtual void compact(Revision revision, Callback<Revision> done) = 0;
  virtual void lease_grant(LeaseId id, int64_t ttl_seconds, Callback<LeaseId> done) = 0;  // id 0 = the store chooses
  virtual void lease_revoke(LeaseId id, Callback<Revision> done) = 0;
  virtual void lease_keep_alive(LeaseId id, Callback<int64_t> done) = 0;  // TTL in seconds; 0 = no such lease
  [[nodiscard]] virtual StoreStatus status() const = 0;
};

// Smallest key greater than every key with this prefix; "\0" for a prefix of 0xff bytes.
std::string prefix_end(std::string prefix);

// Blocking twins, for pool threads and tests: never call them on a loop or a store thread.
Result<RangeResponse> range_wait(Kv& kv, RangeRequest request);
Result<TxnResponse> txn_wait(Kv& kv, TxnRequest request);

}  // namespace appliance::store
