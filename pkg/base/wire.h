// Numbers and byte strings in our own compact formats (log entries, messages between members): LEB128 numbers, strings
// behind their length. The format is what its user writes in which order; this keeps the reading of outside bytes safe.
//
//   WireWriter w;  w.number(7);  w.bytes("x");  w.out
//   WireReader r(bytes);  auto n = r.number();  auto s = r.bytes();  if (!r.finished()) return fail(...);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace appliance::base {

class WireWriter {
 public:
  void byte(uint8_t v) { out.push_back(static_cast<char>(v)); }
  void number(uint64_t v) {
    for (; v >= 0x80; v >>= 7U) byte(static_cast<uint8_t>(v | 0x80U));
    byte(static_cast<uint8_t>(v));
  }
  void integer(int64_t v) { number(static_cast<uint64_t>(v) << 1U ^ static_cast<uint64_t>(v >> 63)); }
  void bytes(std::string_view v) {
    number(v.size());
    out += v;
  }
  std::string out;
};

// Reads past the end give zeros and remember that they did; the caller looks once, at the end.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  uint8_t byte() {
    if (rest_.empty()) return static_cast<uint8_t>(spoil());
    const auto v = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return v;
  }
  uint64_t number() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t b = byte();
      v |= static_cast<uint64_t>(b & 0x7FU) << shift;
      if ((b & 0x80U) == 0) return v;
    }
    return static_cast<uint64_t>(spoil());
  }
  int64_t integer() {
    const uint64_t v = number();
    return static_cast<int64_t>(v >> 1U) ^ -static_cast<int64_t>(v & 1U);
  }
  std::string bytes() {
    const uint64_t n = number();
    if (n > rest_.size()) return spoil(), std::string();
    std::string v(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return v;
  }
  size_t count() {  // of elements: each takes at least a byte, so a lie can't make us allocate
    const uint64_t n = number();
    return n > rest_.size() ? static_cast<size_t>(spoil()) : n;
  }
  template <class T>
  T choice(T last) {
    const uint8_t v = byte();
    return v > static_cast<uint8_t>(last) ? static_cast<T>(spoil()) : static_cast<T>(v);
  }
  int spoil() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace appliance::base
