// Join tokens on the server's side: made, listed, revoked. The secret part leaves the server once, in the answer to its
// making; the store has its hash (orchestrator/apiserver/join_tokens.h).
//
//   const TokenDesk desk{.client = client, .ca_pem = ca, .clock = clock, .random = random,
//                        .address = join_address(ip, port)};
//   const auto token = TRY(issue_token(desk, {.ttl = 24h, .description = "rack 4"}));
//   print(token["command"]);
//
// All block on the API: for pool threads.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/json/json.h"
#include "base/random.h"
#include "orchestrator/client/client.h"

namespace appliance::node {

struct TokenDesk {
  orchestrator::client::Client& client;  // as the cluster's admin
  const std::string& ca_pem;             // what tokens pin
  const base::Clock& clock;
  base::Random& random;
  std::string address;  // where machines join
};
struct TokenWish {
  std::chrono::seconds ttl{std::chrono::hours(24)};
  std::string role = "worker";
  std::string description;
};

// {"id","token","role","expires","description","address","command"}. kInvalidArgument: the wish cannot be granted.
Result<json::Object> issue_token(const TokenDesk& desk, const TokenWish& wish);
// [{"id","role","expires","expired","description"}]
Result<json::Array> list_tokens(const TokenDesk& desk);
Result<> revoke_token(const TokenDesk& desk, const std::string& id);  // kNotFound

// "192.0.2.1:6443", "[2001:db8::1]:6443"
std::string join_address(const std::string& ip, int port);

}  // namespace appliance::node
