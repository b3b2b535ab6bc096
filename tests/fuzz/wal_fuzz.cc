// fuzz: sources=pkg/store/wal/frame.cc pkg/store/wal/recovery.cc pkg/store/wal/wal.cc pkg/base/crc32c.cc
// fuzz: sources=pkg/base/fault_fs.cc pkg/base/fs.cc pkg/base/random.cc pkg/base/strings.cc pkg/base/error.cc
// fuzz: sources=pkg/base/check.cc
// Log segments as they may lie on a disk. Input: the bytes of the first segment. Opening must repair or refuse, never
// crash; what it accepted must be accepted again, with the same entries, and be appendable.
#include <cstdint>
#include <cstdlib>

#include "base/fault_fs.h"
#include "store/wal/wal.h"

using namespace appliance;
using namespace appliance::store::wal;

namespace {

constexpr uint64_t kSegment = 64U << 10U;
const std::string kDir = "/log";

struct Opened {
  std::unique_ptr<Wal> wal;
  std::vector<Entry> entries;
};

Result<Opened> open(base::FaultFs& fs, base::Random& random) {
  Opened out;
  out.wal =
      TRY(Wal::open({.fs = fs, .dir = kDir, .random = random, .segment_bytes = kSegment}, [&](Entry e) -> Result<> {
        out.entries.push_back(std::move(e));
        return {};
      }));
  return out;
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kSegment) return 0;
  base::FaultFs fs({});
  base::SeededRandom random(1);
  require(fs.make_dirs(kDir, 0700).has_value());
  const std::string path = kDir + "/0000000000000001.wal";
  require(fs.open(path, {.write = true, .create = true}).has_value());
  require(fs.poke(path, 0, {reinterpret_cast<const char*>(data), size}).has_value());
  auto first = open(fs, random);
  if (!first) return 0;
  const size_t n = first->entries.size();
  const uint64_t next = first->wal->recovery().last_index + 1;
  first->wal.reset();
  auto second = open(fs, random);
  require(second.has_value() && second->entries.size() == n && second->wal->recovery().torn_bytes == 0);
  const Entry entry{.term = 1, .index = next, .type = EntryType::kNormal, .data = "more"};
  if (next == 0) return 0;  // a header whose first index is the largest number there is
  require(second->wal->append(std::nullopt, {&entry, 1}).has_value());
  auto third = open(fs, random);
  require(third.has_value() && third->entries.size() == n + 1);
  return 0;
}
