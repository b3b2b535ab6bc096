#include "node/addresses.h"

#include <arpa/inet.h>

#include "base/strings.h"

namespace appliance::node {
namespace {

struct Network {
  uint32_t base = 0;
  int bits = 0;
};

Result<Network> parse(const std::string& cidr) {
  const auto slash = cidr.find('/');
  in_addr address{};
  const auto bits = slash == std::string::npos ? std::nullopt : base::parse_int<int>(cidr.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > 32 || inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1)
    return fail(Code::kInvalidArgument, "\"" + cidr + "\" is not an IPv4 network");
  const uint32_t mask = *bits == 0 ? 0 : ~uint32_t{0} << (32 - *bits);
  return Network{ntohl(address.s_addr) & mask, *bits};
}

std::string text(uint32_t address) {
  const in_addr raw{htonl(address)};
  char buffer[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &raw, buffer, sizeof buffer);
}

}  // namespace

Result<std::string> nth_address(const std::string& cidr, uint32_t n) {
  const auto network = TRY(parse(cidr));
  if (network.bits > 0 && n >= uint64_t{1} << (32 - network.bits))
    return fail(Code::kInvalidArgument, cidr + " has no address number " + std::to_string(n));
  return text(network.base + n);
}

Result<std::string> nth_subnet(const std::string& cidr, int bits, uint32_t n) {
  const auto network = TRY(parse(cidr));
  if (bits < network.bits) return cidr;  // the network is smaller than one part: all of it
  if (n >= uint64_t{1} << (bits - network.bits))
    return fail(Code::kInvalidArgument, cidr + " has no part number " + std::to_string(n));
  return text(network.base + (n << (32 - bits))) + '/' + std::to_string(bits);
}

}  // namespace appliance::node
