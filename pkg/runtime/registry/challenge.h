// WWW-Authenticate challenges and URLs of the distribution protocol. Pure.
//
//   Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace appliance::runtime::registry {

struct Challenge {
  std::string scheme;                         // lower case: bearer, basic
  std::map<std::string, std::string> params;  // names in lower case
};
// Every challenge of one header field (RFC 9110 section 11.6.1); what can't be read is left out.
std::vector<Challenge> parse_challenges(std::string_view header);

struct Url {
  std::string base;  // scheme://host[:port]
  std::string path;  // with the query; begins with '/'
  [[nodiscard]] bool tls() const { return base.starts_with("https://"); }
  [[nodiscard]] std::string_view host() const;  // with the port
};
// Absolute http(s) URLs only. Plain http only for loopback: kPermissionDenied otherwise.
Result<Url> parse_url(std::string_view text);
// `location` of an answer to `from`: absolute, or relative to the host.
Result<Url> resolve_location(const Url& from, std::string_view location);

}  // namespace appliance::runtime::registry
