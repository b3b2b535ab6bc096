#include "net/http/base_url.h"

#include <algorithm>

#include "base/strings.h"

namespace appliance::net::http {
namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

bool visible(char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }

std::unexpected<Error> bad(std::string_view text, const char* why) {
  return fail(Code::kInvalidArgument, "URL \"" + std::string(text) + "\": " + why);
}

}  // namespace

Result<BaseUrl> parse_base_url(std::string_view text) {
  BaseUrl out;
  std::string_view rest = text;
  if (rest.starts_with("unix://")) {
    out.unix_path = rest.substr(7);
    if (out.unix_path.empty() || out.unix_path.front() != '/') return bad(text, "a unix socket needs an absolute path");
    return out;
  }
  out.tls = rest.starts_with("https://");
  if (!out.tls && !rest.starts_with("http://")) return bad(text, "neither http://, https:// nor unix://");
  rest.remove_prefix(out.tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (!std::ranges::all_of(rest, visible) || rest.find_first_of("/?#@") != std::string_view::npos)
    return bad(text, "only a host and a port may follow the scheme");
  std::string_view port;
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string_view::npos) return bad(text, "a bracket is not closed");
    out.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
  } else {
    const size_t colon = std::min(rest.find(':'), rest.size());
    out.host = rest.substr(0, colon);
    port = rest.substr(colon);
  }
  if (out.host.empty()) return bad(text, "no host");
  out.port = out.tls ? kHttpsPort : kHttpPort;
  if (port.empty()) return out;
  const auto number = base::parse_int<int>(port.substr(1));
  if (port.front() != ':' || !number || *number < 1 || *number > 65535) return bad(text, "port out of range");
  out.port = *number;
  return out;
}

bool valid_request_line(std::string_view method, std::string_view path) {
  const auto token = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-'; };
  return !method.empty() && std::ranges::all_of(method, token) && path.starts_with('/') &&
         std::ranges::all_of(path, visible);
}

bool valid_field(const Header& field) {
  const auto name = [](char c) { return visible(c) && c != ':'; };
  const auto value = [](char c) { return visible(c) || c == ' ' || c == '\t'; };
  return !field.name.empty() && std::ranges::all_of(field.name, name) && std::ranges::all_of(field.value, value);
}

}  // namespace appliance::net::http
