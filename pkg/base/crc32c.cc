#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace appliance::base {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78U;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? (c >> 1U) ^ kPolynomial : c >> 1U;
    table[i] = c;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_sse42(uint32_t seed, std::string_view bytes) {
  uint64_t c = ~seed;
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    c = _mm_crc32_u64(c, word);
    bytes.remove_prefix(8);
  }
  auto tail = static_cast<uint32_t>(c);
  for (const char b : bytes) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(b));
  return ~tail;
}
#endif

}  // namespace

uint32_t crc32c_portable(uint32_t seed, std::string_view bytes) {
  uint32_t c = ~seed;
  for (const char b : bytes) c = kTable[(c ^ static_cast<unsigned char>(b)) & 0xFFU] ^ (c >> 8U);
  return ~c;
}

uint32_t crc32c(uint32_t seed, std::string_view bytes) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return crc32c_sse42(seed, bytes);
#endif
  return crc32c_portable(seed, bytes);
}

}  // namespace appliance::base
