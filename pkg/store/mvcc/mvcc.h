// The applied state: overlay over SQLite, and the numbers that go with it. One writer (the store thread publishes), one
// flusher (the flush thread moves the overlay into SQLite), any number of readers (reader.h).
//
// The rule that makes a merged read whole: a reader pins its SQLite state and copies its part of the overlay under one
// shared lock, and the flusher drops a generation, under the exclusive lock, only after COMMIT. So what is not in the
// overlay is in the pinned state; what is in both is the same.
#pragma once

#include <memory>
#include <mutex>
#include <shared_mutex>

#include "store/mvcc/overlay.h"
#include "store/mvcc/tables.h"

namespace appliance::store::mvcc {

struct Position {
  Revision revision = 1;
  Revision compact = 0;
  int64_t keys = 0;
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
};

class Mvcc {
 public:
  // `dir` exists. What is in SQLite is the state; the caller replays the log behind position().applied_index.
  static Result<std::unique_ptr<Mvcc>> open(base::Fs& fs, const std::string& dir);

  void publish(AppliedEntry entry);  // store thread; visible to every read that begins afterwards
  [[nodiscard]] Position position() const;
  [[nodiscard]] size_t overlay_bytes() const;

  // --- flush thread ---
  // Freezes the overlay if that has to be, and writes one slice. False: nothing was left to write.
  Result<bool> flush_slice();
  // One slice of compaction when one is due; false: nothing to do.
  Result<bool> compact_slice();
  // Everything written up to now goes into the database file and onto the disk: the returned index may leave the log.
  // 0 when readers kept the checkpoint from finishing.
  Result<uint64_t> checkpoint(bool restart);
  [[nodiscard]] uint64_t flushed_index() const { return writer_.written().applied_index; }
  Result<uint64_t> db_bytes();

  // --- at start, before other threads ---
  Result<std::vector<LeaseChange>> leases() { return writer_.leases(); }
  Result<std::vector<std::pair<LeaseId, std::string>>> leased_keys() { return writer_.leased_keys(); }

 private:
  friend class Reader;
  explicit Mvcc(base::Fs& fs) : fs_(fs), vfs_(fs) {}

  base::Fs& fs_;
  base::sqlite::Vfs vfs_;
  std::string path_;
  TableWriter writer_;  // flush thread
  std::shared_ptr<const Overlay::Generation> writing_;
  size_t written_ = 0;      // entries of `writing_` that are in SQLite
  Revision compacted_ = 0;  // compaction has finished up to here

  mutable std::shared_mutex mutex_;
  Overlay overlay_;
  Position position_;
};

}  // namespace appliance::store::mvcc
