// fuzz: sources=pkg/base/tar/reader.cc pkg/base/tar/writer.cc pkg/base/compress/source.cc pkg/base/strings.cc
// fuzz: sources=pkg/base/error.cc pkg/base/check.cc
// Any bytes as an archive: read, or refused within the limits. What must hold, beside not crashing: no more entries,
// names and data than the limits and the input allow; a name that normalize() lets through stays below its root; and an
// entry written again by our writer is read back as it was.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/tar/tar.h"

namespace {

using namespace appliance::base::tar;
namespace compress = appliance::base::compress;

constexpr Limits kLimits{.entries_max = 64, .path_bytes_max = 512, .pax_bytes_max = 4096};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_name(const std::string& path) {
  const auto name = normalize(path);
  if (!name) return;
  require(!name->starts_with('/') && !name->ends_with('/') && name->find('\0') == std::string::npos);
  require(("/" + *name + "/").find("/../") == std::string::npos);
  require(normalize(name->empty() ? "." : *name).value() == *name);
}

void check_round_trip(Entry entry) {
  if (entry.path.empty() || entry.path.find('\0') != std::string::npos || entry.link.find('\0') != std::string::npos)
    return;
  if (entry.type == Type::kFile && entry.path.ends_with('/')) return;
  entry.size = 0;
  compress::StringSink sink;
  Writer writer(sink);
  require(writer.header(entry).has_value() && writer.finish().has_value());
  compress::MemorySource source(sink.text);
  Reader reader(source, {.pax_bytes_max = 1U << 20U});
  const auto again = reader.next();
  require(again && again->has_value());
  const Entry& got = **again;
  const bool slash = entry.type == Type::kDirectory && !entry.path.ends_with('/');
  require(got.path == (slash ? entry.path + '/' : entry.path) && got.type == entry.type && got.mode == entry.mode);
  require(got.uid == entry.uid && got.gid == entry.gid && got.link == entry.link);
  require(got.mtime_s == entry.mtime_s && got.mtime_ns == entry.mtime_ns && got.xattrs == entry.xattrs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  compress::MemorySource source({reinterpret_cast<const char*>(data), size});
  Reader reader(source, kLimits);
  uint64_t entries = 0;
  uint64_t bytes = 0;
  while (true) {
    auto entry = reader.next();
    if (!entry || !*entry) break;
    require(++entries <= kLimits.entries_max);
    require((*entry)->path.size() <= kLimits.path_bytes_max && (*entry)->link.size() <= kLimits.path_bytes_max);
    check_name((*entry)->path);
    check_round_trip(**entry);
    std::array<char, 333> buffer;
    while (true) {
      const auto n = reader.read(buffer);
      if (!n || *n == 0) break;
      bytes += *n;
    }
    require(bytes <= size);
  }
  return 0;
}
