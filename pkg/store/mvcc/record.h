// What the state machine writes: one Record per put or deleted key, one AppliedEntry per log entry. Immutable values
// that the overlay, readers, watchers and the flusher share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "store/kv.h"

namespace appliance::store::mvcc {

// A revision in SQLite is main << kSubBits | sub: four million writes in one transaction, 2^41 transactions.
inline constexpr int kSubBits = 22;
inline constexpr int64_t kSubMax = (int64_t{1} << kSubBits) - 1;
constexpr int64_t pack(Revision main, int64_t sub) { return main << kSubBits | sub; }
constexpr Revision main_of(int64_t packed) { return packed >> kSubBits; }

struct Record {
  std::string key;
  int64_t packed = 0;  // pack(main, sub)
  Revision create_revision = 0;
  int64_t version = 0;  // 0 = tombstone
  LeaseId lease = 0;
  SharedBytes value;
  std::shared_ptr<const Record>
      prev;  // what the key held before this write; null when nothing. Not kept by flushed records

  [[nodiscard]] bool tombstone() const { return version == 0; }
  [[nodiscard]] Revision revision() const { return main_of(packed); }
  [[nodiscard]] size_t bytes() const { return sizeof(Record) + 64 + key.size() * 2 + (value ? value->size() : 0); }
};
using RecordPtr = std::shared_ptr<const Record>;

// A write as watchers see it. Beside the record, not in it: records that point at their past would keep all of it in
// memory.
struct Change {
  RecordPtr now;
  RecordPtr prev;  // what the key held before; null when nothing
};

struct LeaseChange {
  LeaseId id = 0;
  int64_t ttl_seconds = 0;  // 0 = revoked
};

// Everything one log entry did. Whole entries go to SQLite together with their index, so replay never sees half of one.
struct AppliedEntry {
  uint64_t term = 0;
  uint64_t index = 0;
  Revision revision = 0;  // the store's after this entry
  int64_t keys = 0;       // live keys after this entry
  Revision compact = 0;   // > 0: history below goes
  std::vector<Change> changes;
  std::vector<LeaseChange> leases;
};

// The KeyValue that callers see.
inline KeyValue to_key_value(const Record& record, bool keys_only = false) {
  return {.key = record.key,
          .value = keys_only || record.tombstone() ? nullptr : record.value,
          .create_revision = record.tombstone() ? 0 : record.create_revision,
          .mod_revision = record.revision(),
          .version = record.version,
          .lease = record.lease};
}

// Half-open interval of keys; no end = to the last key. Empty when nothing can be in it.
struct Interval {
  std::string begin;
  std::string end;
  bool unbounded = false;

  [[nodiscard]] bool contains(std::string_view key) const { return key >= begin && (unbounded || key < end); }
  [[nodiscard]] bool empty() const { return !unbounded && begin >= end; }
  [[nodiscard]] bool single() const {
    return !unbounded && end.size() == begin.size() + 1 && end.back() == '\0' && end.starts_with(begin);
  }
};
// kv.h's form: range_end empty = exactly key; "\0" = everything from key on.
inline Interval interval_of(const std::string& key, const std::string& range_end) {
  if (range_end.empty()) return {.begin = key, .end = key + '\0'};
  if (range_end == std::string_view("\0", 1)) return {.begin = key, .end = {}, .unbounded = true};
  return {.begin = key, .end = range_end};
}

}  // namespace appliance::store::mvcc
