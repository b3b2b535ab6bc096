#include "base/clock.h"

#include <algorithm>
#include <ctime>

namespace appliance::base {

WallTime SystemClock::now() const {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return WallTime(std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec));
}

MonoTime SystemClock::monotonic() const {
  timespec t{};
  clock_gettime(CLOCK_BOOTTIME, &t);  // counts suspend too: a lease must not survive an hour's sleep
  return MonoTime(std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec));
}

static std::string format(WallTime time, int digits) {
  const auto ns = time.time_since_epoch().count();
  time_t seconds = static_cast<time_t>(ns / 1'000'000'000);
  long fraction = static_cast<long>(ns % 1'000'000'000);
  if (fraction < 0) {
    fraction += 1'000'000'000;
    --seconds;
  }
  tm parts{};
  gmtime_r(&seconds, &parts);
  char buffer[40];
  size_t n = strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(buffer, n);
  if (digits > 0) {
    std::string f = std::to_string(fraction);
    f.insert(0, 9 - f.size(), '0');
    out += '.' + f.substr(0, static_cast<size_t>(digits));
  }
  return out + 'Z';
}

std::string format_rfc3339(WallTime time) { return format(time, 0); }
std::string format_rfc3339_micro(WallTime time) { return format(time, 6); }
std::string format_rfc3339_nano(WallTime time) { return format(time, 9); }

Result<WallTime> parse_rfc3339(std::string_view text) {
  const auto bad = [&] { return fail(Code::kInvalidArgument, "not an RFC 3339 time: \"" + std::string(text) + '"'); };
  const auto number = [&](size_t at, size_t n, int& out) {
    out = 0;
    if (at + n > text.size()) return false;
    for (size_t i = at; i < at + n; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      out = out * 10 + (text[i] - '0');
    }
    return true;
  };
  tm parts{};
  if (text.size() < 20 || !number(0, 4, parts.tm_year) || !number(5, 2, parts.tm_mon) || !number(8, 2, parts.tm_mday) ||
      !number(11, 2, parts.tm_hour) || !number(14, 2, parts.tm_min) || !number(17, 2, parts.tm_sec))
    return bad();
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
    return bad();
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 || parts.tm_hour > 23 ||
      parts.tm_min > 59 || parts.tm_sec > 60)
    return bad();
  size_t at = 19;
  long long fraction = 0;
  if (text[at] == '.') {
    long long scale = 100'000'000;
    ++at;
    const size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
      fraction += (text[at] - '0') * scale;
    if (at == first || at == text.size()) return bad();
  }
  int offset_seconds = 0;
  if (text[at] == 'Z' || text[at] == 'z') {
    if (at + 1 != text.size()) return bad();
  } else {
    int hours = 0;
    int minutes = 0;
    if ((text[at] != '+' && text[at] != '-') || at + 6 != text.size() || !number(at + 1, 2, hours) ||
        text[at + 3] != ':' || !number(at + 4, 2, minutes))
      return bad();
    offset_seconds = (hours * 60 + minutes) * 60 * (text[at] == '-' ? -1 : 1);
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  // A WallTime reaches from 1677 to 2262; people write 9999 for "never", which must not come out as a time long ago.
  constexpr long long kSecondsMax = INT64_MAX / 1'000'000'000 - 1;
  const auto seconds = std::clamp<long long>(timegm(&parts) - offset_seconds, -kSecondsMax, kSecondsMax);
  return WallTime(std::chrono::seconds(seconds) + Nanos(fraction));
}

}  // namespace appliance::base
