// Arithmetic on IPv4 networks for the composition root. Pure.
#pragma once

#include <string>

#include "base/error.h"

namespace appliance::node {

inline constexpr int kPodSubnetBits = 24;  // a node's range of pod addresses

// "10.43.0.0/16", 1 -> "10.43.0.1". kInvalidArgument when the network has no such address.
Result<std::string> nth_address(const std::string& cidr, uint32_t n);
// The n-th subnet of `bits` inside the network: "10.42.0.0/16", 24, 0 -> "10.42.0.0/24".
Result<std::string> nth_subnet(const std::string& cidr, int bits, uint32_t n);

}  // namespace appliance::node
