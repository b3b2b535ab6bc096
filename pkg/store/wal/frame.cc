#include "store/wal/frame.h"

#include "base/crc32c.h"

namespace appliance::store::wal {
namespace {

uint32_t place_mark(uint32_t salt, uint64_t offset) { return salt ^ static_cast<uint32_t>(offset / 8); }

bool begins_frame(std::string_view segment, uint64_t offset, uint32_t salt) {
  if (offset + kFrameHeaderBytes > segment.size()) return false;
  const std::string_view header = segment.substr(offset, kFrameHeaderBytes);
  return get<uint32_t>(header, 0) == kFrameMagic && get<uint32_t>(header, 16) == place_mark(salt, offset) &&
         get<uint32_t>(header, 20) == base::crc32c(0, header.substr(0, 20));
}

void put_record(std::string& out, RecordType type, uint64_t a, uint64_t b, uint64_t c, std::string_view payload) {
  put(out, static_cast<uint32_t>(payload.size()));
  put(out, static_cast<uint32_t>(type));
  put(out, a);
  put(out, b);
  put(out, c);
  out += payload;
  out.resize(padded(out.size()));
}

bool decode_records(std::string_view body, DecodedFrame& out) {
  while (!body.empty()) {
    if (body.size() < kRecordHeaderBytes) return false;
    const size_t length = get<uint32_t>(body, 0);
    const size_t whole = kRecordHeaderBytes + padded(length);
    if (whole > body.size()) return false;
    const auto type = static_cast<RecordType>(get<uint8_t>(body, 4));
    const auto term = get<uint64_t>(body, 8);
    const auto second = get<uint64_t>(body, 16);
    switch (type) {
      case RecordType::kHardState:
        out.state = HardState{.term = term, .vote = second, .commit = get<uint64_t>(body, 24)};
        break;
      case RecordType::kEntry:
      case RecordType::kConfChange:
        out.entries.push_back({.term = term,
                               .index = second,
                               .type = type == RecordType::kEntry ? EntryType::kNormal : EntryType::kConfChange,
                               .data = std::string(body.substr(kRecordHeaderBytes, length))});
        break;
      default:
        return false;
    }
    body.remove_prefix(whole);
  }
  return true;
}

}  // namespace

std::string encode_header(const SegmentHeader& header) {
  std::string out(kSegmentMagic);
  put(out, header.version);
  put(out, header.salt);
  put(out, header.number);
  put(out, header.first_frame);
  put(out, header.first_index);
  put(out, header.chain);
  put(out, base::crc32c(0, out));
  out.resize(kSegmentHeaderBytes);
  return out;
}

Result<SegmentHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) {
    return fail(Code::kDataLoss, "not a log segment");
  }
  // The version comes before the checksum: a newer format may place it elsewhere.
  const auto version = get<uint32_t>(bytes, 8);
  if (version > kFormatVersion) {
    return fail(Error{.code = Code::kFailedPrecondition,
                      .message = "log format " + std::to_string(version) +
                                 " was written by a newer version of appliance; "
                                 "this one reads up to format " +
                                 std::to_string(kFormatVersion),
                      .errno_value = 0,
                      .hint = "start the newer version again, or restore a snapshot made by this one"});
  }
  if (get<uint32_t>(bytes, 44) != base::crc32c(0, bytes.substr(0, 44))) {
    return fail(Code::kDataLoss, "the header of the log segment is damaged");
  }
  return SegmentHeader{.version = version,
                       .salt = get<uint32_t>(bytes, 12),
                       .number = get<uint64_t>(bytes, 16),
                       .first_frame = get<uint64_t>(bytes, 24),
                       .first_index = get<uint64_t>(bytes, 32),
                       .chain = get<uint32_t>(bytes, 40)};
}

size_t entry_bytes(const Entry& entry) { return kRecordHeaderBytes + padded(entry.data.size()); }

EncodedFrame encode_frame(const FramePlace& place, const std::optional<HardState>& state,
                          std::span<const Entry> entries) {
  size_t bytes = kFrameHeaderBytes + (state ? kRecordHeaderBytes : 0);
  for (const Entry& entry : entries) bytes += entry_bytes(entry);
  EncodedFrame out;
  out.bytes.reserve(bytes);
  put(out.bytes, kFrameMagic);
  put(out.bytes, static_cast<uint32_t>(bytes));
  put(out.bytes, place.number);
  put(out.bytes, place_mark(place.salt, place.offset));
  put(out.bytes, base::crc32c(0, out.bytes));
  out.bytes.resize(kFrameHeaderBytes);
  if (state) put_record(out.bytes, RecordType::kHardState, state->term, state->vote, state->commit, {});
  for (const Entry& entry : entries) {
    const RecordType type = entry.type == EntryType::kNormal ? RecordType::kEntry : RecordType::kConfChange;
    put_record(out.bytes, type, entry.term, entry.index, 0, entry.data);
  }
  const std::string_view view = out.bytes;
  out.checksum = base::crc32c(base::crc32c(place.chain, view.substr(0, 24)), view.substr(kFrameHeaderBytes));
  set(out.bytes, 24, out.checksum);
  return out;
}

std::optional<DecodedFrame> decode_frame(std::string_view segment, const FramePlace& place) {
  if (!begins_frame(segment, place.offset, place.salt)) return std::nullopt;
  const std::string_view rest = segment.substr(place.offset);
  const size_t bytes = get<uint32_t>(rest, 4);
  if (bytes < kFrameHeaderBytes || bytes % 8 != 0 || bytes > rest.size()) return std::nullopt;
  if (get<uint64_t>(rest, 8) != place.number || get<uint32_t>(rest, 28) != 0) return std::nullopt;
  const std::string_view body = rest.substr(kFrameHeaderBytes, bytes - kFrameHeaderBytes);
  DecodedFrame out{.bytes = bytes, .checksum = get<uint32_t>(rest, 24), .state = {}, .entries = {}};
  if (out.checksum != base::crc32c(base::crc32c(place.chain, rest.substr(0, 24)), body)) return std::nullopt;
  if (!decode_records(body, out)) return std::nullopt;
  return out;
}

std::optional<uint64_t> find_later_frame(std::string_view segment, uint64_t from, uint32_t salt, uint64_t number) {
  for (uint64_t at = from; at + kFrameHeaderBytes <= segment.size(); at += 8) {
    if (begins_frame(segment, at, salt) && get<uint64_t>(segment, at + 8) > number) return at;
  }
  return std::nullopt;
}

}  // namespace appliance::store::wal
