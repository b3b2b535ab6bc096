// Reads of the merged state (mvcc.h): ranges at the current or a past revision, and history for watches. One Reader per
// reading thread; it owns a SQLite connection.
#pragma once

#include "store/mvcc/mvcc.h"

namespace appliance::store::mvcc {

// What a transaction has written so far, newest per key; seen over everything else.
using Staged = Overlay::Newest;

struct HistoryPage {
  std::vector<Change> changes;  // whole revisions, in order
  Revision through = 0;         // nothing is missing up to here
};

class Reader {
 public:
  static Result<Reader> open(const Mvcc& mvcc);

  // kOutOfRange with kErrCompacted or kErrFutureRev.
  Result<RangeResponse> range(const RangeRequest& request) { return range(request, nullptr); }
  // Inside a transaction: `staged` lies over the current state, as its revision `staged_revision`.
  Result<RangeResponse> range(const RangeRequest& request, const Staged* staged, Revision staged_revision = 0);
  // The live record of the key now; null when there is none. Store thread only (nothing is published meanwhile).
  Result<RecordPtr> latest(std::string_view key);
  // All live records of the interval now, under `staged`. Store thread only.
  Result<std::vector<RecordPtr>> collect(const Interval& interval, const Staged& staged);
  // The writes from revision `from` on, up to about `rows_max` of them. kOutOfRange when compacted.
  Result<HistoryPage> history(Revision from, size_t rows_max, bool with_prev);

 private:
  struct Pinned;
  struct Merge;
  explicit Reader(const Mvcc& mvcc) : mvcc_(&mvcc) {}
  Result<RangeResponse> read(const RangeRequest& request, const Interval& interval, const Pinned& at);
  Result<int64_t> count(const Interval& interval, const Pinned& at);
  Result<> merge(const Interval& interval, const Pinned& at, bool with_value, const TableReader::Visit& visit);
  Result<> add_prev(std::vector<Change>& changes);

  const Mvcc* mvcc_;
  TableReader tables_;
};

}  // namespace appliance::store::mvcc
