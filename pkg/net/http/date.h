// The Date of HTTP (RFC 9110, section 5.6.7), read. Only its preferred form: "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace appliance::net::http {

std::optional<base::WallTime> parse_date(std::string_view text);

}  // namespace appliance::net::http
