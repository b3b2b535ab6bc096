#include "net/http/head_check.h"

#include <algorithm>

#include "base/strings.h"

namespace appliance::net::http {
namespace {

constexpr size_t kWebSocketKeyBytes = 24;  // base64 of 16 bytes
constexpr size_t kContentLengthDigitsMax = 15;

bool control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// RFC 3986 authority without user information: what may stand in Host.
bool valid_host(std::string_view host) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=:[]%";
  return std::ranges::all_of(host, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.contains(c);
  });
}

bool valid_percent(std::string_view text) {
  const auto digit = [&](size_t i) {
    return i < text.size() && std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
  };
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '%' && (!digit(i + 1) || !digit(i + 2))) return false;
  return true;
}

std::optional<std::string> check_field_line(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return "folded header line";
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return "header line without a colon";
  if (colon == 0) return "header line without a name";
  if (line[colon - 1] == ' ' || line[colon - 1] == '\t') return "blank before the colon of a header line";
  return std::nullopt;
}

std::optional<std::string> check_request_line(std::string_view line) {
  if (std::ranges::count(line, ' ') != 2 || line.contains('\t')) return "malformed request line";
  return std::nullopt;
}

}  // namespace

bool valid_head_byte(char previous, char next) {
  if (previous == '\r') return next == '\n';
  if (next == '\n') return false;
  return next == '\r' || !control(next);
}

std::optional<std::string> check_raw_head(std::string_view head, size_t fields_max) {
  size_t fields = 0;
  size_t at = 0;
  while (true) {
    const size_t end = head.find("\r\n", at);
    if (end == std::string_view::npos || end == at) return std::nullopt;
    const std::string_view line = head.substr(at, end - at);
    if (auto reason = at == 0 ? check_request_line(line) : check_field_line(line)) return reason;
    if (at != 0 && ++fields > fields_max) return "more than " + std::to_string(fields_max) + " header fields";
    at = end + 2;
  }
}

std::optional<std::string> check_fields(const Headers& headers, bool http_1_0) {
  const auto hosts = headers.all("host");
  if (hosts.empty() && !http_1_0) return "missing required Host header";
  if (hosts.size() > 1) return "too many Host headers";
  if (!hosts.empty() && !valid_host(hosts.front())) return "malformed Host header";

  const auto lengths = headers.all("content-length");
  const auto encodings = headers.all("transfer-encoding");
  if (lengths.size() > 1) return "more than one Content-Length";
  if (!lengths.empty() && (!all_digits(lengths.front()) || lengths.front().size() > kContentLengthDigitsMax))
    return "malformed Content-Length";
  if (encodings.empty()) return std::nullopt;
  if (!lengths.empty()) return "both Content-Length and Transfer-Encoding";
  if (http_1_0) return "Transfer-Encoding in HTTP/1.0";
  if (encodings.size() > 1 || base::to_lower(encodings.front()) != "chunked") return "unsupported transfer encoding";
  return std::nullopt;
}

std::optional<std::string> apply_target(Request& request) {
  std::string_view target = request.target;
  if (target == "*") {
    if (request.method != "OPTIONS") return "malformed target";
    request.path = "/";
    return std::nullopt;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (base::to_lower(target.substr(0, scheme.size())) != scheme) continue;
    target.remove_prefix(scheme.size());
    const size_t slash = std::min(target.find_first_of("/?"), target.size());
    const std::string_view authority = target.substr(0, slash);
    if (authority.empty() || !valid_host(authority)) return "malformed target";
    request.headers.set("Host", std::string(authority));  // RFC 9112 section 3.2.2: the URI's wins
    target.remove_prefix(slash);
    break;
  }
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view raw_path = question == 0 ? "/" : target.substr(0, question);
  if (raw_path.front() != '/') return "malformed target";
  if (!valid_percent(raw_path) || target.contains('#')) return "malformed target";
  request.path = base::percent_decode(raw_path);
  if (request.path.contains('\0')) return "malformed target";
  if (question < target.size()) request.query = parse_query(target.substr(question + 1));
  return std::nullopt;
}

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const std::string_view value : headers.all(name))
    for (const std::string_view part : base::split(value, ','))
      if (base::to_lower(base::trim(part)) == token) return true;
  return false;
}

bool is_websocket_upgrade(const Request& request) {
  return request.method == "GET" && has_token(request.headers, "connection", "upgrade") &&
         has_token(request.headers, "upgrade", "websocket") && request.headers.get("sec-websocket-version") == "13" &&
         request.headers.get("sec-websocket-key").size() == kWebSocketKeyBytes;
}

}  // namespace appliance::net::http
