#include "base/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace appliance::base {

uint64_t Random::next_u64() {
  uint64_t value = 0;
  fill(std::span(reinterpret_cast<unsigned char*>(&value), sizeof value));
  return value;
}

uint64_t Random::below(uint64_t bound) {
  APP_CHECK(bound > 0);
  const uint64_t limit = ~uint64_t{0} - ~uint64_t{0} % bound;  // reject the tail, so that every value is equally likely
  for (;;) {
    const uint64_t value = next_u64();
    if (value < limit) return value % bound;
  }
}

std::string Random::uuid() {
  unsigned char b[16];
  fill(b);
  b[6] = static_cast<unsigned char>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<unsigned char>((b[8] & 0x3f) | 0x80);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[b[i] >> 4];
    out += kDigits[b[i] & 15];
  }
  return out;
}

std::string Random::name_suffix(size_t n) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (size_t i = 0; i < n; ++i) out += kAlphabet[below(kAlphabet.size())];
  return out;
}

void SystemRandom::fill(std::span<unsigned char> out) {
  while (!out.empty()) {
    const ssize_t n = getrandom(out.data(), out.size(), 0);
    APP_CHECK(n > 0 || errno == EINTR);
    if (n > 0) out = out.subspan(static_cast<size_t>(n));
  }
}

void SeededRandom::fill(std::span<unsigned char> out) {
  const std::lock_guard lock(mutex_);
  for (auto& byte : out) byte = static_cast<unsigned char>(engine_());
}

}  // namespace appliance::base
