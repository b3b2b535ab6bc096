// Small string functions that the whole tree shares. All pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace appliance::base {

std::vector<std::string_view> split(std::string_view text, char separator);  // "a,,b" -> {a, "", b}; "" -> {""}
std::string_view trim(std::string_view text);                                // blanks, tabs, line ends
std::string to_lower(std::string_view text);                                 // ASCII only
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string hex(std::string_view bytes);  // lower case
std::optional<std::string> unhex(std::string_view text);
std::string base64(std::string_view bytes);                  // RFC 4648 section 4, padded
std::string base64url(std::string_view bytes);               // section 5, without padding (JWT)
std::optional<std::string> unbase64(std::string_view text);  // strict; nullopt on any other character
std::optional<std::string> unbase64url(std::string_view text);
std::string percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);  // RFC 3986 unreserved stay
bool valid_utf8(std::string_view text);
std::string human_bytes(uint64_t bytes);  // "1.5 MiB"
uint64_t fnv1a64(std::string_view bytes);

// Whole-string decimal parse; nullopt on anything else, overflow included.
template <class T>
std::optional<T> parse_int(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace appliance::base
