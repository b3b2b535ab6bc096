// The bytes of the store's log.
//
// A log is a folder of segments `0000000000000001.wal`, numbered without gaps. A segment is a file of fixed size,
// filled with zeros before its first use (a write into written blocks needs no metadata: 72 µs a sync instead of 200).
// All integers are little-endian.
//
//   segment header, kSegmentHeaderBytes at offset 0
//     0  8  magic "APPLWAL\n"
//     8  4  format version (kFormatVersion); a reader refuses a newer one, and reads every older one
//    12  4  salt: random per segment, so that bytes of another file are never taken for a frame
//    16  8  segment number
//    24  8  number of the first frame in it
//    32  8  index of the first entry in it
//    40  4  chain: checksum of the last frame before it (0 in the first segment)
//    44  4  CRC-32C of bytes 0..43
//    48 16  zero
//   frames, one behind the other; zeros to the end of the file
//     0  4  magic "FRAM"
//     4  4  bytes of the frame, header and padding included; a multiple of 8
//     8  8  frame number, counted through all segments
//    16  4  salt of the segment, XOR-ed with the low half of the frame's offset / 8
//    20  4  CRC-32C of bytes 0..19: whether this is a frame's beginning can be told without its neighbours
//    24  4  checksum: CRC-32C, seeded with the checksum of the frame before (the chain), of bytes 0..23 and of the body
//    28  4  zero
//    32     body: records
//   record, at a multiple of 8
//     0  4  bytes of the payload        4  1  type       5  3  zero
//     8  8  term                        16 8  index (entry) or vote (hard state)
//    24  8  0 (entry) or commit (hard state)
//    32     payload, zero padded to a multiple of 8
//
// A frame is what one write and one fdatasync carry (group commit), and the unit of repair. Frame n+1 is written only
// after frame n is synced. Hence, when a frame does not check:
//   - and no later frame begins anywhere behind it, it is the torn tail of a write that nobody was told about: cut it;
//   - and a later frame does begin behind it (magic, salt, place and number fit), it had been synced and was damaged
//     afterwards: acknowledged data is gone, refuse to start.
// Upgrade rule: a new field takes zero bytes above; a new meaning takes a new format version.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace appliance::store::wal {

inline constexpr std::string_view kSegmentMagic = "APPLWAL\n";
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint32_t kFrameMagic = 0x4D415246;  // "FRAM"
inline constexpr size_t kSegmentHeaderBytes = 64;
inline constexpr size_t kFrameHeaderBytes = 32;
inline constexpr size_t kRecordHeaderBytes = 32;

enum class RecordType : uint8_t { kEntry = 1, kHardState = 2, kConfChange = 3 };

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));  // the tree is built for little-endian machines only
  out.append(bytes, sizeof(T));
}
template <class T>
T get(std::string_view bytes, size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}
template <class T>
void set(std::string& out, size_t offset, T value) {
  std::memcpy(out.data() + offset, &value, sizeof(T));
}
constexpr size_t padded(size_t n) { return (n + 7U) & ~size_t{7}; }

}  // namespace appliance::store::wal
