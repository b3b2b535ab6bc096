// Allocators of cluster IPs and node ports: sets of numbers with one owner each (the uid of a Service: a name may come
// again before the news of its deletion). Rebuilt from the watch cache at start; a reservation is made before the
// Service is written and given back when the write fails, so that two Services never share one. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::orchestrator::apiserver {

class NumberAllocator {
 public:
  // The first `static_band` numbers are left to people who ask for one by name, as long as there are others.
  NumberAllocator(uint32_t first, uint32_t last, uint32_t static_band = 0)
      : first_(first), last_(last), band_(static_band) {}
  // The free number next to a place that the owner's name decides (spread, and repeatable); nullopt: none left.
  std::optional<uint32_t> allocate(std::string_view owner);
  enum class Reserve : unsigned char {
    kTaken,
    kOurs,
    kRefused
  };  // kOurs: this owner had it before; kRefused: another has it
  Reserve reserve(uint32_t number, std::string_view owner);
  void release(uint32_t number, std::string_view owner);  // of another owner: nothing
  [[nodiscard]] bool contains(uint32_t number) const { return number >= first_ && number <= last_; }
  [[nodiscard]] uint32_t first() const { return first_; }
  [[nodiscard]] uint32_t last() const { return last_; }

 private:
  const uint32_t first_;
  const uint32_t last_;
  const uint32_t band_;
  std::mutex mutex_;
  std::map<uint32_t, std::string> owners_;
};

// IPv4 blocks: "10.43.0.0/16" -> first usable and last usable address as numbers.
struct Ipv4Block {
  uint32_t base = 0;
  int prefix = 0;
  [[nodiscard]] uint32_t size() const { return prefix == 0 ? ~0U : 1U << (32 - prefix); }
};
Result<Ipv4Block> parse_ipv4_block(std::string_view text);
std::optional<uint32_t> parse_ipv4(std::string_view text);
std::string format_ipv4(uint32_t address);

}  // namespace appliance::orchestrator::apiserver
