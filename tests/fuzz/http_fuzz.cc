// fuzz: sources=pkg/net/http/request_parser.cc pkg/net/http/head_check.cc pkg/net/http/chunked_decoder.cc
// fuzz: sources=pkg/net/http/message.cc pkg/base/strings.cc pkg/base/error.cc pkg/base/check.cc
// The bytes of a client become requests, or refusals: RequestParser with the pieces cut by the input itself. What must
// hold, beside not crashing: limits are kept, what is accepted is framed unambiguously, and how the bytes are cut
// changes nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/request_parser.h"

namespace {

using appliance::net::http::Request;
using appliance::net::http::RequestParser;

constexpr RequestParser::Limits kLimits{.header_bytes_max = 4096, .body_bytes_max = 4096};
constexpr int kRequestsMax = 16;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::vector<Request> requests;
  int refused = 0;
  friend bool operator==(const Seen& a, const Seen& b) {
    if (a.refused != b.refused || a.requests.size() != b.requests.size()) return false;
    for (size_t i = 0; i < a.requests.size(); ++i)
      if (a.requests[i].method != b.requests[i].method || a.requests[i].target != b.requests[i].target ||
          a.requests[i].body != b.requests[i].body)
        return false;
    return true;
  }
};

void check(const Request& request) {
  require(!request.path.empty() && request.path.front() == '/');
  require(request.path.find('\0') == std::string::npos);
  require(request.body.size() <= kLimits.body_bytes_max);
  const bool length = request.headers.has("content-length");
  const bool encoding = request.headers.has("transfer-encoding");
  require(!(length && encoding));
  require(request.headers.all("content-length").size() <= 1);
  require(request.headers.all("host").size() <= 1);
  if (!length && !encoding) require(request.body.empty());
  for (const auto& field : request.headers) {
    require(field.name.find_first_of(" \t\r\n:") == std::string::npos);
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

Seen run(std::string_view bytes, size_t step) {
  Seen seen;
  RequestParser parser(kLimits);
  std::string buffer;
  for (size_t at = 0; at < bytes.size(); at += step) {
    buffer += bytes.substr(at, step);
    while (seen.requests.size() < kRequestsMax) {
      const size_t taken = parser.feed(buffer);
      require(taken <= buffer.size());
      buffer.erase(0, taken);
      if (parser.state() == RequestParser::State::kFailed) {
        seen.refused = parser.refusal().status;
        require(seen.refused >= 400 && seen.refused < 500);
        return seen;
      }
      if (parser.state() != RequestParser::State::kDone) break;
      seen.requests.push_back(parser.take());
      check(seen.requests.back());
      parser = RequestParser(kLimits);
      if (buffer.empty()) break;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 16384) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t step = 1 + data[0] % 64;
  require(run(bytes, bytes.size() + 1) == run(bytes, step));
  return 0;
}
