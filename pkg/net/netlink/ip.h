// IPv4 addresses and prefixes as values: parse, print, compare. Host byte order inside, so that arithmetic works.
//
//   auto cidr = TRY(parse_cidr("10.42.0.0/24"));  cidr.contains(*parse_ipv4("10.42.0.7"))
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::net::netlink {

struct Ipv4 {
  uint32_t value = 0;  // host byte order
  auto operator<=>(const Ipv4&) const = default;
  [[nodiscard]] std::string string() const;
};

struct Cidr {
  Ipv4 base;  // network address: host bits are zero
  int prefix = 32;
  auto operator<=>(const Cidr&) const = default;
  [[nodiscard]] uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
  [[nodiscard]] bool contains(Ipv4 ip) const { return (ip.value & mask()) == base.value; }
  [[nodiscard]] bool overlaps(const Cidr& other) const { return contains(other.base) || other.contains(base); }
  [[nodiscard]] std::string string() const;
};

std::optional<Ipv4> parse_ipv4(std::string_view text);  // dotted quad, nothing else
Result<Cidr> parse_cidr(std::string_view text);         // "10.0.0.0/8"; host bits must be zero

}  // namespace appliance::net::netlink
