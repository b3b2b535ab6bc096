#include "orchestrator/kubelet/quantity.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/strings.h"

namespace appliance::orchestrator::kubelet {
namespace {

struct Suffix {
  std::string_view text;
  long double factor;
};
constexpr std::array<Suffix, 15> kSuffixes{{{"Ki", 1024.0L},
                                            {"Mi", 1048576.0L},
                                            {"Gi", 1073741824.0L},
                                            {"Ti", 1099511627776.0L},
                                            {"Pi", 1125899906842624.0L},
                                            {"Ei", 1152921504606846976.0L},
                                            {"n", 1e-9L},
                                            {"u", 1e-6L},
                                            {"m", 1e-3L},
                                            {"k", 1e3L},
                                            {"M", 1e6L},
                                            {"G", 1e9L},
                                            {"T", 1e12L},
                                            {"P", 1e15L},
                                            {"E", 1e18L}}};

// Digits with at most one point; nullopt on anything else. 18 digits are exact in a long double.
std::optional<long double> decimal(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  long double value = 0;
  long double scale = 1;
  bool point = false;
  bool digit = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    digit = true;
    value = value * 10 + (c - '0');
    if (point) scale *= 10;
  }
  if (!digit) return std::nullopt;
  return (negative ? -value : value) / scale;
}

std::optional<long double> quantity(std::string_view text) {
  long double factor = 1;
  for (const auto& suffix : kSuffixes) {
    if (text.size() > suffix.text.size() && text.ends_with(suffix.text)) {
      factor = suffix.factor;
      text.remove_suffix(suffix.text.size());
      auto value = decimal(text);
      if (value) return *value * factor;
      return std::nullopt;
    }
  }
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    const auto exponent = base::parse_int<int>(text.substr(e + 1));
    if (!exponent || *exponent > 18 || *exponent < -18) return std::nullopt;
    factor = std::pow(10.0L, *exponent);
    text = text.substr(0, e);
  }
  auto value = decimal(text);
  if (!value) return std::nullopt;
  return *value * factor;
}

std::optional<int64_t> rounded_up(std::optional<long double> value, long double factor) {
  if (!value) return std::nullopt;
  const long double scaled = *value * factor;
  // 1e-9 absorbs the error of the decimal fraction, so that "0.1" in thousandths is 100 and not 101.
  const long double up = std::ceil(scaled - 1e-9L);
  if (up > static_cast<long double>(std::numeric_limits<int64_t>::max()) || up < 0) return std::nullopt;
  return static_cast<int64_t>(up);
}

}  // namespace

std::optional<int64_t> quantity_millis(std::string_view text) { return rounded_up(quantity(text), 1000.0L); }
std::optional<int64_t> quantity_units(std::string_view text) { return rounded_up(quantity(text), 1.0L); }
std::string kibibytes(uint64_t bytes) { return std::to_string(bytes / 1024) + "Ki"; }

}  // namespace appliance::orchestrator::kubelet
