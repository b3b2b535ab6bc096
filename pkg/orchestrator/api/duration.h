// Times as people and documents write them: ages in tables ("3m12s"), RFC 3339. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json/json.h"

namespace appliance::orchestrator::api {

// 45s, 3m12s (below 10 minutes), 25m, 5h12m (below 8 hours), 30h, 2d3h (below 8 days), 30d, 2y5d. More than 2 s in the
// future: "<invalid>".
std::string human_duration(int64_t seconds);
// The age of an RFC 3339 text in a document; "<unknown>" when it is absent or not a time.
std::string age(std::string_view rfc3339, int64_t now_seconds);

std::string rfc3339(int64_t unix_seconds);                          // 2026-01-02T03:04:05Z
std::string rfc3339_micro(int64_t unix_microseconds);               // 2026-01-02T03:04:05.000000Z
std::optional<int64_t> parse_rfc3339(std::string_view text);        // Unix seconds; fractions are cut, offsets applied
std::optional<int64_t> parse_rfc3339_micro(std::string_view text);  // Unix microseconds

}  // namespace appliance::orchestrator::api
