// Join tokens over the control socket.
#include "node/control/routes.h"
#include "node/join/issue.h"

namespace appliance::node {
namespace {

using net::http::Exchange;

TokenDesk desk_of(ControlDeps& deps) {
  return {.client = deps.client,
          .ca_pem = deps.ca_pem,
          .clock = deps.clock,
          .random = deps.random,
          .address = join_address(deps.config.node_ip, deps.config.https_listen_port)};
}

}  // namespace

void tokens_create(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  const auto answer = issue_token(desk_of(deps), {.ttl = std::chrono::seconds(json::int_at(*body, {"ttl_seconds"})),
                                                  .role = std::string(json::string_at(*body, {"role"})),
                                                  .description = std::string(json::string_at(*body, {"description"}))});
  if (!answer) return respond_error(*exchange, answer.error());
  respond_json(*exchange, *answer, 201);
}

void tokens_list(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  auto tokens = list_tokens(desk_of(deps));
  if (!tokens) return respond_error(*exchange, tokens.error());
  respond_json(*exchange, json::Object{{"tokens", std::move(*tokens)}});
}

void tokens_delete(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const std::string id(exchange->request().query_value("id"));
  if (const auto done = revoke_token(desk_of(deps), id); !done) return respond_error(*exchange, done.error());
  respond_json(*exchange, json::Object{{"deleted", id}});
}

}  // namespace appliance::node
