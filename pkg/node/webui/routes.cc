#include "node/webui/routes.h"

#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "node/control/routes.h"
#include "node/join/issue.h"
#include "node/join/token.h"
#include "orchestrator/api/errors.h"

namespace appliance::node::webui {
namespace {

namespace api = orchestrator::api;
using net::http::Exchange;
using net::http::Request;

// Sizes of values need the values: read so many at once, 48 MiB of them at most.
constexpr int64_t kValuesAtOnce = 32;
constexpr std::string_view kSecretPrefix = "/registry/secrets/";

struct Answer {
  json::Value document;
  int status = 200;
};
using Outcome = api::ApiResult<Answer>;

void respond(Exchange& exchange, const json::Value& document, int status) {
  net::http::Response response;
  response.status = status;
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body.push_back(net::http::Chunk::of(json::serialize(document) + '\n'));
  exchange.respond(std::move(response));
}

void respond(Exchange& exchange, const Outcome& outcome) {
  if (outcome) return respond(exchange, outcome->document, outcome->status);
  respond(exchange, api::to_status(outcome.error()), outcome.error().code);
}

std::unexpected<api::ApiError> refused(const Error& error) { return std::unexpected(api::from_error(error)); }
std::unexpected<api::ApiError> bad(std::string message) {
  return std::unexpected(api::bad_request(std::move(message)));
}
std::unexpected<api::ApiError> status(int code, std::string reason, std::string message) {
  api::ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return std::unexpected(std::move(error));
}

// `name` as it is, or `name`64 in base64.
api::ApiResult<std::string> bytes_of(const Request& request, const std::string& name) {
  if (!request.has_query(name + "64")) return std::string(request.query_value(name));
  auto bytes = base::unbase64(request.query_value(name + "64"));
  if (!bytes) return bad(name + "64: is not base64");
  return std::move(*bytes);
}

json::Object key_facts(const store::KeyValue& kv) {
  json::Object out;
  if (base::valid_utf8(kv.key)) {
    out["key"] = kv.key;
  } else {
    out["key64"] = base::base64(kv.key);
  }
  out["create_revision"] = kv.create_revision;
  out["mod_revision"] = kv.mod_revision;
  out["version"] = kv.version;
  out["lease"] = kv.lease;
  out["size"] = static_cast<int64_t>(kv.value ? kv.value->size() : 0);
  return out;
}

Outcome store_status(const RouteDeps& deps, const Request&) {
  json::Object out = store_status_document(deps.kv.status());
  out["members"] = json::Array{json::Object{
      {"name", deps.config.node_name}, {"address", deps.config.node_ip}, {"role", "leader"}, {"voter", true}}};
  return Answer{std::move(out)};
}

Outcome store_keys(const RouteDeps& deps, const Request& request) {
  const auto prefix = bytes_of(request, "prefix");
  if (!prefix) return std::unexpected(prefix.error());
  const auto after = bytes_of(request, "after");
  if (!after) return std::unexpected(after.error());
  const std::string_view said = request.query_value("limit");
  const auto limit = said.empty() ? kKeysDefault : base::parse_int<int64_t>(said).value_or(0);
  if (limit < 1 || limit > kKeysMax) return bad("limit: must be from 1 to " + std::to_string(kKeysMax));

  store::RangeRequest range;
  range.key = std::max(*prefix, after->empty() ? std::string() : *after + '\0');
  if (range.key.empty()) range.key.assign(1, '\0');
  range.range_end = prefix->empty() ? std::string(1, '\0') : store::prefix_end(*prefix);
  json::Array keys;
  int64_t count = -1;
  bool more = true;
  while (more && static_cast<int64_t>(keys.size()) < limit) {
    range.limit = std::min(kValuesAtOnce, limit - static_cast<int64_t>(keys.size()));
    const auto page = store::range_wait(deps.kv, range);
    if (!page) return refused(page.error());
    if (count < 0) count = page->count;
    for (const auto& kv : page->kvs) keys.push_back(key_facts(kv));
    more = page->more && !page->kvs.empty();
    if (page->kvs.empty()) break;
    range.revision = range.revision != 0 ? range.revision : page->revision;
    range.key = page->kvs.back().key + '\0';
  }
  const int64_t revision = range.revision != 0 ? range.revision : deps.kv.status().revision;
  return Answer{json::Object{{"revision", revision}, {"keys", std::move(keys)}, {"more", more}, {"count", count}}};
}

// Text for people: the value, and what it is.
void show_value(json::Object& out, const std::string& value) {
  if (auto document = json::parse(value); document && (document->is_object() || document->is_array())) {
    out["encoding"] = "json";
    out["value"] = json::serialize_pretty(*document);
  } else if (base::valid_utf8(value)) {
    out["encoding"] = "text";
    out["value"] = value;
  } else {
    out["encoding"] = "base64";
    out["value"] = base::base64(value);
  }
}

Outcome store_key(const RouteDeps& deps, const Request& request) {
  auto key = bytes_of(request, "key");
  if (!key) return std::unexpected(key.error());
  if (key->empty()) return bad("key: is empty");
  const bool secret = key->starts_with(kSecretPrefix);
  store::RangeRequest range;
  range.key = std::move(*key);
  const auto found = store::range_wait(deps.kv, std::move(range));
  if (!found) return refused(found.error());
  if (found->kvs.empty()) return status(404, "NotFound", "the store has no such key");
  const auto& kv = found->kvs[0];
  json::Object out = key_facts(kv);
  out["revision"] = found->revision;
  out["secret"] = secret;
  show_value(out, kv.value ? *kv.value : std::string());
  return Answer{std::move(out)};
}

TokenDesk desk_of(const RouteDeps& deps, orchestrator::client::Client& client) {
  return {.client = client,
          .ca_pem = deps.ca_pem,
          .clock = deps.clock,
          .random = deps.random,
          .address = join_address(deps.config.node_ip, deps.port())};
}

api::ApiResult<TokenWish> wish_of(const std::string& body) {
  TokenWish out;
  if (body.empty()) return out;
  if (body.size() > kBodyBytesMax) return status(413, "RequestEntityTooLarge", "the body is too large");
  const auto said = json::parse(body);
  if (!said || !said->is_object()) return bad("the body must be a JSON object");
  if (const auto ttl = json::string_at(*said, {"ttl"}); !ttl.empty()) {
    const auto seconds = parse_ttl(ttl);
    if (!seconds) return bad("ttl: " + seconds.error().message);
    out.ttl = *seconds;
  } else if (json::find(*said, {"ttl"}) != nullptr) {
    return bad("ttl: must be a text like \"24h\"");
  }
  out.role = json::string_at(*said, {"role"}, "worker");
  out.description = json::string_at(*said, {"description"});
  return out;
}

Outcome tokens(const RouteDeps& deps, const Request& request) {
  auto* client = deps.client();
  if (client == nullptr) return status(503, "ServiceUnavailable", "the server is starting, or stops");
  const TokenDesk desk = desk_of(deps, *client);
  if (request.method == "POST") {
    const auto wish = wish_of(request.body);
    if (!wish) return std::unexpected(wish.error());
    auto made = issue_token(desk, *wish);
    if (!made) return refused(made.error());
    deps.log.info("a join token was made in the dashboard", {{"id", json::string_at(json::Value(*made), {"id"})}});
    return Answer{std::move(*made), 201};
  }
  if (request.method == "DELETE") {
    const std::string id(request.query_value("id"));
    if (const auto done = revoke_token(desk, id); !done) return refused(done.error());
    deps.log.info("a join token was revoked in the dashboard", {{"id", id}});
    return Answer{json::Object{{"deleted", id}}};
  }
  auto list = list_tokens(desk);
  if (!list) return refused(list.error());
  return Answer{json::Object{{"tokens", std::move(*list)}}};
}

struct Path {
  std::string_view path;
  std::string_view methods;
  Outcome (*serve)(const RouteDeps& deps, const Request& request);
};
constexpr Path kPaths[] = {
    {"/ui/v1/store/status", "GET", store_status},
    {"/ui/v1/store/keys", "GET", store_keys},
    {"/ui/v1/store/key", "GET", store_key},
    {"/ui/v1/tokens", "GET POST DELETE", tokens},
};

}  // namespace

net::http::Handler route_handler(RouteDeps deps) {
  auto shared = std::make_shared<const RouteDeps>(std::move(deps));
  return [shared](const std::shared_ptr<Exchange>& exchange) {
    const Request& request = exchange->request();
    const auto* path = std::ranges::find(kPaths, request.path, &Path::path);
    if (path == std::end(kPaths)) return respond(*exchange, status(404, "NotFound", "there is no such path"));
    const auto methods = base::split(path->methods, ' ');
    if (std::ranges::find(methods, request.method) == methods.end())
      return respond(*exchange, status(405, "MethodNotAllowed", "the path takes " + std::string(path->methods)));
    const bool taken = shared->executor.post(
        [shared, exchange, serve = path->serve] { respond(*exchange, serve(*shared, exchange->request())); });
    if (!taken) respond(*exchange, status(503, "ServiceUnavailable", "the server is too busy, or stops"));
  };
}

}  // namespace appliance::node::webui
