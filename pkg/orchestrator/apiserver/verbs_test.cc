// The verbs by their wire: status codes, texts and effects that clients see (kube-api page 3).
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::Ask;
using testing::ask;
using testing::TestServer;
using testing::Told;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

std::string map_body(const std::string& name, const std::string& more = "") {
  return R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":")" + name + "\"" + more +
         R"(},"data":{"a":"1"}})";
}

Told post(TestServer& server, const std::string& path, const std::string& body) {
  return ask(*server.api, {.method = "POST", .path = path, .body = body});
}
Told get(TestServer& server, const std::string& path) { return ask(*server.api, {.path = path}); }

std::string message(const Told& told) { return std::string(json::string_at(told.json(), {"message"})); }
std::string text(const Told& told, json::Path path) { return std::string(json::string_at(told.json(), path)); }

void make_account(TestServer& server) {
  REQUIRE(post(server, "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})").status ==
          201);
}

std::string pod_body(const std::string& name, const std::string& meta = "") {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name + "\"" + meta +
         R"(},"spec":{"containers":[{"name":"c","image":"example.test/app:1"}]}})";
}

}  // namespace

TEST_CASE("create: fills what only the server knows, and answers 201 with the object") {
  TestServer server;
  const Told told = post(server, kMaps, map_body("one"));
  REQUIRE(told.status == 201);
  CHECK(text(told, {"metadata", "namespace"}) == "default");
  CHECK_FALSE(text(told, {"metadata", "uid"}).empty());
  CHECK_FALSE(text(told, {"metadata", "resourceVersion"}).empty());
  CHECK_FALSE(text(told, {"metadata", "creationTimestamp"}).empty());
  CHECK(told.headers.has("Audit-Id"));
  CHECK(told.headers.get("Cache-Control") == "no-cache, private");
}

TEST_CASE("create: refuses with the real texts") {
  TestServer server;
  REQUIRE(post(server, kMaps, map_body("one")).status == 201);
  Told told = post(server, kMaps, map_body("one"));
  CHECK(told.status == 409);
  CHECK(message(told) == "configmaps \"one\" already exists");
  told = post(server, kMaps, map_body("x", R"(,"resourceVersion":"5")"));
  CHECK(told.status == 400);
  CHECK(message(told) == "resourceVersion should not be set on objects to be created");
  told = post(server, kMaps, map_body("x", R"(,"namespace":"other")"));
  CHECK(told.status == 400);
  CHECK(message(told) == "the namespace of the provided object does not match the namespace sent on the request");
  told = post(server, "/api/v1/namespaces/nope/configmaps", map_body("x"));
  CHECK(told.status == 404);
  CHECK(message(told) == "namespaces \"nope\" not found");
  told = post(server, std::string(kMaps) + "?fieldValidation=Strict",
              R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{},"dta":{}})");
  CHECK(told.status == 400);
  CHECK(message(told).find("strict decoding error: unknown field \"dta\"") != std::string::npos);
  told = ask(*server.api, {.method = "POST", .path = kMaps, .body = "x", .content_type = "application/cbor"});
  CHECK(told.status == 415);
  told = post(server, kMaps, map_body(std::string(4U << 20U, 'x')));
  CHECK(told.status == 413);
  CHECK(message(told) == "Request entity too large: limit is 3145728");
  CHECK(get(server, std::string(kMaps) + "/x").status == 404);  // and nothing was stored
}

TEST_CASE("create: generates names, and a dry run stores nothing") {
  TestServer server;
  const std::string body = R"({"metadata":{"generateName":"gen-"},"data":{}})";
  const Told first = post(server, kMaps, body);
  const Told second = post(server, kMaps, body);
  REQUIRE(first.status == 201);
  REQUIRE(second.status == 201);
  CHECK(text(first, {"metadata", "name"}).size() == 9);
  CHECK(text(first, {"metadata", "name"}) != text(second, {"metadata", "name"}));
  const Told dry = post(server, std::string(kMaps) + "?dryRun=All", map_body("dry"));
  CHECK(dry.status == 201);
  CHECK(text(dry, {"metadata", "resourceVersion"}).empty());
  CHECK(get(server, std::string(kMaps) + "/dry").status == 404);
  CHECK(post(server, std::string(kMaps) + "?dryRun=Some", map_body("dry")).status == 422);
}

TEST_CASE("update: a write without change keeps the revision, a stale one conflicts") {
  TestServer server;
  const Told made = post(server, kMaps, map_body("one"));
  const std::string path = std::string(kMaps) + "/one";
  const Told same = ask(*server.api, {.method = "PUT", .path = path, .body = map_body("one")});
  REQUIRE(same.status == 200);
  CHECK(text(same, {"metadata", "resourceVersion"}) == text(made, {"metadata", "resourceVersion"}));
  const Told changed = ask(*server.api, {.method = "PATCH",
                                         .path = path,
                                         .body = R"({"data":{"b":"2"}})",
                                         .content_type = "application/merge-patch+json"});
  REQUIRE(changed.status == 200);
  CHECK(text(changed, {"metadata", "resourceVersion"}) != text(made, {"metadata", "resourceVersion"}));
  const Told stale = ask(*server.api, {.method = "PUT", .path = path, .body = made.body});
  CHECK(stale.status == 409);
  CHECK(message(stale) ==
        "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your changes "
        "to the latest version and try again");
  CHECK(ask(*server.api, {.method = "PUT", .path = std::string(kMaps) + "/none", .body = map_body("none")}).status ==
        404);
  CHECK(
      ask(*server.api, {.method = "PATCH", .path = path, .body = "{}", .content_type = "application/apply-patch+yaml"})
          .status == 415);
}

TEST_CASE("list: pages at one revision, whatever is written in between") {
  TestServer server;
  for (const char* name : {"a", "b", "c", "d"}) REQUIRE(post(server, kMaps, map_body(name)).status == 201);
  Told page = get(server, std::string(kMaps) + "?limit=2");
  REQUIRE(json::array_at(page.json(), {"items"}).size() == 2);
  CHECK(json::int_at(page.json(), {"metadata", "remainingItemCount"}) == 2);
  const std::string revision = text(page, {"metadata", "resourceVersion"});
  REQUIRE(post(server, kMaps, map_body("bb")).status == 201);
  REQUIRE(ask(*server.api, {.method = "DELETE", .path = std::string(kMaps) + "/c"}).status == 200);
  page = get(server, std::string(kMaps) + "?limit=2&continue=" + text(page, {"metadata", "continue"}));
  REQUIRE(page.status == 200);
  CHECK(text(page, {"metadata", "resourceVersion"}) == revision);
  REQUIRE(json::array_at(page.json(), {"items"}).size() == 2);
  CHECK(json::string_at(json::array_at(page.json(), {"items"})[0], {"metadata", "name"}) == "c");
  CHECK(json::string_at(json::array_at(page.json(), {"items"})[1], {"metadata", "name"}) == "d");
  CHECK(json::find(json::array_at(page.json(), {"items"})[0], {"kind"}) == nullptr);
  CHECK(get(server, std::string(kMaps) + "?limit=2&continue=rubbish").status == 400);
}

TEST_CASE("list: revision rules and selectors answer as the real server") {
  TestServer server;
  Told told = get(server, std::string(kMaps) + "?resourceVersionMatch=Exact");
  CHECK(told.status == 422);
  CHECK(message(told) ==
        "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden "
        "unless resourceVersion is provided");
  told = get(server, std::string(kMaps) + "?resourceVersion=999999");
  CHECK(told.status == 504);
  CHECK(message(told).starts_with("Timeout: Too large resource version: 999999, current: "));
  told = get(server, "/api/v1/pods?fieldSelector=spec.foo%3Dx");
  CHECK(told.status == 400);
  CHECK(get(server, std::string(kMaps) + "?labelSelector=a%20b%20c").status == 400);
  CHECK(get(server, "/api/v1/unicorns").status == 404);
  CHECK(get(server, std::string(kMaps) + "?resourceVersion=1&resourceVersionMatch=Exact").status == 410);
  CHECK(ask(*server.api, {.path = kMaps, .accept = "application/cbor"}).status == 406);
}

TEST_CASE("list: a Table for people, partial metadata for informers") {
  TestServer server;
  REQUIRE(post(server, kMaps, map_body("one")).status == 201);
  const Told table = ask(*server.api, {.path = kMaps, .accept = "application/json;as=Table;v=v1;g=meta.k8s.io"});
  REQUIRE(table.status == 200);
  CHECK(text(table, {"kind"}) == "Table");
  REQUIRE(json::array_at(table.json(), {"rows"}).size() == 1);
  CHECK(json::string_at(json::array_at(table.json(), {"rows"})[0], {"object", "kind"}) == "PartialObjectMetadata");
  const Told partial =
      ask(*server.api, {.path = kMaps, .accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"});
  CHECK(text(partial, {"kind"}) == "PartialObjectMetadataList");
  CHECK(json::find(json::array_at(partial.json(), {"items"})[0], {"data"}) == nullptr);
}

TEST_CASE("delete: preconditions, finalizers, and a Status at the end") {
  TestServer server;
  const std::string path = std::string(kMaps) + "/one";
  const Told made = post(server, kMaps, map_body("one", R"(,"finalizers":["example.test/hold"])"));
  REQUIRE(made.status == 201);
  const std::string uid = text(made, {"metadata", "uid"});
  Told told = ask(*server.api, {.method = "DELETE", .path = path, .body = R"({"preconditions":{"uid":"x"}})"});
  CHECK(told.status == 409);
  CHECK(message(told) ==
        "Operation cannot be fulfilled on ConfigMap \"one\": the UID in the precondition (x) does not match the UID in "
        "record (" +
            uid + "). The object might have been deleted and then recreated");
  told = ask(*server.api, {.method = "DELETE", .path = path});
  REQUIRE(told.status == 200);
  CHECK_FALSE(text(told, {"metadata", "deletionTimestamp"}).empty());
  CHECK(get(server, path).status == 200);
  told = ask(*server.api, {.method = "PATCH",
                           .path = path,
                           .body = R"({"metadata":{"finalizers":null}})",
                           .content_type = "application/merge-patch+json"});
  CHECK(told.status == 200);
  CHECK(get(server, path).status == 404);
  REQUIRE(post(server, kMaps, map_body("two")).status == 201);
  told = ask(*server.api, {.method = "DELETE", .path = std::string(kMaps) + "/two"});
  CHECK(text(told, {"status"}) == "Success");
  CHECK(text(told, {"details", "kind"}) == "configmaps");
  CHECK_FALSE(text(told, {"details", "uid"}).empty());
}

TEST_CASE("delete: a scheduled pod gets its grace, a second delete can only shorten it") {
  TestServer server;
  make_account(server);
  const std::string pods = "/api/v1/namespaces/default/pods";
  REQUIRE(post(server, pods, pod_body("p")).status == 201);
  REQUIRE(post(server, pods + "/p/binding",
               R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}})")
              .status == 201);
  Told told =
      post(server, pods + "/p/binding",
           R"({"kind":"Binding","apiVersion":"v1","metadata":{"name":"p"},"target":{"kind":"Node","name":"n2"}})");
  CHECK(told.status == 409);
  CHECK(message(told) ==
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"");
  told = ask(*server.api, {.method = "DELETE", .path = pods + "/p"});
  REQUIRE(told.status == 200);
  CHECK(json::int_at(told.json(), {"metadata", "deletionGracePeriodSeconds"}) == 30);
  told = ask(*server.api, {.method = "DELETE", .path = pods + "/p", .body = R"({"gracePeriodSeconds":5})"});
  CHECK(json::int_at(told.json(), {"metadata", "deletionGracePeriodSeconds"}) == 5);
  told = ask(*server.api, {.method = "DELETE", .path = pods + "/p", .body = R"({"gracePeriodSeconds":60})"});
  CHECK(json::int_at(told.json(), {"metadata", "deletionGracePeriodSeconds"}) == 5);
  told = ask(*server.api, {.method = "DELETE", .path = pods + "/p", .body = R"({"gracePeriodSeconds":0})"});
  CHECK(text(told, {"kind"}) == "Pod");
  CHECK(get(server, pods + "/p").status == 404);
  REQUIRE(post(server, pods, pod_body("unscheduled")).status == 201);
  REQUIRE(ask(*server.api, {.method = "DELETE", .path = pods + "/unscheduled"}).status == 200);
  CHECK(get(server, pods + "/unscheduled").status == 404);
}

TEST_CASE("delete: namespaces go in two steps, the first four never; nothing new comes in between") {
  TestServer server;
  REQUIRE(post(server, "/api/v1/namespaces", R"({"metadata":{"name":"late"}})").status == 201);
  Told told = ask(*server.api, {.method = "DELETE", .path = "/api/v1/namespaces/late"});
  REQUIRE(told.status == 200);
  CHECK(text(told, {"status", "phase"}) == "Terminating");
  told = post(server, "/api/v1/namespaces/late/configmaps", map_body("x"));
  CHECK(told.status == 403);
  CHECK(message(told) ==
        "configmaps \"x\" is forbidden: unable to create new content in namespace late because it is being terminated");
  told = ask(*server.api,
             {.method = "PUT",
              .path = "/api/v1/namespaces/late/finalize",
              .body = R"({"kind":"Namespace","apiVersion":"v1","metadata":{"name":"late"},"spec":{"finalizers":[]}})"});
  CHECK(told.status == 200);
  CHECK(get(server, "/api/v1/namespaces/late").status == 404);
  told = ask(*server.api, {.method = "DELETE", .path = "/api/v1/namespaces/kube-system"});
  CHECK(told.status == 403);
  CHECK(message(told) == "namespaces \"kube-system\" is forbidden: this namespace may not be deleted");
}

TEST_CASE("deletecollection: takes what the selectors choose") {
  TestServer server;
  REQUIRE(post(server, kMaps, map_body("a", R"(,"labels":{"x":"1"})")).status == 201);
  REQUIRE(post(server, kMaps, map_body("b", R"(,"labels":{"x":"2"})")).status == 201);
  const Told told = ask(*server.api, {.method = "DELETE", .path = std::string(kMaps) + "?labelSelector=x%3D1"});
  REQUIRE(told.status == 200);
  CHECK(json::array_at(told.json(), {"items"}).size() == 1);
  CHECK(get(server, std::string(kMaps) + "/a").status == 404);
  CHECK(get(server, std::string(kMaps) + "/b").status == 200);
}

TEST_CASE("scale: speaks of replicas alone, and only they change") {
  TestServer server;
  const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
  const Told made = post(
      server, deployments,
      R"({"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"example.test/app:1"}]}}}})");
  REQUIRE(made.status == 201);
  const Told scale = get(server, deployments + "/web/scale");
  CHECK(text(scale, {"kind"}) == "Scale");
  CHECK(json::int_at(scale.json(), {"spec", "replicas"}) == 2);
  CHECK(text(scale, {"status", "selector"}) == "app=web");
  const Told patched = ask(*server.api, {.method = "PATCH",
                                         .path = deployments + "/web/scale",
                                         .body = R"({"spec":{"replicas":5}})",
                                         .content_type = "application/merge-patch+json"});
  REQUIRE(patched.status == 200);
  const Told after = get(server, deployments + "/web");
  CHECK(json::int_at(after.json(), {"spec", "replicas"}) == 5);
  CHECK(json::int_at(after.json(), {"metadata", "generation"}) == 2);
}

TEST_CASE("a store that fails is an error of the server and leaves nothing half done") {
  TestServer server;
  server.kv.fail_writes(Error{.code = Code::kResourceExhausted,
                              .message = "no space left on device: writes are refused",
                              .errno_value = 0,
                              .hint = {}});
  const Told told = post(server, kMaps, map_body("one"));
  CHECK(told.status >= 429);
  CHECK(message(told).find("no space left on device") != std::string::npos);
  CHECK(get(server, std::string(kMaps) + "/one").status == 404);
  server.kv.fail_writes(std::nullopt);
  CHECK(post(server, kMaps, map_body("one")).status == 201);
}

}  // namespace appliance::orchestrator::apiserver
