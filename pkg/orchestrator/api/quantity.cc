#include "orchestrator/api/quantity.h"

#include <array>
#include <charconv>

#include "base/strings.h"

namespace appliance::orchestrator::api {
namespace {

using Wide = __int128;
constexpr Wide kNano = 1'000'000'000;
constexpr Wide kNanosMax = static_cast<Wide>(INT64_MAX) * kNano;  // "larger values are capped"
constexpr size_t kTextMax = 64;  // a quantity is a dozen characters; bounds the digit loops

constexpr std::string_view kFormatText =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

struct Suffix {
  std::string_view text;
  int power;  // of 10, or of 2 for binary
  bool is_binary;
};
constexpr std::array<Suffix, 16> kSuffixes = {{{"n", -9, false},
                                               {"u", -6, false},
                                               {"m", -3, false},
                                               {"", 0, false},
                                               {"k", 3, false},
                                               {"M", 6, false},
                                               {"G", 9, false},
                                               {"T", 12, false},
                                               {"P", 15, false},
                                               {"E", 18, false},
                                               {"Ki", 10, true},
                                               {"Mi", 20, true},
                                               {"Gi", 30, true},
                                               {"Ti", 40, true},
                                               {"Pi", 50, true},
                                               {"Ei", 60, true}}};

// text = sign? digits(.digits)?; false when the numeric part is not a number.
struct Number {
  bool is_negative = false;
  Wide digits = 0;          // without the point; saturates
  int decimals = 0;         // digits behind the point
  bool is_inexact = false;  // digits were dropped: round up
};

std::optional<Number> read_number(std::string_view text) {
  Number out;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    out.is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool has_point = false;
  size_t count = 0;
  for (const char c : text) {
    if (c == '.') {
      if (has_point) return std::nullopt;
      has_point = true;
      continue;
    }
    ++count;
    if (has_point && out.decimals >= 18) {  // finer than what is kept
      out.is_inexact = out.is_inexact || c != '0';
      continue;
    }
    if (out.digits < kNanosMax) out.digits = out.digits * 10 + (c - '0');
    if (has_point) ++out.decimals;
  }
  if (count == 0) return std::nullopt;
  return out;
}

// digits * 10^power in nanos, rounded away from zero, saturating.
Wide scale(Wide digits, int power_of_ten, bool is_inexact) {
  while (power_of_ten > 0) {
    if (digits > kNanosMax / 10) return digits == 0 ? 0 : kNanosMax;
    digits *= 10;
    --power_of_ten;
  }
  while (power_of_ten < 0) {
    is_inexact = is_inexact || digits % 10 != 0;
    digits /= 10;
    ++power_of_ten;
    if (digits == 0) break;
  }
  digits += is_inexact ? 1 : 0;
  return digits > kNanosMax ? kNanosMax : digits;
}

Wide round_up_div(Wide value, Wide divisor) {
  const Wide out = value / divisor;
  const Wide rest = value % divisor;
  if (rest == 0) return out;
  return value > 0 ? out + 1 : out - 1;
}

std::string decimal(Wide value) {
  if (value == 0) return "0";
  const bool is_negative = value < 0;
  if (is_negative) value = -value;
  std::string out;
  for (; value > 0; value /= 10) out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
  return is_negative ? '-' + out : out;
}

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
  if (text.empty() || text.size() > kTextMax) return fail(Code::kInvalidArgument, std::string(kFormatText));
  size_t at = text.front() == '+' || text.front() == '-' ? 1 : 0;
  const size_t digits_at = at;
  while (at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.')) ++at;
  if (at == digits_at) return fail(Code::kInvalidArgument, std::string(kFormatText));
  const auto number = read_number(text.substr(0, at));
  if (!number) return fail(Code::kInvalidArgument, "unable to parse numeric part of quantity");
  const std::string_view suffix = text.substr(at);

  Quantity out;
  if (suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E') && suffix != "Ei") {
    std::string_view exponent = suffix.substr(1);
    if (exponent.front() == '+') exponent.remove_prefix(1);
    const auto power = base::parse_int<int>(exponent);
    if (!power || *power > 100 || *power < -100)
      return fail(Code::kInvalidArgument, "unable to parse quantity's suffix");
    out.format_ = Format::kDecimalExponent;
    out.nanos_ = scale(number->digits, 9 - number->decimals + *power, number->is_inexact);
  } else {
    const Suffix* found = nullptr;
    for (const auto& one : kSuffixes)
      if (one.text == suffix) found = &one;
    if (found == nullptr) {
      if (suffix.find_first_not_of("eEinumkKMGTP+-0123456789") != std::string_view::npos)
        return fail(Code::kInvalidArgument, std::string(kFormatText));
      return fail(Code::kInvalidArgument, "unable to parse quantity's suffix");
    }
    if (found->is_binary) {
      out.format_ = Format::kBinarySi;
      // Scaled down by the decimals last, so that 1.5Gi stays exact; shifts that overflow are capped.
      Wide value = number->digits;
      for (int bit = 0; bit < found->power; ++bit) {
        if (value > (static_cast<Wide>(1) << 100)) break;
        value *= 2;
      }
      out.nanos_ = scale(value, 9 - number->decimals, number->is_inexact);
    } else {
      out.nanos_ = scale(number->digits, 9 - number->decimals + found->power, number->is_inexact);
    }
  }
  if (number->is_negative) out.nanos_ = -out.nanos_;
  return out;
}

Quantity Quantity::of_milli(int64_t milli, Format format) {
  Quantity out;
  out.nanos_ = static_cast<Wide>(milli) * 1'000'000;
  out.format_ = format;
  return out;
}

Quantity Quantity::of(int64_t units, Format format) {
  Quantity out;
  out.nanos_ = static_cast<Wide>(units) * kNano;
  out.format_ = format;
  return out;
}

std::string Quantity::string() const {
  if (nanos_ == 0) return "0";
  const Wide magnitude = nanos_ < 0 ? -nanos_ : nanos_;
  if (format_ == Format::kBinarySi && magnitude >= 1024 * kNano) {
    Wide value = round_up_div(nanos_, kNano);
    int steps = 0;
    for (; steps < 6 && value % 1024 == 0; ++steps) value /= 1024;
    constexpr std::string_view kNames[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    return decimal(value) + std::string(kNames[steps]);
  }
  Wide value = nanos_;
  int power = -9;
  for (; power < 18 && value % 1000 == 0; power += 3) value /= 1000;
  if (format_ == Format::kDecimalExponent) return decimal(value) + (power == 0 ? "" : 'e' + std::to_string(power));
  constexpr std::string_view kNames[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  return decimal(value) + std::string(kNames[(power + 9) / 3]);
}

int64_t Quantity::value() const { return static_cast<int64_t>(round_up_div(nanos_, kNano)); }

int64_t Quantity::milli() const {
  const Wide out = round_up_div(nanos_, 1'000'000);
  if (out > INT64_MAX) return INT64_MAX;
  return out < INT64_MIN ? INT64_MIN : static_cast<int64_t>(out);
}

Quantity operator+(Quantity a, const Quantity& b) {
  a.nanos_ += b.nanos_;
  if (a.nanos_ > kNanosMax) a.nanos_ = kNanosMax;
  if (a.nanos_ < -kNanosMax) a.nanos_ = -kNanosMax;
  return a;
}

namespace {
Quantity read(const json::Value* value) {
  if (value == nullptr) return {};
  if (value->is_int64()) return Quantity::of(value->get_int64());
  if (!value->is_string()) return {};
  auto parsed = Quantity::parse({value->get_string().data(), value->get_string().size()});
  return parsed ? *parsed : Quantity{};
}
}  // namespace

int64_t quantity_milli(const json::Value* value) { return read(value).milli(); }
int64_t quantity_value(const json::Value* value) { return read(value).value(); }

std::optional<int64_t> scaled_int_or_percent(const json::Value* value, int64_t total, bool round_up) {
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (!value->is_string()) return std::nullopt;
  const std::string_view text = {value->get_string().data(), value->get_string().size()};
  if (text.empty() || text.back() != '%') return std::nullopt;
  const auto percent = base::parse_int<int32_t>(text.substr(0, text.size() - 1));
  if (!percent) return std::nullopt;
  const Wide scaled = static_cast<Wide>(*percent) * total;
  return static_cast<int64_t>(round_up && scaled > 0 ? (scaled + 99) / 100 : scaled / 100);
}

}  // namespace appliance::orchestrator::api
