#include "net/netlink/ip.h"

#include <arpa/inet.h>

#include "base/strings.h"

namespace appliance::net::netlink {

std::string Ipv4::string() const {
  const in_addr in{.s_addr = htonl(value)};
  char buffer[INET_ADDRSTRLEN];
  (void)inet_ntop(AF_INET, &in, buffer, sizeof buffer);  // cannot fail: the buffer is of the right size
  return buffer;
}

std::string Cidr::string() const { return base.string() + '/' + std::to_string(prefix); }

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  if (text.size() >= INET_ADDRSTRLEN) return std::nullopt;
  in_addr in{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &in) != 1) return std::nullopt;
  return Ipv4{ntohl(in.s_addr)};
}

Result<Cidr> parse_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  const auto ip = parse_ipv4(text.substr(0, slash));
  const auto prefix = slash == std::string_view::npos ? std::nullopt : base::parse_int<int>(text.substr(slash + 1));
  if (!ip || !prefix || *prefix < 0 || *prefix > 32)
    return fail(Code::kInvalidArgument, "'" + std::string(text) + "' is not an IPv4 prefix like 10.42.0.0/16");
  Cidr out{.base = *ip, .prefix = *prefix};
  if ((ip->value & ~out.mask()) != 0)
    return fail(Code::kInvalidArgument, "'" + std::string(text) + "' has bits set behind its prefix");
  return out;
}

}  // namespace appliance::net::netlink
