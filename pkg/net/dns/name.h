// Domain names in wire form: length-prefixed labels, ended by the empty one. Lengths are at most 63, so lower-casing
// the bytes never touches a length. Pure. RFC 1035 section 3.1.
//
//   auto name = name_from_text("web.default.svc.cluster.local");   // "\3web\7default..."
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace appliance::net::dns {

constexpr size_t kNameBytesMax = 255;  // RFC 1035 section 2.3.4
constexpr size_t kLabelBytesMax = 63;

std::optional<std::string> name_from_text(
    std::string_view text);                       // dots separate; a trailing dot is fine; "" or "." is the root
std::string name_to_text(std::string_view name);  // without trailing dot; odd bytes as \DDD
std::string lower(std::string_view name);
std::string_view parent(std::string_view name);               // without the first label; of the root: the root
std::string_view first_label(std::string_view name);          // its bytes; "" for the root
bool is_below(std::string_view name, std::string_view zone);  // at or below, on label boundaries; both lower case
size_t label_count(std::string_view name);                    // the root has 0
// "7.0.42.10.in-addr.arpa" for 10.42.0.7; `ip` in host byte order.
std::string reverse_name(uint32_t ip);
std::optional<uint32_t> ip_from_reverse_name(std::string_view lower_name);

}  // namespace appliance::net::dns
