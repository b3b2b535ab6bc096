// Randomness is an input. SystemRandom asks the kernel; SeededRandom repeats itself for tests and the simulator.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <span>
#include <string>

namespace appliance::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<unsigned char> out) = 0;  // thread-safe
  uint64_t next_u64();
  uint64_t below(uint64_t bound);  // uniform in [0, bound); bound > 0
  std::string uuid();              // RFC 4122 version 4, lower case
  // `n` characters of the alphabet that Kubernetes uses for generated names: no vowels, no digits that look like
  // letters.
  std::string name_suffix(size_t n = 5);
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<unsigned char> out) override;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void fill(std::span<unsigned char> out) override;

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace appliance::base
