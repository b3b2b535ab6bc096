// tar archives, read and written by code of our own: libarchive stops at names that are not ASCII when no locale
// exists. Pure: bytes in, entries out; no path is ever opened here.
//
//   tar::Reader reader(source);
//   while (auto entry = TRY(reader.next())) { if (entry->type == kFile) ... TRY(reader.read(buffer)); }
//
// Reads v7, ustar, pax (x and g headers, names in any bytes, times to the nanosecond, SCHILY.xattr.*) and GNU long
// names and base-256 numbers. Sparse files, multi-volume archives and unknown types are refused: guessing would change
// the contents.
//
//   offset size  ustar header, 512 bytes; numbers are octal text
//   0 100 name · 100 8 mode · 108 8 uid · 116 8 gid · 124 12 size · 136 12 mtime · 148 8 checksum · 156 1 type · 157
//   100 link 257 6 "ustar\0" · 263 2 "00" · 265 32 uname · 297 32 gname · 329 8 major · 337 8 minor · 345 155 prefix
//   then the data, filled up to 512; the archive ends with two blocks of zeros (POSIX.1-2008, pax, "ustar Interchange
//   Format")
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/compress/source.h"

namespace appliance::base::tar {

using compress::Sink;
using compress::Source;

enum class Type : unsigned char { kFile, kDirectory, kSymlink, kHardlink, kFifo, kCharDevice, kBlockDevice };

struct Entry {
  Type type = Type::kFile;
  std::string path = {};  // as the archive says it: hostile until normalize() has seen it
  std::string link = {};  // target of a symlink, or the path of the file that a hard link names
  uint32_t mode = 0644;   // permission bits, set-id and sticky
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t size = 0;  // of the data that follows; 0 for everything but files
  int64_t mtime_s = 0;
  uint32_t mtime_ns = 0;
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  std::map<std::string, std::string> xattrs = {};
};

struct Limits {
  uint64_t entries_max = 1'000'000;  // the largest images have 300,000 files; a node of the tree takes ~300 bytes
  size_t path_bytes_max = 4096;      // PATH_MAX: longer ones can't be opened anyway
  size_t pax_bytes_max = 1U << 20U;  // one header's records; xattrs are at most 64 KiB each
};

class Reader {
 public:
  explicit Reader(Source& source, Limits limits = {}) : source_(source), limits_(limits) {}  // borrows
  // The next entry, after skipping what was not read of the one before; nullopt at the end of the archive.
  // kDataLoss: cut short or damaged; kInvalidArgument: refused, with the reason; kResourceExhausted: over a limit.
  Result<std::optional<Entry>> next();
  // Data of the current entry; 0 at its end.
  Result<size_t> read(std::span<char> out);

 private:
  struct Overrides;  // what pax and GNU headers say about the entry that follows
  Result<std::optional<Entry>> next_entry();
  Result<bool> read_block(char* block);
  Result<> skip_data();
  Result<std::string> read_payload(uint64_t size, size_t bytes_max, std::string_view what);

  Source& source_;
  Limits limits_;
  uint64_t entries_ = 0;
  uint64_t data_left_ = 0;
  uint64_t padding_left_ = 0;
  std::map<std::string, std::string> global_pax_;
};

// "./a//b/" -> "a/b", "/etc" -> "etc", "." and "/" -> "" (the root). kInvalidArgument, naming the path: "..", NUL,
// empty, a component over 255 bytes.
Result<std::string> normalize(std::string_view path);

// Writes entries in order: header() then exactly entry.size bytes by data(), then the next. finish() ends the archive.
// The same entries give the same bytes: no clock, no user names.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(sink) {}  // borrows
  Result<> header(const Entry& entry);
  Result<> data(std::string_view bytes);
  Result<> finish();

 private:
  Result<> pad();
  Sink& sink_;
  uint64_t data_left_ = 0;
  uint64_t padding_ = 0;
};

}  // namespace appliance::base::tar
