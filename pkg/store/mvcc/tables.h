// The SQLite side of the store: the history of every key, the live keys, leases, and where the log has been applied to.
//
//   meta(name, value)                     applied_index, applied_term, revision, keys, compact, scanned
//   kv(rev, key, create_rev, version, lease, value)   rev = pack(main, sub); version 0 = tombstone; unique (key, rev)
//   live(key, rev)                        the newest revision of each key that is not deleted: ranges and counts stay
//   off history lease(id, ttl)
// user_version is the format: a newer one is refused. Writes come in slices of whole log entries, about kSliceRows
// rows, each with the applied index in the same transaction; COMMIT does not sync, checkpoint() does.
//
// TableWriter: one, on the flush thread. TableReader: one per reading thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/sqlite/database.h"
#include "store/mvcc/record.h"

namespace appliance::store::mvcc {

inline constexpr int kTablesFormat = 1;
inline constexpr size_t kSliceRows = 256;  // a COMMIT of 1,000 random keys takes 5 ms, of 256 about 1 ms

struct Meta {
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
  Revision revision = 1;  // etcd's empty store
  int64_t keys = 0;
  Revision compact = 0;  // reads below are refused
  int64_t scanned = 0;   // packed revision that compaction has reached
};

class TableWriter {
 public:
  // Makes the tables in a new file. kFailedPrecondition: written by a newer version.
  static Result<TableWriter> open(const std::string& path, const base::sqlite::Vfs& vfs);
  Result<Meta> meta();
  Result<std::vector<LeaseChange>> leases();
  Result<std::vector<std::pair<LeaseId, std::string>>> leased_keys();
  // One transaction: as many whole entries as fill a slice, at least one. Returns how many were written.
  Result<size_t> write_slice(std::span<const AppliedEntry> entries);
  // One transaction of compaction: looks at up to `rows` writes between the last compaction and `to`, and deletes what
  // they made unreadable. True when `to` is reached. A crash between two slices is taken up where it was.
  Result<bool> compact_slice(Revision to, size_t rows);
  Result<base::sqlite::Database::Checkpoint> checkpoint(bool restart) { return db_.checkpoint(restart); }
  [[nodiscard]] const Meta& written() const { return meta_; }  // as of the last COMMIT
  Result<> vacuum_slice(int pages);                            // gives free pages back to the file system

 private:
  Result<> make_tables();
  Result<> prepare_all();
  Result<> write_entry(const AppliedEntry& entry);
  Result<> write_record(const Record& record);
  Result<> set_meta(std::string_view name, int64_t value);
  Result<> compact_row(int64_t packed, std::string_view key, bool tombstone, Revision to);
  base::sqlite::Database db_;
  base::sqlite::Statement begin_, commit_, rollback_, insert_kv_, set_live_, drop_live_, set_lease_, drop_lease_,
      set_meta_, scan_, drop_older_, drop_rev_;
  Meta meta_;
};

class TableReader {
 public:
  static Result<TableReader> open(const std::string& path, const base::sqlite::Vfs& vfs);

  // Everything until unpin() reads one committed state. Also works without: then each call reads the newest.
  Result<> pin();
  void unpin();

  Result<RecordPtr> latest(std::string_view key);              // live only; null when there is none
  Result<RecordPtr> at(std::string_view key, int64_t packed);  // newest at or below, tombstones included
  Result<bool> is_live(std::string_view key);
  Result<int64_t> count_live(const Interval& interval);
  // In key order until `visit` returns false. Live rows; or, with `packed_max`, the newest of each key at or below it,
  // tombstones included. `with_value` false: no value is read.
  using Visit = std::function<bool(RecordPtr)>;
  Result<> scan(const Interval& interval, std::optional<int64_t> packed_max, bool with_value, const Visit& visit);
  // Writes with packed revisions [from, to], in order, at most `rows`.
  Result<std::vector<RecordPtr>> history(int64_t from, int64_t to, size_t rows);

 private:
  base::sqlite::Database db_;
  base::sqlite::Statement begin_, touch_, end_, latest_, at_, is_live_, count_, count_from_, scan_live_, scan_past_,
      history_;
};

}  // namespace appliance::store::mvcc
