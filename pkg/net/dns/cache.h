// Answers of upstream servers, bounded by bytes, the least recently used leave first. Not thread-safe; pure but for the
// time that the caller hands in (seconds of a monotonic clock).
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace appliance::net::dns {

class Cache {
 public:
  explicit Cache(size_t bytes_max) : bytes_max_(bytes_max) {}

  // `response` with the TTLs at `ttl_offsets`, good for `ttl_seconds` from now.
  void put(const std::string& key, std::string response, std::vector<size_t> ttl_offsets, int64_t now_seconds,
           uint32_t ttl_seconds);
  // The response with its TTLs counted down; nothing when it is not there or too old.
  std::optional<std::string> get(const std::string& key, int64_t now_seconds);
  [[nodiscard]] size_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Entry {
    std::string key;
    std::string response;
    std::vector<size_t> ttl_offsets;
    int64_t stored = 0;
    int64_t expires = 0;
    [[nodiscard]] size_t bytes() const;
  };
  using Iterator = std::list<Entry>::iterator;
  void erase(Iterator it);

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, Iterator> index_;
};

}  // namespace appliance::net::dns
