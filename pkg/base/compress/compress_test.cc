#include "base/compress/compress.h"

#include <zstd.h>

#include <catch2/catch.hpp>

namespace appliance::base::compress {
namespace {

std::string noise(size_t n) {
  std::string out(n, '\0');
  uint64_t state = 88172645463325252ULL;
  for (char& c : out) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    c = static_cast<char>((state & 0x30U) != 0 ? 'a' : state);
  }
  return out;
}

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

Result<std::string> expand(std::string_view bytes, Limits limits = {}) {
  MemorySource in(bytes);
  auto plain = TRY(decompress(in, limits));
  return read_all(*plain, 1U << 30U);
}

}  // namespace

TEST_CASE("compress: gzip, zstd and plain streams give the bytes back") {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}, size_t{3'000'000}}) {
    const std::string text = noise(size);
    CHECK(expand(gzip(text)).value() == text);
    CHECK(expand(zstd(text)).value() == text);
    CHECK(expand(text).value() == text);
    CHECK(gunzip(gzip(text), 4U << 20U).value() == text);
  }
}

TEST_CASE("compress: several members and frames in a row are one stream") {
  CHECK(expand(gzip("one ") + gzip("two")).value() == "one two");
  CHECK(expand(gzip("one") + std::string(700, '\0')).value() == "one");
  CHECK(expand(zstd("one ") + zstd("two")).value() == "one two");
  CHECK(gunzip(gzip("one ") + gzip("two"), 100).value() == "one two");
}

TEST_CASE("compress: streams that are cut short or damaged are refused at every length") {
  const std::string text = noise(5000);
  for (const std::string& packed : {gzip(text), zstd(text)}) {
    for (size_t n = 4; n < packed.size(); n += 97) {
      const auto got = expand(packed.substr(0, n));
      REQUIRE_FALSE(got);
      CHECK(got.error().code == Code::kDataLoss);
    }
  }
  std::string damaged = gzip(text);
  damaged[damaged.size() - 6] ^= 1;  // the CRC
  CHECK_FALSE(expand(damaged));
  CHECK_FALSE(gunzip(damaged, 1U << 20U));
}

TEST_CASE("compress: bombs end at the limit of size and at the limit of ratio") {
  const std::string zeros(8U << 20U, '\0');
  for (const std::string& packed : {gzip(zeros, 9), zstd(zeros)}) {
    const auto size = expand(packed, {.total_bytes_max = 1U << 20U});
    REQUIRE_FALSE(size);
    CHECK(size.error().code == Code::kResourceExhausted);
    const auto ratio = expand(packed, {.ratio_max = 100, .ratio_free_bytes = 1U << 20U});
    REQUIRE_FALSE(ratio);
    CHECK(ratio.error().code == Code::kResourceExhausted);
    CHECK(expand(packed).value().size() == zeros.size());
  }
  CHECK(gunzip(gzip(zeros), 1U << 20U).error().code == Code::kResourceExhausted);
}

}  // namespace appliance::base::compress
