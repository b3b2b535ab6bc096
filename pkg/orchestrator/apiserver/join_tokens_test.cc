// Join tokens and certificate requests as a joining machine meets them: over the API's front door.
#include "orchestrator/apiserver/join_tokens.h"

#include <catch2/catch.hpp>

#include "base/crypto/csr.h"
#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::must;
using testing::TestServer;
using testing::Told;

constexpr const char* kRequests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
constexpr const char* kNodeClient = "kubernetes.io/kube-apiserver-client-kubelet";

std::string message(const Told& told) { return std::string(json::string_at(told.json(), {"message"})); }

NewJoinToken stored_token(TestServer& server, std::chrono::seconds ttl = std::chrono::hours(1)) {
  auto token = must(make_join_token(ttl, "worker", "for tests", server.clock.now(), server.random));
  (void)must(server.admin().create("secrets", "kube-system", token.object, {}));
  (void)must(server.admin().get("secrets", {"kube-system", "join-token-" + token.id}));  // the cache has it
  return token;
}

std::string request_body(const std::string& name, const std::string& signer = kNodeClient,
                         const std::string& subject = "system:node:w1",
                         const std::string& organization = "system:nodes") {
  const std::string key = must(crypto::generate_key());
  const std::string pem = must(crypto::make_csr(key, {.common_name = subject, .organizations = {organization}}));
  return json::serialize(json::Object{
      {"metadata", json::Object{{"name", name}}},
      {"spec", json::Object{{"request", base::base64(pem)},
                            {"signerName", signer},
                            {"usages", json::Array{"digital signature", "client auth"}},
                            {"username", "system:admin"},
                            {"groups", json::Array{"system:masters"}},
                            {"extra", json::Object{{"appliance.dev/remote-address", json::Array{"192.0.2.1"}}}}}}});
}

Told post(TestServer& server, const std::string& bearer, const std::string& body) {
  return ask(*server.api, {.method = "POST", .path = kRequests, .body = body, .bearer = bearer});
}
Told get(TestServer& server, const std::string& bearer, const std::string& path) {
  return ask(*server.api, {.path = path, .bearer = bearer});
}

}  // namespace

TEST_CASE("join tokens: the Secret has the hash and never the secret, what is asked for must make sense") {
  base::SeededRandom random(7);
  const base::WallTime now(std::chrono::seconds(1'800'000'000));
  const auto token = make_join_token(std::chrono::hours(24), "worker", "rack 4", now, random);
  REQUIRE(token);
  CHECK(token->id.size() == 6);
  CHECK(token->secret.size() == 32);
  CHECK(looks_like_join_token(token->id + '.' + token->secret));
  const std::string text = json::serialize(token->object);
  CHECK(text.find(token->secret) == std::string::npos);
  CHECK(text.find(base::base64(token->secret)) == std::string::npos);
  const auto facts = join_token_facts(token->object);
  REQUIRE(facts);
  CHECK(facts->id == token->id);
  CHECK(facts->role == "worker");
  CHECK(facts->description == "rack 4");
  CHECK(facts->expires == "2027-01-16T08:00:00Z");
  CHECK_FALSE(make_join_token(std::chrono::seconds(0), "worker", "", now, random));
  CHECK_FALSE(make_join_token(std::chrono::hours(24 * 366), "worker", "", now, random));
  CHECK_FALSE(make_join_token(std::chrono::hours(1), "king", "", now, random));
  CHECK_FALSE(make_join_token(std::chrono::hours(1), "worker", std::string(257, 'x'), now, random));
  CHECK_FALSE(looks_like_join_token("abcdef.0123456789abcdef"));
  CHECK_FALSE(looks_like_join_token(token->id + '.' + std::string(32, 'A')));
}

TEST_CASE(
    "join tokens: a good one is a bootstrapper; unknown, wrong, revoked and expired ones are told apart as far as "
    "their holder may know") {
  TestServer server;
  const auto token = stored_token(server);
  const std::string bearer = token.id + '.' + token.secret;
  const auto whoami = ask(
      *server.api,
      {.method = "POST", .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews", .body = "{}", .bearer = bearer});
  REQUIRE(whoami.status == 201);
  CHECK(json::string_at(whoami.json(), {"status", "userInfo", "username"}) == "system:bootstrap:" + token.id);
  CHECK(json::array_at(whoami.json(), {"status", "userInfo", "groups"}) ==
        json::Array{"system:bootstrappers", "system:authenticated"});

  const auto refused = [&](const std::string& text) {
    const Told told = get(server, text, "/version");
    CHECK(told.status == 401);
    CHECK(json::string_at(told.json(), {"reason"}) == "Unauthorized");
    return message(told);
  };
  CHECK(refused(token.id + '.' + std::string(32, 'a')) == "unknown join token");
  CHECK(refused("zzzzzz." + token.secret) == "unknown join token");
  REQUIRE(server.admin().remove("secrets", {"kube-system", "join-token-" + token.id}, {}));
  REQUIRE_FALSE(server.admin().get("secrets", {"kube-system", "join-token-" + token.id}));
  CHECK(refused(bearer) == "unknown join token");
}

TEST_CASE("join tokens: one that expired says so to who knows its whole secret, and to nobody else") {
  TestServer server;
  auto token = must(
      make_join_token(std::chrono::hours(1), "worker", "", server.clock.now() - std::chrono::hours(2), server.random));
  (void)must(server.admin().create("secrets", "kube-system", token.object, {}));
  (void)must(server.admin().get("secrets", {"kube-system", "join-token-" + token.id}));
  const std::string expires = join_token_facts(token.object)->expires;
  CHECK(message(get(server, token.id + '.' + token.secret, "/version")) == "the join token expired at " + expires);
  CHECK(message(get(server, token.id + '.' + std::string(32, '0'), "/version")) == "unknown join token");
}

TEST_CASE("join tokens: a Secret of another type or without its fields opens nothing") {
  TestServer server;
  auto token = must(make_join_token(std::chrono::hours(1), "worker", "", server.clock.now(), server.random));
  const auto with = [&](std::string_view key, const json::Value& value) {
    json::Value object = token.object;
    object.as_object()[key] = value;
    (void)server.admin().remove("secrets", {"kube-system", "join-token-" + token.id}, {});
    (void)must(server.admin().create("secrets", "kube-system", object, {}));
    (void)must(server.admin().get("secrets", {"kube-system", "join-token-" + token.id}));
    return get(server, token.id + '.' + token.secret, "/version").status;
  };
  CHECK(with("type", "Opaque") == 401);
  CHECK(with("data", json::Object{}) == 401);
  json::Object no_end = token.object.at("data").as_object();
  no_end.erase("expires");
  CHECK(with("data", no_end) == 401);
  CHECK(with("data", token.object.at("data")) == 200);
}

TEST_CASE(
    "bootstrappers: make requests to the node client signer, read their own, and see whether they fit; nothing else") {
  TestServer server;
  const auto token = stored_token(server);
  const auto other = stored_token(server);
  const std::string bearer = token.id + '.' + token.secret;
  const std::string stranger = other.id + '.' + other.secret;
  const Told made = post(server, bearer, request_body("mine"));
  REQUIRE(made.status == 201);
  const json::Value request = made.json();
  CHECK(json::string_at(request, {"spec", "username"}) == "system:bootstrap:" + token.id);
  CHECK(json::array_at(request, {"spec", "groups"}) == json::Array{"system:bootstrappers", "system:authenticated"});
  CHECK(json::find(request, {"spec", "extra"}) == nullptr);  // what the body claimed is gone
  REQUIRE(post(server, stranger, request_body("theirs")).status == 201);

  const std::string base(kRequests);
  CHECK(get(server, bearer, base + "/mine").status == 200);
  CHECK(get(server, bearer, base + "?fieldSelector=metadata.name%3Dmine").status == 200);
  const Told watch = get(server, bearer, base + "?watch=1&fieldSelector=metadata.name%3Dmine");
  REQUIRE(watch.status == 200);
  REQUIRE(watch.stream);
  CHECK(watch.stream->wait(1).size() == 1);
  watch.stream->hang_up();
  for (const std::string& path :
       {base + "/theirs", base, base + "?watch=1", base + "/mine?watch=1",
        base + "?fieldSelector=metadata.name%3Dtheirs",
        base + "?fieldSelector=metadata.name%3Dmine,metadata.name%3Dtheirs", base + "/mine/approval",
        std::string("/api/v1/nodes/n1"), std::string("/api/v1/nodes?watch=1"),
        std::string("/api/v1/namespaces/kube-system/secrets"), std::string("/api/v1/namespaces/kube-system/configmaps"),
        std::string("/api/v1/namespaces/kube-system/configmaps/other")}) {
    INFO(path);
    CHECK(get(server, bearer, path).status == 403);
  }
  // Does it fit, are name and address free? Asked before a request is sent.
  CHECK(get(server, bearer, "/api/v1/nodes").status == 200);
  CHECK(get(server, bearer, "/api/v1/namespaces/kube-system/configmaps/appliance-cluster").status == 404);  // not made
  const Told serving = post(server, bearer, request_body("s", "kubernetes.io/kubelet-serving"));
  CHECK(serving.status == 403);
  CHECK(message(serving) == "certificatesigningrequests.certificates.k8s.io \"s\" is forbidden: \"system:bootstrap:" +
                                token.id + "\" may not ask the signer \"kubernetes.io/kubelet-serving\"");
  const std::string approval =
      R"({"metadata":{"name":"mine"},"status":{"conditions":[{"type":"Approved","status":"True"}]}})";
  CHECK(
      ask(*server.api, {.method = "PUT", .path = base + "/mine/approval", .body = approval, .bearer = bearer}).status ==
      403);
  CHECK(ask(*server.api, {.method = "DELETE", .path = base + "/mine", .bearer = bearer}).status == 403);
}

TEST_CASE("certificate requests: what does not parse, or asks for the masters, is refused by its field") {
  TestServer server;
  const auto create = [&](const std::string& body) {
    return ask(*server.api, {.method = "POST", .path = kRequests, .body = body});
  };
  const Told bad =
      create(R"({"metadata":{"name":"x"},"spec":{"request":"eA==","signerName":"a.b/c","usages":["client auth"]}})");
  CHECK(bad.status == 422);
  CHECK(message(bad).find("spec.request: Invalid value: \"eA==\": certificate request: ") != std::string::npos);
  const Told masters = create(request_body("m", "kubernetes.io/kube-apiserver-client", "jane", "system:masters"));
  CHECK(masters.status == 403);
  CHECK(message(masters).find("signer with system:masters group is not allowed") != std::string::npos);
  CHECK(create(request_body("ok", "kubernetes.io/kube-apiserver-client", "jane", "dev")).status == 201);
}

TEST_CASE("certificate requests: decisions go through approval, the certificate through status, and both stay") {
  TestServer server;
  const std::string base(kRequests);
  REQUIRE(ask(*server.api, {.method = "POST", .path = base, .body = request_body("r")}).status == 201);
  const auto patch = [&](const std::string& where, const std::string& body) {
    return ask(
        *server.api,
        {.method = "PATCH", .path = base + "/r" + where, .body = body, .content_type = "application/merge-patch+json"});
  };
  const char* approve = R"({"status":{"conditions":[{"type":"Approved","status":"True","reason":"R"}]}})";
  CHECK(patch("/status", approve).status == 422);
  CHECK(json::array_at(patch("", approve).json(), {"status", "conditions"}).empty());
  Told told = patch(
      "/approval",
      R"({"spec":{"signerName":"o.t/her"},"status":{"certificate":"eA==","conditions":[{"type":"Approved","status":"True","reason":"R"}]}})");
  REQUIRE(told.status == 200);
  CHECK(json::string_at(told.json(), {"spec", "signerName"}) == kNodeClient);
  CHECK(json::find(told.json(), {"status", "certificate"}) == nullptr);
  const json::Array conditions = json::array_at(told.json(), {"status", "conditions"});
  REQUIRE(conditions.size() == 1);
  CHECK_FALSE(json::string_at(conditions[0], {"lastUpdateTime"}).empty());
  CHECK_FALSE(json::string_at(conditions[0], {"lastTransitionTime"}).empty());
  told = patch("/approval", R"({"status":{"conditions":[]}})");
  CHECK(told.status == 422);
  CHECK(message(told).find("updates may not remove a condition of type \"Approved\"") != std::string::npos);
  CHECK(patch("/status", R"({"status":{"certificate":"eA=="}})").status == 422);

  const std::string key = must(crypto::generate_key());
  const std::string pem = must(crypto::self_signed_ca(
      key,
      {.common_name = "c", .not_before = server.clock.now(), .not_after = server.clock.now() + std::chrono::hours(1)}));
  const auto certificate = [](const std::string& text) {
    return json::serialize(json::Object{{"status", json::Object{{"certificate", base::base64(text)}}}});
  };
  CHECK(patch("/status", certificate(pem)).status == 200);
  CHECK(patch("/status", certificate(pem + pem)).status == 422);
  const Told table = ask(*server.api, {.path = base, .accept = "application/json;as=Table;v=v1;g=meta.k8s.io"});
  CHECK(table.body.find("Approved,Issued") != std::string::npos);
}

TEST_CASE("certificate requests: one maker cannot fill the store") {
  TestServer server;
  const auto token = stored_token(server);
  const std::string bearer = token.id + '.' + token.secret;
  // Alike but for the name: the key is not what is counted.
  const std::string body = request_body("NAME");
  const auto named = [&](size_t i) {
    std::string out = body;
    return out.replace(out.find("NAME"), 4, "r" + std::to_string(i));
  };
  constexpr size_t kCacheLag = 100;
  size_t made = 0;
  Told told;
  // What is counted is the cache, which may be a few writes behind the maker.
  for (size_t i = 0; i <= kOpenRequestsMax + kCacheLag; ++i) {
    told = post(server, bearer, named(i));
    if (told.status != 201) break;
    ++made;
  }
  CHECK(told.status == 403);
  CHECK(made >= kOpenRequestsMax);
  CHECK(post(server, "", named(kOpenRequestsMax + kCacheLag + 1)).status == 201);  // another maker
}

}  // namespace appliance::orchestrator::apiserver
