// The store's durable log: entries and hard state, appended in frames, one fdatasync each. Format: format.h.
//
//   auto log = TRY(Wal::open({.fs = fs, .dir = dir, .random = random}, [&](Entry entry) { replay(std::move(entry));
//   })); TRY(log->append(std::nullopt, entries));     // durable when it returns TRY(log->cut(applied_index)); // whole
//   segments below go
//
// Caller's duties: indices grow by one; entries are applied and acknowledged only after append() returned; cut() only
// behind an index whose effect is durable elsewhere. After an error of append() that is not kResourceExhausted the log
// is closed for writing: what a failed fdatasync left on the disk is unknown (etcd-api "fsync failure"), only reopening
// finds out.
//
// A full disk: append() writes only into space that prepare() has filled with zeros before, so it cannot fail for lack
// of room; room() says what is left, and the caller refuses proposals that would not fit.
//
// Threads: append() on one thread; prepare(), cut() and room() on any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/fs.h"
#include "base/random.h"
#include "store/wal/frame.h"
#include "store/wal/types.h"

namespace appliance::store::wal {

inline constexpr uint64_t kSegmentBytes = 16U << 20U;  // several of the largest entries; 20-50 ms to fill with zeros
inline constexpr uint64_t kFirstSegmentBytes = 1U << 20U;  // of a new log: the start must not wait for 16 MiB of zeros
inline constexpr uint64_t kFrameBytesMax = 4U << 20U;      // one write: bounds the latency of a group commit
inline constexpr uint64_t kSegmentFileMax = 1U << 30U;     // a larger file is not ours

inline constexpr std::string_view kSparePrefix = "spare-";  // blanks in the folder of the log

struct WalOptions {
  base::Fs& fs;
  std::string dir;
  base::Random& random;
  uint64_t segment_bytes = kSegmentBytes;
};

// What open() found.
struct Recovery {
  uint64_t segments = 0;
  uint64_t entries = 0;
  uint64_t first_index = 0;  // of the entries that are kept; 0 = none
  uint64_t last_index = 0;   // 0 = the log never had one
  HardState state;
  uint64_t torn_bytes = 0;  // cut from the tail; 0 = it was clean
  uint64_t torn_offset = 0;
  std::string torn_segment;
};

class Wal {
 public:
  struct Room {
    uint64_t active_bytes = 0;  // left in the active segment
    bool spare = false;         // a whole prepared segment stands behind it
  };

  // Replays every entry in order. kDataLoss: a frame that had been synced is damaged; kFailedPrecondition: newer
  // format.
  static Result<std::unique_ptr<Wal>> open(WalOptions options, const std::function<Result<>(Entry)>& replay);

  Result<> append(const std::optional<HardState>& state, std::span<const Entry> entries);
  // Makes the spare segment when there is none. kResourceExhausted when the disk is full; nothing is left behind then.
  Result<> prepare();
  // Removes segments that hold only entries up to `index`. Returns how many.
  Result<int> cut(uint64_t index);

  [[nodiscard]] Room room() const;
  [[nodiscard]] uint64_t segment_bytes() const { return options_.segment_bytes; }
  [[nodiscard]] uint64_t disk_bytes() const;
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }

 private:
  struct Segment {
    uint64_t number = 0;
    uint64_t first_index = 0;
    uint64_t bytes = 0;
    std::string path;
  };

  // A file of zeros that is not part of the log yet; each has a name of its own, because the next is made while one is
  // taken.
  struct Blank {
    std::unique_ptr<base::File> file;
    std::string path;
  };

  explicit Wal(WalOptions options) : options_(std::move(options)) {}
  Result<> recover(const std::function<Result<>(Entry)>& replay);
  Result<> recover_segment(const std::string& name, bool last, const std::function<Result<>(Entry)>& replay);
  Result<> replay_frame(DecodedFrame frame, const std::string& path, const std::function<Result<>(Entry)>& replay);
  Result<> check_tail(const std::string& path, std::string_view bytes, uint64_t offset, bool last);
  Result<> repair(base::File& file, std::string_view bytes, uint64_t offset);
  Result<Blank> make_blank(uint64_t bytes);
  Result<Blank> take_blank();
  Result<> start_segment(uint64_t first_index);
  Result<> append_frame(const std::optional<HardState>& state, std::span<const Entry> entries);
  [[nodiscard]] std::string path_of(uint64_t number) const;

  WalOptions options_;
  Recovery recovery_;
  // The appending thread's.
  std::unique_ptr<base::File> active_;
  SegmentHeader header_;
  uint64_t next_frame_ = 1;
  uint32_t chain_ = 0;
  uint64_t last_index_ = 0;
  bool broken_ = false;
  // Shared.
  mutable std::mutex mutex_;
  std::mutex prepare_mutex_;  // held while a blank is made; before mutex_
  uint64_t blanks_ = 0;
  std::vector<Segment> segments_;  // in order; the last is active
  uint64_t offset_ = 0;            // end of the frames in the active segment
  uint64_t active_size_ = 0;
  Blank spare_;
};

}  // namespace appliance::store::wal
