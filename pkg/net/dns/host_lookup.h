// Host name to addresses for our own outgoing connections (registries, redirects), with c-ares: a static program must
// not load the host's name services. Order: numeric, localhost, /etc/hosts, DNS of /etc/resolv.conf. Blocking: pool
// threads only.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::net::dns {

inline constexpr int kLookupTimeoutMs = 5000;  // for all tries together

// IPv4 addresses first, then IPv6, as text. kNotFound when the name has none, kUnavailable when no server answered.
Result<std::vector<std::string>> lookup_host(const std::string& name);

}  // namespace appliance::net::dns
