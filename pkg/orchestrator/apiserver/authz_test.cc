#include "orchestrator/apiserver/authz.h"

#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::TestServer;

User node_user(const std::string& name) {
  return {.name = "system:node:" + name, .uid = {}, .groups = {"system:nodes", "system:authenticated"}, .extra = {}};
}

json::Value pod_with_secret() {
  return json::
      parse(R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"example.test/app:1","env":[{"name":"E","valueFrom":{"configMapKeyRef":{"name":"settings","key":"k"}}}]}],
    "volumes":[{"name":"v","secret":{"secretName":"mine"}}]}})")
          .value();
}

}  // namespace

TEST_CASE("authz: a node reads what its pods refer to, and nothing else") {
  TestServer server;
  client::Client& admin = server.admin();
  client::Client& node = server.api->client_as("system:node:n1", {"system:nodes"});
  const auto named = [](const char* name) {
    return json::Value(json::Object{{"metadata", json::Object{{"name", name}}}});
  };
  REQUIRE(admin.create("serviceaccounts", "default", named("default"), {}).has_value());
  for (const char* secret : {"mine", "other"})
    REQUIRE(admin.create("secrets", "default", named(secret), {}).has_value());
  REQUIRE(admin.create("configmaps", "default", named("settings"), {}).has_value());
  REQUIRE(admin.create("pods", "default", pod_with_secret(), {}).has_value());
  CHECK_FALSE(node.get("secrets", {"default", "mine"}).has_value());  // the pod is nobody's yet
  const json::Value binding =
      json::parse(
          R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}})")
          .value();
  REQUIRE(admin.create("pods", "default", binding, {.subresource = "binding", .field_manager = {}, .dry_run = false})
              .has_value());
  REQUIRE(admin.get("pods", {"default", "p"}).has_value());  // the cache has seen the binding
  CHECK(node.get("secrets", {"default", "mine"}).has_value());
  CHECK(node.get("configmaps", {"default", "settings"}).has_value());
  CHECK_FALSE(node.get("secrets", {"default", "other"}).has_value());
  CHECK(node.get("pods", {"default", "p"}).has_value());
  CHECK_FALSE(server.api->client_as("system:node:n2", {"system:nodes"}).get("pods", {"default", "p"}).has_value());
  const json::Value status = json::Object{{"status", json::Object{{"phase", "Running"}}}};
  CHECK(node.patch("pods", {"default", "p"}, client::PatchType::kMerge, status,
                   {.subresource = "status", .field_manager = {}, .dry_run = false})
            .has_value());
  CHECK_FALSE(node.patch("pods", {"default", "p"}, client::PatchType::kMerge, status, {}).has_value());
}

TEST_CASE("authz: everybody gets discovery, version and health; metrics only those with rights") {
  TestServer server;
  for (const char* path :
       {"/api", "/apis", "/api/v1", "/apis/apps/v1", "/version", "/healthz", "/readyz?verbose", "/openapi/v3"}) {
    INFO(path);
    CHECK(ask(*server.api, {.path = path, .user = ""}).status == 200);
  }
  CHECK(ask(*server.api, {.path = "/metrics", .user = ""}).status == 403);
  CHECK(ask(*server.api, {.path = "/metrics"}).status == 200);
  CHECK(ask(*server.api, {.path = "/api", .bearer = "bad"}).status == 401);
}

TEST_CASE("authz: the masters may speak as somebody else, who has that one's rights; others may not") {
  TestServer server;
  const auto as_jane = ask(*server.api, {.path = "/api/v1/pods", .impersonate = "jane"});
  CHECK(as_jane.status == 403);
  CHECK(json::string_at(as_jane.json(), {"message"}) ==
        "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" at the cluster scope");
  const auto refused = ask(*server.api, {.path = "/version", .user = "joe", .group = "dev", .impersonate = "jane"});
  CHECK(refused.status == 403);
  CHECK(json::string_at(refused.json(), {"message"}) ==
        "users \"jane\" is forbidden: User \"joe\" cannot impersonate resource \"users\" in API group \"\" at the "
        "cluster scope");
}

TEST_CASE("authz: nobody is a node by name alone") {
  User impostor = node_user("n1");
  impostor.groups = {"system:authenticated"};
  CHECK(node_of(impostor).empty());
  CHECK(node_of(node_user("n1")) == "n1");
}

TEST_CASE("tokens: a service account's token names it until the account, or the pod it is bound to, is gone") {
  TestServer server;
  client::Client& admin = server.admin();
  REQUIRE(admin.create("serviceaccounts", "default", json::parse(R"({"metadata":{"name":"default"}})").value(), {})
              .has_value());
  REQUIRE(
      admin
          .create("pods", "default",
                  json::parse(
                      R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"example.test/app:1"}]}})")
                      .value(),
                  {})
          .has_value());
  const auto request = [&](const std::string& body) {
    return ask(*server.api,
               {.method = "POST", .path = "/api/v1/namespaces/default/serviceaccounts/default/token", .body = body});
  };
  const auto whoami = [&](const std::string& token) {
    return ask(*server.api, {.method = "POST",
                             .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                             .body = R"({"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"})",
                             .bearer = token});
  };
  const auto token_of = [](const testing::Told& told) {
    return std::string(json::string_at(told.json(), {"status", "token"}));
  };
  const auto plain = request(R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{}})");
  REQUIRE(plain.status == 201);
  const auto bound = request(
      R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"p"}}})");
  REQUIRE(bound.status == 201);
  CHECK(json::int_at(bound.json(), {"spec", "expirationSeconds"}) == 3607);
  CHECK(json::string_at(whoami(token_of(plain)).json(), {"status", "userInfo", "username"}) ==
        "system:serviceaccount:default:default");
  CHECK(whoami(token_of(bound)).status == 201);
  CHECK(request(R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"expirationSeconds":10}})")
            .status == 422);
  const auto elsewhere =
      request(R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"audiences":["vault"]}})");
  CHECK(whoami(token_of(elsewhere)).status == 401);
  CHECK(ask(*server.api, {.path = "/api/v1/namespaces/default/pods", .bearer = token_of(plain)}).status == 403);
  REQUIRE(admin.remove("pods", {"default", "p"}, {}).has_value());
  REQUIRE_FALSE(admin.get("pods", {"default", "p"}).has_value());
  CHECK(whoami(token_of(bound)).status == 401);
  CHECK(whoami(token_of(plain)).status == 201);
  REQUIRE(admin.remove("serviceaccounts", {"default", "default"}, {}).has_value());
  REQUIRE_FALSE(admin.get("serviceaccounts", {"default", "default"}).has_value());
  CHECK(whoami(token_of(plain)).status == 401);
}

}  // namespace appliance::orchestrator::apiserver
