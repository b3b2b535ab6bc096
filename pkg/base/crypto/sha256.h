// SHA-256, whole or in pieces, and a comparison that does not tell where two secrets differ.
//
//   std::string digest = crypto::sha256_hex(bytes);
//   crypto::Sha256 hash; hash.update(a); hash.update(b); std::string digest = hash.hex();
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace appliance::crypto {

using Sha256Digest = std::array<unsigned char, 32>;

Sha256Digest sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits

// A running hash. Not thread-safe. finish() and hex() end it: afterwards it starts anew.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  [[nodiscard]] Sha256Digest finish();
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Time depends on the lengths only.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace appliance::crypto
