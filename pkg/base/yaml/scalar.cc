#include "base/yaml/scalar.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/strings.h"

namespace appliance::yaml {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<bool> boolean(std::string_view text) {
  if (is_any(text, {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (is_any(text, {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) return false;
  return std::nullopt;
}

bool is_null(std::string_view text) { return is_any(text, {"", "~", "null", "Null", "NULL"}); }

bool is_special_float(std::string_view text) {
  if (is_any(text, {".nan", ".NaN", ".NAN"})) return true;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return is_any(text, {".inf", ".Inf", ".INF"});
}

struct Radix {
  int base;
  size_t skip;
};

Radix radix_of(std::string_view digits) {
  if (digits.size() > 2 && digits[0] == '0') {
    const char c = static_cast<char>(digits[1] | 0x20);
    if (c == 'x') return {16, 2};
    if (c == 'o') return {8, 2};
    if (c == 'b') return {2, 2};
  }
  return digits.size() > 1 && digits[0] == '0' ? Radix{8, 1} : Radix{10, 0};
}

std::optional<json::Value> integer(std::string_view text) {
  const bool is_negative = !text.empty() && text.front() == '-';
  std::string_view digits = text;
  if (!digits.empty() && (digits.front() == '-' || digits.front() == '+')) digits.remove_prefix(1);
  const auto [base, skip] = radix_of(digits);
  digits.remove_prefix(skip);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  constexpr auto kMax = static_cast<uint64_t>(INT64_MAX);
  if (is_negative) {
    if (value > kMax + 1) return std::nullopt;
    return json::Value(static_cast<int64_t>(~value + 1));
  }
  return value <= kMax ? json::Value(static_cast<int64_t>(value)) : json::Value(value);
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const size_t from = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  const size_t before = at - from;
  size_t after = 0;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at) ++after;
  }
  if (before == 0 && after == 0) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  ++at;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const size_t exponent = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at == text.size() && at > exponent;
}

// 2001-12-14, and with a time behind it.
bool looks_like_time(std::string_view text) {
  if (text.size() < 8) return false;
  size_t at = 0;
  while (at < text.size() && is_digit(text[at])) ++at;
  if (at != 4 || text[at] != '-') return false;
  size_t dashes = 0;
  for (const char c : text) dashes += c == '-' ? 1 : 0;
  return dashes >= 2 && text.find_first_not_of("0123456789-:.TtZz+ ") == std::string_view::npos;
}

bool looks_like_base60(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789_:.+-") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

}  // namespace

Result<json::Value> resolve_plain(std::string_view text) {
  if (is_null(text)) return json::Value(nullptr);
  if (const auto flag = boolean(text)) return json::Value(*flag);
  if (is_special_float(text))
    return fail(Code::kInvalidArgument, "the number " + std::string(text) + " has no place in JSON");
  const char first = text.front();
  if (is_digit(first) || first == '-' || first == '+' || first == '.') {
    if (looks_like_time(text)) return json::Value(json::String(text));
    std::string plain(text);
    std::erase(plain, '_');
    if (first != '.')
      if (auto number = integer(plain)) return std::move(*number);
    if (looks_like_float(plain)) {
      const char* from = plain.data() + (plain.front() == '+' ? 1 : 0);
      double value = 0;
      const auto [end, error] = std::from_chars(from, plain.data() + plain.size(), value);
      if (error == std::errc{} && end == plain.data() + plain.size()) return json::Value(value);
    }
  }
  return json::Value(json::String(text));
}

bool must_quote(std::string_view text) {
  const auto resolved = resolve_plain(text);
  return !resolved || !resolved->is_string() || looks_like_time(text) || looks_like_base60(text) || text == "<<";
}

bool key_less(std::string_view a, std::string_view b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) continue;
    const bool left = is_letter(a[i]);
    const bool right = is_letter(b[i]);
    if (left && right) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
    if (left || right) return right;
    uint64_t x = 0;
    uint64_t y = 0;
    size_t ai = i;
    size_t bi = i;
    if (a[i] == '0' || b[i] == '0') {  // inside a number: its length decides
      for (size_t j = i; j-- > 0 && is_digit(a[j]);) {
        if (a[j] == '0') continue;
        x = y = 1;
        break;
      }
    }
    for (; ai < a.size() && is_digit(a[ai]); ++ai) x = x * 10 + static_cast<uint64_t>(a[ai] - '0');
    for (; bi < b.size() && is_digit(b[bi]); ++bi) y = y * 10 + static_cast<uint64_t>(b[bi] - '0');
    if (x != y) return x < y;
    if (ai != bi) return ai < bi;
    return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]);
  }
  return a.size() < b.size();
}

}  // namespace appliance::yaml
