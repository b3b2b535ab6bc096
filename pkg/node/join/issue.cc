#include "node/join/issue.h"

#include "base/crypto/x509.h"
#include "node/join/token.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/join_tokens.h"

namespace appliance::node {
namespace {

namespace api = orchestrator::api;
namespace apiserver = orchestrator::apiserver;

constexpr int kIdAttemptsMax = 5;  // ids are 31 bits of chance: a second clash is already a wonder

api::ObjectKey secret_key(const std::string& id) {
  return {std::string(api::kJoinNamespace), std::string(api::kJoinTokenPrefix) + id};
}

json::Object answer(const TokenDesk& desk, const JoinToken& token, const json::Value& secret) {
  const auto facts = apiserver::join_token_facts(secret);
  return {{"id", token.id},
          {"token", token.text()},
          {"role", facts->role},
          {"expires", facts->expires},
          {"description", facts->description},
          {"address", desk.address},
          {"command", "appliance join " + desk.address + " --token " + token.text()}};
}

}  // namespace

Result<json::Object> issue_token(const TokenDesk& desk, const TokenWish& wish) {
  const auto ca = TRY_CTX(crypto::parse_certificate(desk.ca_pem), "CA");
  for (int attempt = 0; attempt < kIdAttemptsMax; ++attempt) {
    auto token = TRY(apiserver::make_join_token(wish.ttl, wish.role, wish.description, desk.clock.now(), desk.random));
    const auto made = desk.client.create("secrets", api::kJoinNamespace, token.object);
    if (!made && made.error().code == Code::kAlreadyExists) continue;
    if (!made) return fail(made.error());
    // A read after the write: from here on the API knows the token.
    TRY(desk.client.get("secrets", secret_key(token.id)));
    return answer(desk, {.ca_sha256 = ca.sha256, .id = token.id, .secret = token.secret}, token.object);
  }
  return fail(Code::kInternal, "no free token id was found");
}

Result<json::Array> list_tokens(const TokenDesk& desk) {
  const auto secrets =
      TRY(desk.client.list("secrets", api::kJoinNamespace,
                           {.label_selector = {}, .field_selector = "type=" + std::string(api::kJoinTokenSecretType)}));
  json::Array tokens;
  for (const auto& secret : json::array_at(secrets, {"items"})) {
    const auto facts = apiserver::join_token_facts(secret);
    if (!facts) continue;
    const auto end = base::parse_rfc3339(facts->expires);
    tokens.push_back(json::Object{{"id", facts->id},
                                  {"role", facts->role},
                                  {"expires", facts->expires},
                                  {"expired", !end || *end <= desk.clock.now()},
                                  {"description", facts->description}});
  }
  return tokens;
}

Result<> revoke_token(const TokenDesk& desk, const std::string& id) {
  const auto key = secret_key(id);
  const auto found = desk.client.get("secrets", key);
  if (!found && found.error().code != Code::kNotFound) return fail(found.error());
  if (!found || !apiserver::join_token_facts(*found))
    return fail(Code::kNotFound, "join token \"" + id + "\" not found");
  const auto removed = desk.client.remove("secrets", key);
  if (!removed) return removed;
  (void)desk.client.get("secrets", key);  // not found: from here on the API has forgotten it
  return {};
}

std::string join_address(const std::string& ip, int port) {
  return (ip.find(':') == std::string::npos ? ip : '[' + ip + ']') + ':' + std::to_string(port);
}

}  // namespace appliance::node
