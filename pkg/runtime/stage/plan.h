// The start plan: everything that `stage` must know to make a sandbox, a container or an exec'ed process, as flat
// bytes. The server encodes it (plan_writer.h); stage decodes it in place, without a heap. Compiles for both.
//
//   offset size
//   0      4    magic "APLN"
//   4      2    version (1). A reader takes its own version and older ones
//   6      2    kind: 1 sandbox, 2 container, 3 exec
//   8      4    size of the whole plan, this header included
//   12     4    number of records
//   16          records, each starting at a multiple of 4:
//                 +0 2  tag    +2 2  zero    +4 4  size of the payload    +8  payload, zero-padded to a multiple of 4
//
// Payloads by shape (shape_of): u32, u64: little endian · text: bytes and one final NUL · texts: u32 number, then
// exactly N NUL-terminated strings · device: u32 mode, major, minor, then a text · blob: any bytes. Upgrade rule: a new
// tag with bit 15 set may be skipped by a reader that does not know it; any other unknown tag is an error. parse()
// checks every bound once; after it, accessors cannot leave the buffer. Fuzzed by tests/fuzz/plan_fuzz.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace appliance::runtime::stage {

inline constexpr uint32_t kPlanMagic = 0x4e4c5041;
inline constexpr uint16_t kPlanVersion = 1;
inline constexpr uint32_t kPlanHeaderBytes = 16;
inline constexpr uint32_t kPlanBytesMax = 4U << 20U;  // arguments and environment: the kernel takes about as much
inline constexpr uint32_t kPlanRecordsMax = 32768;    // ~10,000 services' variables in the environment
inline constexpr uint16_t kTagSkippable = 0x8000;
inline constexpr uint32_t kRlimitUnlimited = 0x7fffffff;  // the largest number that a reader takes

enum class PlanKind : uint16_t { kSandbox = 1, kContainer = 2, kExec = 3 };

enum class Tag : uint16_t {
  kFlags = 1,  // u64 of PlanFlag
  // sandbox
  kPodDir = 2,    // text: socket, journal, shm live here
  kHostname = 3,  // text
  kSysctl = 4,    // texts(2): name, value
  kNetnsPin = 5,  // text: an existing file, becomes a bind mount of the network namespace
  // container
  kArg = 10,           // text, repeated, in order
  kEnv = 11,           // text "K=V", repeated
  kCwd = 12,           // text, absolute
  kUser = 13,          // text "", "uid", "name", each with ":group": resolved in the container's own files
  kUid = 14,           // u32: wins over kUser
  kGid = 15,           // u32: wins over what the user's entry says
  kGroup = 16,         // u32, repeated: supplemental
  kCaps = 17,          // u64: bounding, permitted and effective set
  kSeccomp = 18,       // blob: struct sock_filter[]
  kLower = 19,         // text, repeated: overlay layers, topmost first
  kUpper = 20,         // text
  kWork = 21,          // text
  kRootTarget = 22,    // text: directory on which the root is mounted inside the container's mount namespace
  kMount = 23,         // texts(2) with MountFlag: source on the host, target in the container
  kMasked = 24,        // text: below /proc or /sys
  kReadonlyPath = 25,  // text
  kCgroupMount = 26,   // texts(3): file system type, directory below /sys/fs/cgroup ("" = itself), options
  kOomScoreAdj = 27,   // u32, two's complement
  kRlimit = 28,        // texts(2) with the resource number: soft, hard, in decimal; kRlimitUnlimited = no limit
  kLogName = 29,       // text: file name in the log directory
  kDevice = 30,        // device: absolute path below /dev
  kShm = 31,           // text: host directory bound to /dev/shm
  kTtySize = 32,       // u32: width << 16 | height
};

enum PlanFlag : uint64_t {
  kFlagNewNet = 1U << 0,     // sandbox
  kFlagNewIpc = 1U << 1,     // sandbox
  kFlagNewUts = 1U << 2,     // sandbox
  kFlagSharedPid = 1U << 3,  // sandbox and container: one pid namespace for the pod
  kFlagHostPid = 1U << 4,    // container: no pid namespace
  kFlagReadonlyRoot = 1U << 5,
  kFlagNoNewPrivs = 1U << 6,
  kFlagTty = 1U << 7,
  kFlagStdinOpen = 1U << 8,
  kFlagWritableSys = 1U << 9,  // privileged
  kFlagHostIpc = 1U << 10,
};

enum MountFlag : uint32_t {
  kMountReadonly = 1,
  kMountReadonlyRecursive = 2,
  kMountSlave = 4,   // HostToContainer
  kMountShared = 8,  // Bidirectional
};

enum class Shape : uint8_t { kUnknown, kU32, kU64, kText, kTexts2, kTexts3, kDevice, kBlob };

constexpr Shape shape_of(Tag tag) {
  switch (tag) {
    case Tag::kUid:
    case Tag::kGid:
    case Tag::kGroup:
    case Tag::kOomScoreAdj:
    case Tag::kTtySize:
      return Shape::kU32;
    case Tag::kFlags:
    case Tag::kCaps:
      return Shape::kU64;
    case Tag::kPodDir:
    case Tag::kHostname:
    case Tag::kNetnsPin:
    case Tag::kArg:
    case Tag::kEnv:
    case Tag::kCwd:
    case Tag::kUser:
    case Tag::kLower:
    case Tag::kUpper:
    case Tag::kWork:
    case Tag::kRootTarget:
    case Tag::kMasked:
    case Tag::kReadonlyPath:
    case Tag::kLogName:
    case Tag::kShm:
      return Shape::kText;
    case Tag::kSysctl:
    case Tag::kMount:
    case Tag::kRlimit:
      return Shape::kTexts2;
    case Tag::kCgroupMount:
      return Shape::kTexts3;
    case Tag::kDevice:
      return Shape::kDevice;
    case Tag::kSeccomp:
      return Shape::kBlob;
  }
  return Shape::kUnknown;
}

namespace plan_detail {
inline uint16_t load16(const char* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint32_t load32(const char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline uint64_t load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
// True when the payload is exactly `n` NUL-terminated strings.
inline bool holds_texts(const char* p, uint32_t size, unsigned n) {
  if (size == 0 || p[size - 1] != '\0') return false;
  unsigned seen = 0;
  for (uint32_t i = 0; i < size; ++i) seen += p[i] == '\0' ? 1U : 0U;
  return seen == n;
}
inline bool payload_fits(Shape shape, const char* p, uint32_t size) {
  switch (shape) {
    case Shape::kU32:
      return size == 4;
    case Shape::kU64:
      return size == 8;
    case Shape::kText:
      return holds_texts(p, size, 1);
    case Shape::kTexts2:
      return size > 4 && holds_texts(p + 4, size - 4, 2);
    case Shape::kTexts3:
      return size > 4 && holds_texts(p + 4, size - 4, 3);
    case Shape::kDevice:
      return size > 12 && holds_texts(p + 12, size - 12, 1);
    case Shape::kBlob:
      return true;
    case Shape::kUnknown:
      return false;
  }
  return false;
}
}  // namespace plan_detail

// One record of a parsed plan. The accessor must fit the tag's shape; pointers live as long as the plan's bytes.
struct Record {
  Tag tag{};
  const char* data = nullptr;
  uint32_t size = 0;

  [[nodiscard]] uint32_t u32(unsigned index = 0) const { return plan_detail::load32(data + 4U * index); }
  [[nodiscard]] uint64_t u64() const { return plan_detail::load64(data); }
  [[nodiscard]] const char* text() const { return shape_of(tag) == Shape::kDevice ? data + 12 : data; }
  [[nodiscard]] const char* text(unsigned index) const {  // of texts
    const char* p = data + 4;
    while (index-- > 0) p += std::strlen(p) + 1;
    return p;
  }
};

class Plan {
 public:
  // nullptr when `bytes` are a plan, else what is wrong with them.
  static const char* parse(std::string_view bytes, Plan& out) {
    using namespace plan_detail;
    if (bytes.size() < kPlanHeaderBytes || bytes.size() > kPlanBytesMax) return "plan: size out of bounds";
    const char* p = bytes.data();
    if (load32(p) != kPlanMagic) return "plan: wrong magic";
    if (load16(p + 4) == 0 || load16(p + 4) > kPlanVersion) return "plan: version is newer than this program";
    const uint16_t kind = load16(p + 6);
    if (kind < 1 || kind > 3) return "plan: unknown kind";
    const uint32_t size = load32(p + 8);
    const uint32_t records = load32(p + 12);
    if (size != bytes.size() || size % 4 != 0) return "plan: stated size differs";
    if (records > kPlanRecordsMax) return "plan: too many records";
    uint32_t at = kPlanHeaderBytes;
    for (uint32_t i = 0; i < records; ++i) {
      if (size - at < 8) return "plan: record header cut off";
      const uint16_t tag = load16(p + at);
      const uint32_t length = load32(p + at + 4);
      if (length > size - at - 8) return "plan: record cut off";
      const Shape shape = shape_of(static_cast<Tag>(tag));
      if (shape == Shape::kUnknown && (tag & kTagSkippable) == 0) return "plan: unknown tag";
      if (shape != Shape::kUnknown && !payload_fits(shape, p + at + 8, length))
        return "plan: payload does not fit its tag";
      const uint32_t padded = (length + 3U) & ~3U;  // length <= 4 MiB: no overflow
      if (padded > size - at - 8) return "plan: padding cut off";
      at += 8 + padded;
    }
    if (at != size) return "plan: bytes after the last record";
    out.bytes_ = bytes;
    out.kind_ = static_cast<PlanKind>(kind);
    return nullptr;
  }

  [[nodiscard]] PlanKind kind() const { return kind_; }

  // Walks records from `cursor` (start with 0). False at the end.
  bool next(uint32_t& cursor, Record& out) const {
    if (cursor == 0) cursor = kPlanHeaderBytes;
    if (cursor >= bytes_.size()) return false;
    const char* p = bytes_.data() + cursor;
    out = {static_cast<Tag>(plan_detail::load16(p)), p + 8, plan_detail::load32(p + 4)};
    cursor += 8 + ((out.size + 3U) & ~3U);
    return true;
  }
  // The next record of one tag.
  bool next(uint32_t& cursor, Tag tag, Record& out) const {
    while (next(cursor, out)) {
      if (out.tag == tag) return true;
    }
    return false;
  }
  bool find(Tag tag, Record& out) const {
    uint32_t cursor = 0;
    return next(cursor, tag, out);
  }
  [[nodiscard]] const char* text(Tag tag) const {  // nullptr when absent
    Record r;
    return find(tag, r) ? r.text() : nullptr;
  }
  [[nodiscard]] uint64_t number(Tag tag, uint64_t fallback) const {
    Record r;
    if (!find(tag, r)) return fallback;
    return shape_of(tag) == Shape::kU64 ? r.u64() : r.u32();
  }
  [[nodiscard]] uint32_t count(Tag tag) const {
    uint32_t cursor = 0;
    uint32_t n = 0;
    Record r;
    while (next(cursor, tag, r)) ++n;
    return n;
  }
  [[nodiscard]] bool flag(PlanFlag flag) const { return (number(Tag::kFlags, 0) & flag) != 0; }

 private:
  std::string_view bytes_;
  PlanKind kind_{};
};

}  // namespace appliance::runtime::stage
