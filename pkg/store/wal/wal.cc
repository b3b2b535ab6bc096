#include "store/wal/wal.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace appliance::store::wal {

std::string Wal::path_of(uint64_t number) const {
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx", static_cast<unsigned long long>(number));
  return options_.dir + name + ".wal";
}

Result<std::unique_ptr<Wal>> Wal::open(WalOptions options, const std::function<Result<>(Entry)>& replay) {
  auto log = std::unique_ptr<Wal>(new Wal(std::move(options)));
  TRY(log->options_.fs.make_dirs(log->options_.dir, 0700));
  TRY(log->recover(replay));
  if (log->segments_.empty()) {
    log->spare_ = TRY_CTX(log->make_blank(std::min(kFirstSegmentBytes, log->options_.segment_bytes)), "log");
    TRY(log->start_segment(1));
  }
  return log;
}

Result<Wal::Blank> Wal::make_blank(uint64_t bytes) {
  const std::string path = options_.dir + "/" + std::string(kSparePrefix) + std::to_string(++blanks_);
  auto file = TRY(options_.fs.open(path, {.write = true, .create = true, .truncate = true}));
  Result<> filled = file->allocate(bytes);
  if (filled) filled = file->sync();
  if (!filled) {
    (void)options_.fs.remove(
        path);  // half a segment would only take the room that others need; open() removes leftovers
    return fail(std::move(filled).error());
  }
  return Blank{.file = std::move(file), .path = path};
}

Result<> Wal::prepare() {
  const std::lock_guard one(prepare_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (spare_.file) return {};
  }
  Blank blank = TRY_CTX(make_blank(options_.segment_bytes), "log");
  const std::lock_guard lock(mutex_);
  spare_ = std::move(blank);
  return {};
}

Result<Wal::Blank> Wal::take_blank() {
  {
    const std::lock_guard lock(mutex_);
    if (spare_.file) return std::exchange(spare_, {});
  }
  const std::lock_guard one(prepare_mutex_);  // prepare() may be at it: then this waits for what it makes
  {
    const std::lock_guard lock(mutex_);
    if (spare_.file) return std::exchange(spare_, {});
  }
  return make_blank(options_.segment_bytes);
}

// Order: header into the blank file, sync, rename, sync of the folder. Only then does a frame go into it.
Result<> Wal::start_segment(uint64_t first_index) {
  Blank blank = TRY_CTX(take_blank(), "log");
  unsigned char salt[4];
  options_.random.fill(salt);
  SegmentHeader header{.version = kFormatVersion,
                       .salt = 0,
                       .number = segments_.empty() ? 1 : segments_.back().number + 1,
                       .first_frame = next_frame_,
                       .first_index = first_index,
                       .chain = chain_};
  std::memcpy(&header.salt, salt, 4);
  const std::string path = path_of(header.number);
  TRY(blank.file->write_at(0, encode_header(header)));
  TRY(blank.file->sync());
  TRY(options_.fs.rename(blank.path, path));
  TRY(options_.fs.sync_dir(options_.dir));
  const uint64_t size = TRY(blank.file->size());
  header_ = header;
  active_ = std::move(blank.file);
  const std::lock_guard lock(mutex_);
  segments_.push_back({.number = header.number, .first_index = first_index, .bytes = size, .path = path});
  offset_ = kSegmentHeaderBytes;
  active_size_ = size;
  return {};
}

Result<> Wal::append_frame(const std::optional<HardState>& state, std::span<const Entry> entries) {
  const FramePlace place{.salt = header_.salt, .offset = offset_, .number = next_frame_, .chain = chain_};
  const EncodedFrame frame = encode_frame(place, state, entries);
  TRY(active_->write_at(offset_, frame.bytes));
  TRY(active_->sync());
  chain_ = frame.checksum;
  ++next_frame_;
  if (!entries.empty()) last_index_ = entries.back().index;
  const std::lock_guard lock(mutex_);
  offset_ += frame.bytes.size();
  return {};
}

Result<> Wal::append(const std::optional<HardState>& state, std::span<const Entry> entries) {
  if (broken_) return fail(Code::kDataLoss, "log: closed for writing after an earlier error");
  std::optional<HardState> pending = state;
  // A call that stopped half way for lack of room is repeated whole: what is durable already is not written again.
  while (!entries.empty() && entries.front().index <= last_index_) entries = entries.subspan(1);
  if (!pending && entries.empty()) return {};
  do {
    const uint64_t fixed = kFrameHeaderBytes + (pending ? kRecordHeaderBytes : 0);
    const uint64_t room = std::min(kFrameBytesMax, active_size_ - offset_);
    uint64_t bytes = fixed;
    size_t n = 0;
    while (n < entries.size() && (n == 0 || bytes + entry_bytes(entries[n]) <= room))
      bytes += entry_bytes(entries[n++]);
    if (bytes > active_size_ - offset_) {
      if (bytes + kSegmentHeaderBytes > options_.segment_bytes) {
        return fail(Code::kInvalidArgument,
                    "log: an entry of " + std::to_string(bytes) + " bytes is larger than a segment");
      }
      // A full disk here leaves the log as it was: the frame was not begun.
      if (Result<> rolled = start_segment(last_index_ + 1); !rolled) {
        broken_ = rolled.error().code != Code::kResourceExhausted;
        return rolled;
      }
      continue;
    }
    if (Result<> done = append_frame(pending, entries.subspan(0, n)); !done) {
      broken_ = true;
      return fail(done.error().wrap("log"));
    }
    pending.reset();
    entries = entries.subspan(n);
  } while (pending || !entries.empty());
  return {};
}

Result<int> Wal::cut(uint64_t index) {
  std::vector<Segment> old;
  {
    const std::lock_guard lock(mutex_);
    while (segments_.size() > 1 && segments_[1].first_index <= index + 1) {
      old.push_back(segments_.front());
      segments_.erase(segments_.begin());
    }
  }
  // Oldest first, so that a crash in between leaves no gap.
  for (const Segment& segment : old) TRY_CTX(options_.fs.remove(segment.path), "log");
  if (!old.empty()) TRY_CTX(options_.fs.sync_dir(options_.dir), "log");
  return static_cast<int>(old.size());
}

Wal::Room Wal::room() const {
  const std::lock_guard lock(mutex_);
  return {.active_bytes = active_size_ - offset_, .spare = spare_.file != nullptr};
}

uint64_t Wal::disk_bytes() const {
  const std::lock_guard lock(mutex_);
  uint64_t sum = spare_.file ? options_.segment_bytes : 0;
  for (const Segment& segment : segments_) sum += segment.bytes;
  return sum;
}

}  // namespace appliance::store::wal
