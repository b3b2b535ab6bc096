// The first bytes of a response: status line and header. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace appliance::net::http {

std::string_view reason_phrase(int status);  // "" for one that has no name

struct Framing {
  std::optional<uint64_t> content_length;  // set: Content-Length
  bool chunked = false;                    // else chunked, or the end of the connection
  bool close = false;                      // Connection: close
  bool http_1_0 = false;                   // keep-alive must be said
};

// Framing fields and Date that the handler set are dropped: the server alone frames. CR, LF and NUL in a name or value
// become blanks, so that what came from outside can't split the response. Ends with the empty line.
std::string response_head(const Response& response, const Framing& framing);

bool status_has_no_body(int status);   // 1xx, 204, 304
std::string chunk_head(size_t bytes);  // "1a\r\n"

}  // namespace appliance::net::http
