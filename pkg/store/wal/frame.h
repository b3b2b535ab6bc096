// Encoding and decoding of frames and segment headers (format.h). Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "store/wal/format.h"
#include "store/wal/types.h"

namespace appliance::store::wal {

struct SegmentHeader {
  uint32_t version = kFormatVersion;
  uint32_t salt = 0;
  uint64_t number = 0;
  uint64_t first_frame = 0;
  uint64_t first_index = 0;
  uint32_t chain = 0;
};

std::string encode_header(const SegmentHeader& header);
// kDataLoss: not a header, or damaged. kFailedPrecondition: written by a newer version.
Result<SegmentHeader> decode_header(std::string_view bytes);

// Where a frame stands, and what its checks depend on.
struct FramePlace {
  uint32_t salt = 0;
  uint64_t offset = 0;  // in the segment
  uint64_t number = 0;
  uint32_t chain = 0;  // checksum of the frame before
};

size_t entry_bytes(const Entry& entry);  // what the entry takes in a frame
struct EncodedFrame {
  std::string bytes;
  uint32_t checksum = 0;  // the chain for the next frame
};
EncodedFrame encode_frame(const FramePlace& place, const std::optional<HardState>& state,
                          std::span<const Entry> entries);

struct DecodedFrame {
  size_t bytes = 0;
  uint32_t checksum = 0;
  std::optional<HardState> state;
  std::vector<Entry> entries;
};
// The frame at place.offset of `segment`; nullopt when there is none that checks.
std::optional<DecodedFrame> decode_frame(std::string_view segment, const FramePlace& place);

// Offset of the first frame that begins at or behind `from` with a number above `number`; nullopt when there is none.
std::optional<uint64_t> find_later_frame(std::string_view segment, uint64_t from, uint32_t salt, uint64_t number);

}  // namespace appliance::store::wal
