// Opening a log: read all segments, check the chain, tell a torn tail from damage, repair the first and refuse the
// second.
#include <algorithm>
#include <charconv>

#include "store/wal/wal.h"

namespace appliance::store::wal {
namespace {

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

std::optional<uint64_t> segment_number(std::string_view name) {
  uint64_t number = 0;
  if (name.size() != 20 || !name.ends_with(".wal")) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 16, number, 16);
  if (error != std::errc{} || end != name.data() + 16) return std::nullopt;
  return number;
}

Error damaged(const std::string& path, const std::string& what) {
  return Error{.code = Code::kDataLoss,
               .message = "log segment " + path + ": " + what,
               .errno_value = 0,
               .hint =
                   "data that was already acknowledged is damaged: check the disk, then restore the data folder from a "
                   "backup (docs/operate.md); nothing was changed"};
}

}  // namespace

Result<> Wal::recover(const std::function<Result<>(Entry)>& replay) {
  std::vector<std::string> names;
  for (const std::string& name : TRY(options_.fs.list(options_.dir))) {
    if (segment_number(name)) names.push_back(name);
    if (name.starts_with(kSparePrefix))
      TRY(options_.fs.remove(options_.dir + "/" + name));  // how far it was filled is unknown
  }
  std::ranges::sort(names);
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string path = options_.dir + "/" + names[i];
    if (i > 0 && *segment_number(names[i]) != *segment_number(names[i - 1]) + 1) {
      return fail(damaged(path, "the segment before it is missing"));
    }
    TRY(recover_segment(names[i], i + 1 == names.size(), replay));
  }
  recovery_.segments = names.size();
  recovery_.last_index = last_index_;
  return {};
}

Result<> Wal::recover_segment(const std::string& name, bool last, const std::function<Result<>(Entry)>& replay) {
  const std::string path = options_.dir + "/" + name;
  auto file = TRY(options_.fs.open(path, {.write = true}));
  const uint64_t size = TRY(file->size());
  if (size > kSegmentFileMax) return fail(damaged(path, "it is larger than any segment"));
  std::string bytes(size, '\0');
  bytes.resize(TRY(file->read_at(0, bytes)));

  auto header = decode_header(bytes);
  if (!header && header.error().code == Code::kDataLoss) return fail(damaged(path, header.error().message));
  if (!header) return fail(header.error().wrap("log segment " + path));
  const bool first = segments_.empty();
  if (header->number != *segment_number(name)) return fail(damaged(path, "its number is not that of its name"));
  if (!first && (header->first_frame != next_frame_ || header->chain != chain_)) {
    return fail(damaged(path, "it does not continue the segment before it"));
  }
  if (first) last_index_ = header->first_index - 1;
  next_frame_ = header->first_frame;
  chain_ = header->chain;
  header_ = *header;

  uint64_t at = kSegmentHeaderBytes;
  while (auto frame =
             decode_frame(bytes, {.salt = header->salt, .offset = at, .number = next_frame_, .chain = chain_})) {
    at += frame->bytes;
    chain_ = frame->checksum;
    ++next_frame_;
    TRY(replay_frame(std::move(*frame), path, replay));
  }
  TRY(check_tail(path, bytes, at, last));
  if (last) {
    TRY(repair(*file, bytes, at));
    // Frames may stand in the page cache alone (kill -9 between write and sync): nothing is applied from those.
    TRY(file->sync());
    active_ = std::move(file);
    offset_ = at;
    active_size_ = std::max<uint64_t>(bytes.size(), at);
  }
  segments_.push_back({.number = header->number, .first_index = header->first_index, .bytes = size, .path = path});
  return {};
}

Result<> Wal::replay_frame(DecodedFrame frame, const std::string& path, const std::function<Result<>(Entry)>& replay) {
  if (frame.state) recovery_.state = *frame.state;
  for (Entry& entry : frame.entries) {
    if (entry.index != last_index_ + 1) {
      return fail(
          damaged(path, "entry " + std::to_string(entry.index) + " follows entry " + std::to_string(last_index_)));
    }
    last_index_ = entry.index;
    if (recovery_.first_index == 0) recovery_.first_index = entry.index;
    ++recovery_.entries;
    TRY(replay(std::move(entry)));
  }
  return {};
}

Result<> Wal::check_tail(const std::string& path, std::string_view bytes, uint64_t offset, bool last) {
  if (all_zero(bytes.substr(std::min<size_t>(offset, bytes.size())))) return {};
  const std::string at = "frame " + std::to_string(next_frame_) + " at byte " + std::to_string(offset) + " is damaged";
  if (!last) return fail(damaged(path, at + ", and a later segment follows it"));
  if (const auto later = find_later_frame(bytes, offset + 8, header_.salt, next_frame_)) {
    return fail(damaged(path, at + ", and a later frame follows it at byte " + std::to_string(*later)));
  }
  return {};
}

Result<> Wal::repair(base::File& file, std::string_view bytes, uint64_t offset) {
  const size_t end = bytes.find_last_not_of('\0');
  if (end == std::string_view::npos || end < offset) return {};
  recovery_.torn_bytes = end + 1 - offset;
  recovery_.torn_offset = offset;
  recovery_.torn_segment = path_of(header_.number);
  TRY_CTX(file.write_at(offset, std::string(recovery_.torn_bytes, '\0')), "repair of the log");
  return {};
}

}  // namespace appliance::store::wal
