#include "net/dns/name.h"

#include "base/strings.h"

namespace appliance::net::dns {

std::optional<std::string> name_from_text(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string out;
  if (!text.empty()) {
    for (const auto label : base::split(text, '.')) {
      if (label.empty() || label.size() > kLabelBytesMax) return std::nullopt;
      out += static_cast<char>(label.size());
      out += label;
    }
  }
  out += '\0';
  if (out.size() > kNameBytesMax) return std::nullopt;
  return out;
}

std::string name_to_text(std::string_view name) {
  std::string out;
  while (name.size() > 1) {
    const auto n = static_cast<unsigned char>(name[0]);
    if (n == 0 || n >= name.size()) break;
    if (!out.empty()) out += '.';
    for (const unsigned char c : name.substr(1, n)) {
      if (c > 0x20 && c < 0x7f && c != '.' && c != '\\') {
        out += static_cast<char>(c);
      } else {
        out += '\\';
        out += static_cast<char>('0' + c / 100);
        out += static_cast<char>('0' + c / 10 % 10);
        out += static_cast<char>('0' + c % 10);
      }
    }
    name.remove_prefix(n + size_t{1});
  }
  return out;
}

std::string lower(std::string_view name) { return base::to_lower(name); }

std::string_view parent(std::string_view name) {
  if (name.size() <= 1) return name;
  return name.substr(static_cast<unsigned char>(name[0]) + size_t{1});
}

std::string_view first_label(std::string_view name) {
  return name.size() <= 1 ? std::string_view() : name.substr(1, static_cast<unsigned char>(name[0]));
}

bool is_below(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name = parent(name);
  return name == zone;
}

size_t label_count(std::string_view name) {
  size_t out = 0;
  for (; name.size() > 1; name = parent(name)) ++out;
  return out;
}

std::string reverse_name(uint32_t ip) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += std::to_string(ip >> (8 * i) & 0xff) + '.';
  return *name_from_text(text + "in-addr.arpa");
}

std::optional<uint32_t> ip_from_reverse_name(std::string_view name) {
  static const std::string kSuffix = *name_from_text("in-addr.arpa");
  if (label_count(name) != 6 || !is_below(name, kSuffix)) return std::nullopt;
  uint32_t ip = 0;
  for (int i = 0; i < 4; ++i, name = parent(name)) {
    const auto part = base::parse_int<uint8_t>(first_label(name));
    if (!part) return std::nullopt;
    ip |= uint32_t{*part} << (8 * i);
  }
  return ip;
}

}  // namespace appliance::net::dns
