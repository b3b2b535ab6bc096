// Join tokens: `K10<sha256 of the CA certificate>::<id>.<secret>`. The hash pins the cluster's CA, so that a joining
// machine can check whom it talks to before it sends anything secret; id and secret are a bearer token of
// system:bootstrap:<id>. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::node {

struct JoinToken {
  std::string ca_sha256;  // 64 lower-case hex digits, of the DER
  std::string id;         // 6 characters [a-z0-9]
  std::string secret;     // 32 characters [a-z0-9]

  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string bearer() const { return id + '.' + secret; }
};

// kInvalidArgument says what is wrong with it, and never repeats the secret.
Result<JoinToken> parse_join_token(std::string_view text);

// "90s", "30m", "24h", "7d". kInvalidArgument says how it is written.
Result<std::chrono::seconds> parse_ttl(std::string_view text);

}  // namespace appliance::node
