// The log of a synthetic container: line `n` and when it was written are functions of n, so that whoever reads it again
// reads the same, and a reader that connects anew can tell what it missed. Pure.
//
//   2026-11-21T20:15:03.120Z INFO  n=1204 GET /api/items/5521 status=200 took=12ms
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace appliance::node::dev {

enum class LogKind : unsigned char {
  kService,   // goes on and on
  kCrash,     // some lines, and a panic
  kHostile,   // goes on, full of what breaks pages
  kLongLine,  // 200 lines, one of them 1 MiB long; then silent
};

struct LogShape {
  LogKind kind = LogKind::kService;
  uint64_t seed = 0;
  int lines_per_second = 10;
  base::WallTime first;  // when line 0 was written; kCrash: when it ended
  bool colours = false;
};

inline constexpr uint64_t kLogHistoryLines = 2000;  // written before the fixture started
inline constexpr uint64_t kLogKeptLines = 200'000;  // older ones are gone, as rotation would have it
inline constexpr uint64_t kLongLogLines = 200;
inline constexpr uint64_t kLongLine = 100;
inline constexpr uint64_t kCrashLines = 40;

bool log_goes_on(const LogShape& shape);
uint64_t log_end(const LogShape& shape, base::WallTime now);  // lines written until now
base::WallTime log_time(const LogShape& shape, uint64_t n);
std::string log_text(const LogShape& shape, uint64_t n);  // without the line's end

// The first line that is asked for: of the last `tail`, written at `since` or later, and kept.
uint64_t log_begin(const LogShape& shape, uint64_t end, std::optional<int64_t> tail,
                   std::optional<base::WallTime> since);

}  // namespace appliance::node::dev
