#include "net/dns/cache.h"

#include <algorithm>

namespace appliance::net::dns {
namespace {

constexpr size_t kEntryOverheadBytes = 256;  // list and hash nodes, measured generously

uint32_t read32(const std::string& s, size_t at) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(s[at + i]);
  return out;
}
void write32(std::string& s, size_t at, uint32_t v) {
  for (size_t i = 0; i < 4; ++i) s[at + i] = static_cast<char>(v >> (24 - 8 * i));
}

}  // namespace

size_t Cache::Entry::bytes() const {
  return kEntryOverheadBytes + key.size() + response.size() + ttl_offsets.size() * sizeof(size_t);
}

void Cache::erase(Iterator it) {
  bytes_ -= it->bytes();
  index_.erase(it->key);
  entries_.erase(it);
}

void Cache::clear() {
  index_.clear();
  entries_.clear();
  bytes_ = 0;
}

void Cache::put(const std::string& key, std::string response, std::vector<size_t> ttl_offsets, int64_t now_seconds,
                uint32_t ttl_seconds) {
  if (const auto it = index_.find(key); it != index_.end()) erase(it->second);
  if (ttl_seconds == 0) return;
  entries_.push_front({.key = key,
                       .response = std::move(response),
                       .ttl_offsets = std::move(ttl_offsets),
                       .stored = now_seconds,
                       .expires = now_seconds + ttl_seconds});
  index_.emplace(entries_.front().key, entries_.begin());
  bytes_ += entries_.front().bytes();
  while (bytes_ > bytes_max_) erase(std::prev(entries_.end()));
}

std::optional<std::string> Cache::get(const std::string& key, int64_t now_seconds) {
  const auto it = index_.find(key);
  if (it == index_.end()) return std::nullopt;
  const auto entry = it->second;
  if (entry->expires <= now_seconds) {
    erase(entry);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  std::string out = entry->response;
  const auto age = static_cast<uint32_t>(now_seconds - entry->stored);
  const auto left = static_cast<uint32_t>(entry->expires - now_seconds);
  for (const size_t at : entry->ttl_offsets) {
    const uint32_t ttl = read32(out, at);
    write32(out, at, std::min(ttl - std::min(ttl, age), left));
  }
  return out;
}

}  // namespace appliance::net::dns
