#include "store/mvcc/txn.h"

#include <algorithm>
#include <set>

namespace appliance::store::mvcc {
namespace {

std::unexpected<Error> invalid(std::string_view what) {
  return fail(Code::kInvalidArgument, "etcdserver: " + std::string(what));
}

// The same key put twice, or put and inside a deleted interval. Deletes may overlap each other.
Result<> check_duplicates(const std::vector<TxnOp>& ops) {
  std::set<std::string_view> puts;
  for (const TxnOp& op : ops) {
    if (const auto* put = std::get_if<PutOp>(&op); put != nullptr && !puts.insert(put->key).second) {
      return invalid("duplicate key given in txn request");
    }
  }
  for (const TxnOp& op : ops) {
    const auto* del = std::get_if<DeleteOp>(&op);
    if (del == nullptr) continue;
    const Interval interval = interval_of(del->key, del->range_end);
    const auto it = puts.lower_bound(interval.begin);
    if (it != puts.end() && interval.contains(*it)) return invalid("duplicate key given in txn request");
  }
  return {};
}

Result<> check_ops(const std::vector<TxnOp>& ops, size_t& bytes) {
  if (ops.size() > kTxnOpsMax) return invalid("too many operations in txn request");
  for (const TxnOp& op : ops) {
    if (std::visit([](const auto& o) { return o.key.empty(); }, op)) return invalid("key is not provided");
    bytes += std::visit([](const auto& o) { return o.key.size(); }, op);
    const auto* put = std::get_if<PutOp>(&op);
    if (put == nullptr || !put->value) continue;
    if (put->value->size() > kValueBytesMax) return invalid("request is too large");
    bytes += put->value->size();
  }
  return check_duplicates(ops);
}

template <class T>
bool holds(const T& have, Compare::Op op, const T& want) {
  switch (op) {
    case Compare::Op::kEqual:
      return have == want;
    case Compare::Op::kGreater:
      return have > want;
    case Compare::Op::kLess:
      return have < want;
    case Compare::Op::kNotEqual:
      return have != want;
  }
  return false;
}

bool holds(const Compare& compare, const Record* record) {
  switch (compare.target) {
    case Compare::Target::kVersion:
      return holds<int64_t>(record ? record->version : 0, compare.op, compare.number);
    case Compare::Target::kCreate:
      return holds<int64_t>(record ? record->create_revision : 0, compare.op, compare.number);
    case Compare::Target::kMod:
      return holds<int64_t>(record ? record->revision() : 0, compare.op, compare.number);
    case Compare::Target::kLease:
      return holds<int64_t>(record ? record->lease : 0, compare.op, compare.number);
    case Compare::Target::kValue:
      if (record == nullptr) return false;  // a missing key never compares by value, whatever the operator
      return holds<std::string_view>(record->value ? std::string_view(*record->value) : std::string_view(), compare.op,
                                     compare.value);
  }
  return false;
}

// One run of a transaction: its writes so far lie in `staged_` and are seen by the ops behind them.
class Run {
 public:
  explicit Run(const TxnContext& context) : context_(context), revision_(context.position.revision + 1) {}

  Result<bool> compare(const Compare& c) {
    if (c.range_end.empty()) {
      const RecordPtr record = TRY(context_.reader.latest(c.key));
      return holds(c, record.get());
    }
    const auto records = TRY(context_.reader.collect(interval_of(c.key, c.range_end), staged_));
    if (records.empty()) return holds(c, nullptr);
    return std::ranges::all_of(records, [&](const RecordPtr& r) { return holds(c, r.get()); });
  }

  // What could fail is looked at before the first write, so that a failing op leaves nothing behind (etcd #18667).
  Result<> check(const std::vector<TxnOp>& ops) {
    for (const TxnOp& op : ops) {
      if (const auto* put = std::get_if<PutOp>(&op);
          put != nullptr && put->lease != 0 && !context_.lease_exists(put->lease)) {
        return fail(Code::kNotFound, "etcdserver: requested lease not found");
      }
      const auto* range = std::get_if<RangeRequest>(&op);
      if (range == nullptr || range->revision <= 0) continue;
      if (range->revision > context_.position.revision) return fail(Code::kOutOfRange, std::string(kErrFutureRev));
      if (range->revision < context_.position.compact) return fail(Code::kOutOfRange, std::string(kErrCompacted));
    }
    return {};
  }

  Result<> execute(const RangeRequest& op) {
    effect_.response.responses.emplace_back(TRY(context_.reader.range(op, &staged_, revision_)));
    return {};
  }

  Result<> execute(const PutOp& op) {
    RecordPtr prev = TRY(current(op.key));
    auto now = std::make_shared<Record>();
    now->key = op.key;
    now->create_revision = prev ? prev->create_revision : revision_;
    now->version = prev ? prev->version + 1 : 1;
    now->lease = op.lease;
    now->value = op.value ? op.value : std::make_shared<const std::string>();
    PutResponse response;
    if (op.prev_kv && prev) response.prev_kvs.push_back(to_key_value(*prev));
    effect_.response.responses.emplace_back(std::move(response));
    if (!prev) ++effect_.keys_delta;
    write(std::move(now), std::move(prev));
    return {};
  }

  Result<> execute(const DeleteOp& op) {
    DeleteResponse response;
    const Interval interval = interval_of(op.key, op.range_end);
    std::vector<RecordPtr> found;
    if (interval.single()) {
      if (RecordPtr one = TRY(current(interval.begin))) found.push_back(std::move(one));
    } else {
      found = TRY(context_.reader.collect(interval, staged_));
    }
    for (RecordPtr& prev : found) {
      ++response.deleted;
      if (op.prev_kv) response.prev_kvs.push_back(to_key_value(*prev));
      remove(std::move(prev));
    }
    effect_.response.responses.emplace_back(std::move(response));
    return {};
  }

  Result<> remove_key(const std::string& key) {
    if (RecordPtr prev = TRY(current(key))) remove(std::move(prev));
    return {};
  }

  TxnEffect finish(bool succeeded) {
    effect_.response.succeeded = succeeded;
    effect_.response.revision = effect_.changes.empty() ? context_.position.revision : revision_;
    return std::move(effect_);
  }

 private:
  Result<RecordPtr> current(std::string_view key) {
    const auto it = staged_.find(key);
    if (it == staged_.end()) return context_.reader.latest(key);
    return it->second->tombstone() ? nullptr : it->second;
  }

  void remove(RecordPtr prev) {
    auto now = std::make_shared<Record>();
    now->key = prev->key;
    --effect_.keys_delta;
    write(std::move(now), std::move(prev));
  }

  void write(std::shared_ptr<Record> now, RecordPtr prev) {
    now->packed = pack(revision_, static_cast<int64_t>(effect_.changes.size()));
    RecordPtr record = std::move(now);
    staged_.erase(record->key);  // the old entry's key lives in the record that it holds
    staged_.emplace(record->key, record);
    effect_.changes.push_back({.now = std::move(record), .prev = std::move(prev)});
  }

  const TxnContext& context_;
  Revision revision_;
  Staged staged_;
  TxnEffect effect_;
};

}  // namespace

Result<> validate(const TxnRequest& request) {
  size_t bytes = 0;
  if (request.compares.size() > kTxnOpsMax) return invalid("too many operations in txn request");
  for (const Compare& c : request.compares) {
    if (c.key.empty()) return invalid("key is not provided");
    bytes += c.key.size() + c.value.size();
  }
  TRY(check_ops(request.success, bytes));
  TRY(check_ops(request.failure, bytes));
  if (bytes > kTxnBytesMax) return invalid("request is too large");
  return {};
}

bool read_only(const TxnRequest& request) {
  const auto is_range = [](const TxnOp& op) { return std::holds_alternative<RangeRequest>(op); };
  return std::ranges::all_of(request.success, is_range) && std::ranges::all_of(request.failure, is_range);
}

Result<TxnEffect> evaluate(const TxnContext& context, const TxnRequest& request) {
  Run run(context);
  bool succeeded = true;
  for (const Compare& c : request.compares) {
    succeeded = TRY(run.compare(c));
    if (!succeeded) break;
  }
  const std::vector<TxnOp>& ops = succeeded ? request.success : request.failure;
  if (Result<> checked = run.check(ops); !checked) return TxnEffect{.refused = std::move(checked).error()};
  for (const TxnOp& op : ops) TRY(std::visit([&](const auto& o) { return run.execute(o); }, op));
  return run.finish(succeeded);
}

Result<TxnEffect> delete_keys(const TxnContext& context, const std::vector<std::string>& keys) {
  Run run(context);
  for (const std::string& key : keys) TRY(run.remove_key(key));
  return run.finish(true);
}

}  // namespace appliance::store::mvcc
