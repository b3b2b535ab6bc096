#include "orchestrator/api/duration.h"

#include <cstdio>

#include "base/strings.h"

namespace appliance::orchestrator::api {
namespace {

std::string two(int64_t big, char big_unit, int64_t small, char small_unit) {
  std::string out = std::to_string(big) + big_unit;
  if (small != 0) out += std::to_string(small) + small_unit;
  return out;
}

// Days since 1970-01-01 of a proleptic Gregorian date, and back (Howard Hinnant's algorithms).
int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

struct Civil {
  int64_t year;
  unsigned month;
  unsigned day;
};

Civil civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {static_cast<int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}

std::optional<int> digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool eat(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

unsigned days_in_month(int year, int month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Microseconds behind the decimal point; at least one digit, further ones are cut.
std::optional<int64_t> fraction(std::string_view& text) {
  if (!eat(text, '.')) return 0;
  int64_t micros = 0;
  int64_t unit = 100'000;
  size_t count = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count, unit /= 10) {
    micros += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  if (count == 0) return std::nullopt;
  return micros;
}

std::optional<int64_t> offset_seconds(std::string_view& text) {
  if (eat(text, 'Z')) return 0;
  const bool is_minus = !text.empty() && text.front() == '-';
  if (!is_minus && (text.empty() || text.front() != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = digits(text, 2);
  if (!hours || !eat(text, ':')) return std::nullopt;
  const auto minutes = digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int64_t seconds = *hours * 3600 + *minutes * 60;
  return is_minus ? -seconds : seconds;
}

std::string civil_text(int64_t unix_seconds) {
  int64_t days = unix_seconds / 86400;
  int64_t rest = unix_seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  const Civil date = civil_from_days(days);
  char out[64];
  (void)std::snprintf(out, sizeof out, "%04lld-%02u-%02uT%02lld:%02lld:%02lld", static_cast<long long>(date.year),
                      date.month, date.day, static_cast<long long>(rest / 3600), static_cast<long long>(rest / 60 % 60),
                      static_cast<long long>(rest % 60));
  return out;
}

}  // namespace

std::string human_duration(int64_t seconds) {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return std::to_string(seconds) + 's';
  const int64_t minutes = seconds / 60;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return std::to_string(minutes) + 'm';
  const int64_t hours = seconds / 3600;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return std::to_string(hours) + 'h';
  if (hours < 24 * 8) return two(hours / 24, 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return std::to_string(hours / 24) + 'd';
  if (hours < 24 * 365 * 8) return two(hours / 24 / 365, 'y', hours / 24 % 365, 'd');
  return std::to_string(hours / 24 / 365) + 'y';
}

std::string age(std::string_view text, int64_t now_seconds) {
  const auto then = parse_rfc3339(text);
  return then ? human_duration(now_seconds - *then) : "<unknown>";
}

std::string rfc3339(int64_t unix_seconds) { return civil_text(unix_seconds) + 'Z'; }

std::string rfc3339_micro(int64_t unix_microseconds) {
  int64_t seconds = unix_microseconds / 1'000'000;
  int64_t micros = unix_microseconds % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --seconds;
  }
  char tail[16];
  (void)std::snprintf(tail, sizeof tail, ".%06lldZ", static_cast<long long>(micros));
  return civil_text(seconds) + tail;
}

std::optional<int64_t> parse_rfc3339_micro(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !eat(text, '-')) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !eat(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || !eat(text, 'T')) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !eat(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !eat(text, ':')) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second) return std::nullopt;
  const auto micros = fraction(text);
  if (!micros) return std::nullopt;
  const auto offset = offset_seconds(text);
  if (!offset || !text.empty()) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1 || static_cast<unsigned>(*day) > days_in_month(*year, *month))
    return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const int64_t days = days_from_civil(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
  return (days * 86400 + *hour * 3600 + *minute * 60 + *second - *offset) * 1'000'000 + *micros;
}

std::optional<int64_t> parse_rfc3339(std::string_view text) {
  const auto micros = parse_rfc3339_micro(text);
  if (!micros) return std::nullopt;
  const int64_t seconds = *micros / 1'000'000;
  return *micros % 1'000'000 < 0 ? seconds - 1 : seconds;
}

}  // namespace appliance::orchestrator::api
