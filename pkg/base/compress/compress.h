// gzip and zstd behind the Source interface, with limits against bombs. The only home of zlib, libdeflate and zstd.
//
//   auto plain = TRY(compress::decompress(file, {.total_bytes_max = 20ULL << 30U}));   // format by magic number
//
// Streams hold one window of memory, whatever their length. Errors: kDataLoss (damaged or cut short),
// kResourceExhausted (over a limit). Several gzip members or zstd frames in a row are one stream (pigz, estargz).
#pragma once

#include <memory>

#include "base/compress/source.h"

namespace appliance::base::compress {

enum class Format : unsigned char { kNone, kGzip, kZstd };

// By the first bytes: 1f 8b is gzip, 28 b5 2f fd (or a skippable frame) is zstd, anything else is kNone.
Format detect(std::string_view head);

struct Limits {
  uint64_t total_bytes_max = 20ULL << 30U;
  // deflate's own maximum is 1032:1 and a disk of zeros reaches it, so the ratio counts only beyond ratio_free_bytes.
  uint64_t ratio_max = 250;
  uint64_t ratio_free_bytes = 1ULL << 30U;
};

// The stream in plain form, whatever its format; borrows `in`.
Result<std::unique_ptr<Source>> decompress(Source& in, Limits limits);
std::unique_ptr<Source> decompress_as(Format format, Source& in, Limits limits, std::string_view head = {});

// Whole buffers, by libdeflate: three times zlib's speed.
Result<std::string> gunzip(std::string_view bytes, size_t bytes_max);
std::string gzip(std::string_view bytes, int level = 6);  // deterministic: no name, no time

}  // namespace appliance::base::compress
