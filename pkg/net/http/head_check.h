// The strict checks of a request's header that come before and after Beast's parser. All pure; request_parser.h says
// why.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace appliance::net::http {

// The first reason to refuse the raw bytes of a whole header (request line to the empty line, both included).
std::optional<std::string> check_raw_head(std::string_view head, size_t fields_max);

// True when `next` may follow `previous` inside a header; catches bare CR and LF as soon as they come.
bool valid_head_byte(char previous, char next);

// The first reason to refuse the parsed fields: framing, Host.
std::optional<std::string> check_fields(const Headers& headers, bool http_1_0);

// Splits the target into path and query; an absolute URI replaces Host by its authority. The reason when it is not
// acceptable.
std::optional<std::string> apply_target(Request& request);

// A complete and correct opening handshake of RFC 6455 section 4.2.1.
bool is_websocket_upgrade(const Request& request);

// True when the comma-separated field `name` has `token` (case-insensitive).
bool has_token(const Headers& headers, std::string_view name, std::string_view token);

}  // namespace appliance::net::http
