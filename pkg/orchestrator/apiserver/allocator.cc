#include "orchestrator/apiserver/allocator.h"

#include "base/strings.h"

namespace appliance::orchestrator::apiserver {

std::optional<uint32_t> NumberAllocator::allocate(std::string_view owner) {
  const std::lock_guard lock(mutex_);
  const uint64_t size = static_cast<uint64_t>(last_) - first_ + 1;
  if (owners_.size() >= size) return std::nullopt;
  const uint64_t start = band_ + base::fnv1a64(owner) % (size - band_);
  for (uint64_t i = 0; i < size; ++i) {
    const auto number = static_cast<uint32_t>(first_ + (start + i) % size);
    if (owners_.try_emplace(number, owner).second) return number;
  }
  return std::nullopt;
}

NumberAllocator::Reserve NumberAllocator::reserve(uint32_t number, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  const auto [it, fresh] = owners_.try_emplace(number, owner);
  if (fresh) return Reserve::kTaken;
  return it->second == owner ? Reserve::kOurs : Reserve::kRefused;
}

void NumberAllocator::release(uint32_t number, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  const auto it = owners_.find(number);
  if (it != owners_.end() && it->second == owner) owners_.erase(it);
}

std::optional<uint32_t> parse_ipv4(std::string_view text) {
  const auto parts = base::split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t out = 0;
  for (const std::string_view part : parts) {
    const auto byte = base::parse_int<uint32_t>(part);
    if (!byte || *byte > 255 || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    out = out << 8U | *byte;
  }
  return out;
}

Result<Ipv4Block> parse_ipv4_block(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = slash == std::string_view::npos ? std::nullopt : parse_ipv4(text.substr(0, slash));
  const auto prefix = slash == std::string_view::npos ? std::nullopt : base::parse_int<int>(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 1 || *prefix > 30) {
    return fail(Code::kInvalidArgument, "not an IPv4 block of addresses: " + std::string(text));
  }
  const uint32_t mask = ~0U << (32 - *prefix);
  return Ipv4Block{.base = *address & mask, .prefix = *prefix};
}

std::string format_ipv4(uint32_t address) {
  return std::to_string(address >> 24U) + '.' + std::to_string(address >> 16U & 255U) + '.' +
         std::to_string(address >> 8U & 255U) + '.' + std::to_string(address & 255U);
}

}  // namespace appliance::orchestrator::apiserver
