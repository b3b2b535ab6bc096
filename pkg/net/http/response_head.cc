#include "net/http/response_head.h"

#include <array>
#include <charconv>
#include <ctime>

#include "base/strings.h"

namespace appliance::net::http {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};
constexpr std::array kPhrases = {
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{206, "Partial Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Request Entity Too Large"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Entity"},
    Phrase{426, "Upgrade Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
};

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return out;
}

bool framing_field(std::string_view name) {
  const std::string lower = base::to_lower(name);
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "date";
}

// RFC 9110 section 5.6.7. No locale is involved: strftime's names are those of "C".
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

void put(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) {
  for (const Phrase& phrase : kPhrases)
    if (phrase.status == status) return phrase.text;
  return {};
}

bool status_has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

std::string chunk_head(size_t bytes) {
  std::array<char, 20> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), bytes, 16);
  (void)error;  // 16 digits always fit
  return std::string(text.data(), end) + "\r\n";
}

std::string response_head(const Response& response, const Framing& framing) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ")
      .append(std::to_string(response.status))
      .append(" ")
      .append(reason_phrase(response.status))
      .append("\r\n");
  const bool bodiless = status_has_no_body(response.status);
  if (!response.content_type.empty() && !bodiless && !response.headers.has("content-type"))
    put(out, "Content-Type", one_line(response.content_type));
  if (framing.content_length && !bodiless) put(out, "Content-Length", std::to_string(*framing.content_length));
  if (framing.chunked && !bodiless) put(out, "Transfer-Encoding", "chunked");
  if (framing.close) {
    put(out, "Connection", "close");
  } else if (framing.http_1_0) {
    put(out, "Connection", "keep-alive");
  }
  put(out, "Date", http_date());
  for (const Header& field : response.headers) {
    if (framing_field(field.name)) continue;
    put(out, one_line(field.name), one_line(field.value));
  }
  out.append("\r\n");
  return out;
}

}  // namespace appliance::net::http
