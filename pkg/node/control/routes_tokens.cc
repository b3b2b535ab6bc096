// Join tokens over the control socket: made, listed, deleted. The secret part leaves the server once, in the answer to
// its making; the store has its hash.
#include "base/crypto/x509.h"
#include "base/strings.h"
#include "node/control/routes.h"
#include "node/join/token.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/join_tokens.h"

namespace appliance::node {
namespace {

using net::http::Exchange;
namespace api = orchestrator::api;
namespace apiserver = orchestrator::apiserver;

constexpr int kIdAttemptsMax = 5;  // ids are 31 bits of chance: a second clash is already a wonder

api::ObjectKey secret_key(const std::string& id) {
  return {std::string(api::kJoinNamespace), std::string(api::kJoinTokenPrefix) + id};
}

std::string join_address(const Config& config) {
  const bool six = config.node_ip.find(':') != std::string::npos;
  return (six ? '[' + config.node_ip + ']' : config.node_ip) + ':' + std::to_string(config.https_listen_port);
}

Result<json::Value> create_token(ControlDeps& deps, const json::Value& body) {
  const auto ca = TRY_CTX(crypto::parse_certificate(deps.ca_pem), "CA");
  for (int attempt = 0; attempt < kIdAttemptsMax; ++attempt) {
    auto token = TRY(apiserver::make_join_token(std::chrono::seconds(json::int_at(body, {"ttl_seconds"})),
                                                json::string_at(body, {"role"}), json::string_at(body, {"description"}),
                                                deps.clock.now(), deps.random));
    const auto made = deps.client.create("secrets", api::kJoinNamespace, token.object);
    if (!made && made.error().code == Code::kAlreadyExists) continue;
    if (!made) return fail(made.error());
    // A read after the write: from here on the API knows the token.
    TRY(deps.client.get("secrets", secret_key(token.id)));
    const auto facts = apiserver::join_token_facts(token.object);
    const JoinToken whole{.ca_sha256 = ca.sha256, .id = token.id, .secret = token.secret};
    return json::Value(json::Object{{"id", token.id},
                                    {"token", whole.text()},
                                    {"role", facts->role},
                                    {"expires", facts->expires},
                                    {"description", facts->description},
                                    {"address", join_address(deps.config)}});
  }
  return fail(Code::kInternal, "no free token id was found");
}

Result<> delete_token(ControlDeps& deps, const std::string& id) {
  const auto key = secret_key(id);
  auto found = deps.client.get("secrets", key);
  if (found && apiserver::join_token_facts(*found)) {
    const auto removed = deps.client.remove("secrets", key);
    if (!removed) return removed;
    (void)deps.client.get("secrets", key);  // not found: from here on the API has forgotten it
    return {};
  }
  if (!found && found.error().code != Code::kNotFound) return fail(found.error());
  return fail(Code::kNotFound, "join token \"" + id + "\" not found");
}

}  // namespace

void tokens_create(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  const auto answer = create_token(deps, *body);
  if (!answer) return respond_error(*exchange, answer.error());
  respond_json(*exchange, *answer, 201);
}

void tokens_list(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto secrets =
      deps.client.list("secrets", api::kJoinNamespace,
                       {.label_selector = {}, .field_selector = "type=" + std::string(api::kJoinTokenSecretType)});
  if (!secrets) return respond_error(*exchange, secrets.error());
  json::Array tokens;
  for (const auto& secret : json::array_at(*secrets, {"items"})) {
    const auto facts = apiserver::join_token_facts(secret);
    if (!facts) continue;
    const auto end = base::parse_rfc3339(facts->expires);
    tokens.push_back(json::Object{{"id", facts->id},
                                  {"role", facts->role},
                                  {"expires", facts->expires},
                                  {"expired", !end || *end <= deps.clock.now()},
                                  {"description", facts->description}});
  }
  respond_json(*exchange, json::Object{{"tokens", std::move(tokens)}});
}

void tokens_delete(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const std::string id(exchange->request().query_value("id"));
  if (const auto done = delete_token(deps, id); !done) return respond_error(*exchange, done.error());
  respond_json(*exchange, json::Object{{"deleted", id}});
}

}  // namespace appliance::node
