// The overlay: what is applied and not yet in SQLite, sorted by key. Two generations: `active` grows, `frozen` is being
// written out. Readers see both, over SQLite.
//
// Not thread-safe: the Mvcc guards it. Between calls: every record of a generation is newer than every record of the
// one below it, and the records of a key stand in ascending order.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "store/mvcc/record.h"

namespace appliance::store::mvcc {

class Overlay {
 public:
  struct Generation {
    std::map<std::string_view, std::vector<RecordPtr>, std::less<>> by_key;  // keys live in the records
    std::vector<AppliedEntry> entries;                                       // in log order
    size_t bytes = 0;
  };
  using Newest = std::map<std::string_view, RecordPtr, std::less<>>;

  void add(AppliedEntry entry);
  // Makes the active generation the frozen one; null when there is nothing to write or the last is still being written.
  std::shared_ptr<const Generation> freeze();
  // The frozen generation is in SQLite.
  void drop_frozen() { frozen_.reset(); }

  // The newest record of the key at or below `packed_max`; null when the overlay has none.
  [[nodiscard]] RecordPtr find(std::string_view key, int64_t packed_max) const;
  // The same for each key of the interval, tombstones included.
  [[nodiscard]] Newest collect(const Interval& interval, int64_t packed_max) const;
  // All writes of main revisions [from, to], in order of revision.
  [[nodiscard]] std::vector<Change> history(Revision from, Revision to) const;
  [[nodiscard]] size_t bytes() const { return active_->bytes + (frozen_ ? frozen_->bytes : 0); }
  [[nodiscard]] bool active_empty() const { return active_->entries.empty(); }

 private:
  std::shared_ptr<Generation> active_ = std::make_shared<Generation>();
  std::shared_ptr<Generation> frozen_;
};

}  // namespace appliance::store::mvcc
