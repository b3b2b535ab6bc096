// Paths that are no resources: discovery, version, health, metrics, OpenAPI, the token issuer's keys (kube-api page 1).
#include "base/strings.h"
#include "orchestrator/apiserver/api.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

void serve_document(Call& call, const Document& document) {
  net::http::Response response;
  if (call.request().headers.get("If-None-Match") == document.etag) {
    response.status = 304;
  } else {
    response.content_type = document.content_type;
    response.body.push_back(net::http::Chunk::of(document.body));
  }
  response.headers.add("ETag", document.etag);
  response.headers.add("Vary", "Accept");
  response.headers.add("Cache-Control", "public");
  response.headers.add("Audit-Id", call.audit_id);
  call.exchange->respond(std::move(response));
}

json::Value version_document(const VersionInfo& v) {
  return json::Object{{"major", v.major},
                      {"minor", v.minor},
                      {"emulationMajor", v.major},
                      {"emulationMinor", v.minor},
                      {"minCompatibilityMajor", v.major},
                      {"minCompatibilityMinor", v.minor},
                      {"gitVersion", v.git_version},
                      {"gitCommit", v.git_commit},
                      {"gitTreeState", "clean"},
                      {"buildDate", v.build_date},
                      {"goVersion", "none"},
                      {"compiler", "clang"},
                      {"platform", "linux/amd64"}};
}

struct Check {
  std::string_view name;
  bool good;
};

// /healthz, /livez, /readyz: "ok", or one line per check with ?verbose and when something fails.
void serve_health(Core& core, Call& call, std::string_view endpoint, std::string_view single) {
  const std::string problem = core.kv.status().problem;
  std::vector<Check> checks = {{"ping", true}, {"store", problem.empty()}};
  if (endpoint == "readyz") checks.push_back({"watch-cache", core.cache.revision() > 0});
  const auto excluded = call.request().query_values("exclude");
  std::string lines;
  bool good = true;
  bool found = single.empty();
  for (const Check& check : checks) {
    if (!single.empty() && check.name != single) continue;
    found = true;
    if (std::ranges::find(excluded, check.name) != excluded.end()) {
      lines += "[+]" + std::string(check.name) + " excluded: ok\n";
      continue;
    }
    good = good && check.good;
    lines +=
        (check.good ? "[+]" : "[-]") + std::string(check.name) + (check.good ? " ok\n" : " failed: reason withheld\n");
  }
  if (!found) return respond_text(call, 404, "404 page not found\n");
  const std::string name(endpoint);
  if (!good) {
    core.log.warn("a health check fails", {{"check", "store"}, {"problem", problem}});
    return respond_text(call, 500, lines + name + " check failed\n");
  }
  respond_text(call, 200, call.request().has_query("verbose") ? lines + name + " check passed\n" : "ok");
}

void serve_openapi(Core& core, Call& call, std::string_view rest) {
  if (rest.empty()) return respond_text(call, 200, core.openapi.index(), "application/json");
  const Document* document = core.openapi.find(rest);
  if (document == nullptr) return respond_text(call, 404, "404 page not found\n");
  const std::string_view hash = call.request().query_value("hash");
  const std::string current = document->etag.substr(1, document->etag.size() - 2);
  if (!hash.empty() && hash != current) {
    net::http::Response response;
    response.status = 301;
    response.headers.add("Location", "/openapi/v3/" + std::string(rest) + "?hash=" + current);
    return call.exchange->respond(std::move(response));
  }
  if (hash.empty()) return serve_document(call, *document);
  net::http::Response response;
  response.headers.add("ETag", document->etag);
  response.headers.add("Vary", "Accept");
  response.headers.add("Cache-Control", "public, immutable");
  response.headers.add("Audit-Id", call.audit_id);
  response.body.push_back(net::http::Chunk::of(document->body));
  call.exchange->respond(std::move(response));
}

std::string root_paths(const Core& core) {
  json::Array paths{"/api", "/api/v1", "/apis"};
  for (const std::string& path : core.openapi.paths()) {
    if (path.starts_with("apis/")) paths.emplace_back('/' + path);
  }
  for (const char* path : {"/healthz", "/livez", "/metrics", "/openapi/v3", "/readyz", "/version"})
    paths.emplace_back(path);
  return json::serialize(json::Object{{"paths", std::move(paths)}});
}

bool serve_issuer(Core& core, Call& call, std::string_view path) {
  if (path == "/openid/v1/jwks") {
    const auto keys = core.tokens.jwks();
    if (!keys) return false;
    respond_text(call, 200, *keys, "application/jwk-set+json");
    return true;
  }
  if (path != "/.well-known/openid-configuration") return false;
  respond_json(call, 200,
               json::Object{{"issuer", core.tokens.issuer()},
                            {"jwks_uri", core.tokens.issuer() + "/openid/v1/jwks"},
                            {"response_types_supported", json::Array{"id_token"}},
                            {"subject_types_supported", json::Array{"public"}},
                            {"id_token_signing_alg_values_supported", json::Array{"ES256"}}});
  return true;
}

}  // namespace

void serve_nonresource(Core& core, const CallPtr& call) {
  const std::string& path = call->info.path;
  if (path.starts_with("/ui/")) return serve_web_ui(core, call);
  if (call->request().method != "GET" && call->request().method != "HEAD") {
    api::ApiError error;
    error.code = 405;
    error.reason = "MethodNotAllowed";
    error.message = "the server does not allow this method on the requested resource";
    return respond_error(*call, error);
  }
  if (path == "/version" || path == "/version/")
    return respond_json(*call, 200, version_document(core.options.version));
  for (const std::string_view endpoint : {"healthz", "livez", "readyz"}) {
    const std::string prefix = '/' + std::string(endpoint);
    if (path == prefix || path == prefix + '/') return serve_health(core, *call, endpoint, {});
    if (path.starts_with(prefix + '/'))
      return serve_health(core, *call, endpoint, std::string_view(path).substr(prefix.size() + 1));
  }
  if (path == "/metrics")
    return respond_text(*call, 200, core.options.metrics == nullptr ? "" : core.options.metrics->expose(),
                        "text/plain; version=0.0.4; charset=utf-8");
  if (path == "/openapi/v3" || path == "/openapi/v3/") return serve_openapi(core, *call, {});
  if (path.starts_with("/openapi/v3/")) return serve_openapi(core, *call, std::string_view(path).substr(12));
  if (path == "/") return respond_text(*call, 200, root_paths(core), "application/json");
  if (serve_issuer(core, *call, path)) return;
  const auto accepted = negotiate(call->request().headers.get("Accept"));
  const Document* document = core.discovery.find(path, accepted.value_or(Accepted{}));
  if (document == nullptr) return respond_text(*call, 404, "404 page not found\n");
  if (!accepted)
    return respond_text(*call, 406, "406: Not Acceptable\n\nAvailable representations: application/json\n");
  serve_document(*call, *document);
}

}  // namespace appliance::orchestrator::apiserver
