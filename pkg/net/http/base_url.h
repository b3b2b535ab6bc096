// What a client needs to know before it connects. All pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "net/http/message.h"

namespace appliance::net::http {

struct BaseUrl {
  bool tls = false;
  std::string host;  // without the brackets of an IPv6 address
  int port = 0;
  std::string unix_path;  // instead of host and port
};

// "https://[::1]:6443", "http://registry", "unix:///run/x.sock". A final '/' is fine; a path, query or user is not.
Result<BaseUrl> parse_base_url(std::string_view text);

// False: what is not a token, or would end the request line early.
bool valid_request_line(std::string_view method, std::string_view path);
bool valid_field(const Header& field);

}  // namespace appliance::net::http
