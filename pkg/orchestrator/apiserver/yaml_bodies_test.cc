// What an editor of YAML needs of the API: objects as YAML both ways, dry runs, and errors that say which field.
#include <catch2/catch.hpp>

#include "base/yaml/yaml.h"
#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::TestServer;
using testing::Told;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";
constexpr const char* kYaml = "application/yaml";
constexpr const char* kMap =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata:\n  flag: \"yes\"\n  hex: \"0x10\"\n  lines: |\n    "
    "a\n     b\n";
constexpr const char* kDeployment =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {a: "
    "b}}\n"
    "  template:\n    metadata: {labels: {a: b}}\n    spec: {containers: [{name: c, image: 'example.test/app:1'}]}\n";

Told send(TestServer& server, const std::string& method, const std::string& path, const std::string& body,
          const std::string& accept = kYaml) {
  return ask(*server.api, {.method = method, .path = path, .body = body, .content_type = kYaml, .accept = accept});
}
Told get(TestServer& server, const std::string& path, const std::string& accept = kYaml) {
  return ask(*server.api, {.path = path, .accept = accept});
}
json::Value tree(const Told& told) {
  auto out = yaml::parse(told.body);
  if (!out) FAIL(out.error().message + ": " + told.body);
  return *out;
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("yaml bodies: an object goes in and comes out as YAML, with the same values") {
  TestServer server;
  const Told made = send(server, "POST", kMaps, kMap);
  REQUIRE(made.status == 201);
  CHECK(made.content_type == kYaml);
  CHECK(
      made.body.starts_with("apiVersion: v1\ndata:\n  flag: \"yes\"\n  hex: \"0x10\"\n  lines: |\n    a\n     b\nkind: "
                            "ConfigMap\nmetadata:\n"));
  const std::string path = std::string(kMaps) + "/one";
  const Told read = get(server, path);
  CHECK(read.content_type == kYaml);
  CHECK(read.body == made.body);
  const Told as_json = get(server, path, "application/json");
  CHECK(as_json.content_type == "application/json");
  CHECK(tree(read) == as_json.json());
  // What was read is written back: nothing changed, nothing is refused.
  const Told same = send(server, "PUT", path, read.body);
  CHECK(same.status == 200);
  CHECK(same.body == read.body);
  const Told changed = send(server, "PUT", path, replaced(read.body, "\"yes\"", "\"no\""));
  CHECK(changed.status == 200);
  CHECK(json::string_at(tree(changed), {"data", "flag"}) == "no");
  const Told patched = ask(*server.api, {.method = "PATCH",
                                         .path = path,
                                         .body = R"({"data":{"flag":"~"}})",
                                         .content_type = "application/merge-patch+json",
                                         .accept = kYaml});
  CHECK(patched.status == 200);
  CHECK(json::string_at(tree(patched), {"data", "flag"}) == "~");
  const Told removed = ask(*server.api, {.method = "DELETE", .path = path, .accept = kYaml});
  CHECK(removed.status == 200);
  CHECK(json::string_at(tree(removed), {"status"}) == "Success");
}

TEST_CASE("yaml bodies: a YAML body may be answered in JSON, lists are JSON alone, errors too") {
  TestServer server;
  const Told made = send(server, "POST", kMaps, kMap, "");
  CHECK(made.status == 201);
  CHECK(json::string_at(made.json(), {"data", "flag"}) == "yes");
  CHECK(get(server, kMaps).status == 406);
  CHECK(get(server, kMaps, "application/yaml, application/json").content_type == "application/json");
  CHECK(get(server, std::string(kMaps) + "?watch=1").status == 406);
  const Told missing = get(server, std::string(kMaps) + "/none");
  CHECK(missing.status == 404);
  CHECK(missing.content_type == "application/json");
  CHECK(json::string_at(missing.json(), {"reason"}) == "NotFound");
  const Told bad = send(server, "PUT", std::string(kMaps) + "/one", "a: [1\n");
  CHECK(bad.status == 400);
  CHECK(json::string_at(bad.json(), {"message"}).find("line 2") != std::string::npos);
  const Told table =
      get(server, std::string(kMaps) + "/one", "application/json;as=Table;v=v1;g=meta.k8s.io,application/yaml");
  CHECK(json::string_at(table.json(), {"kind"}) == "Table");
}

TEST_CASE("yaml bodies: a dry run of PUT shows what would be, and changes nothing") {
  TestServer server;
  const std::string all = "/apis/apps/v1/namespaces/default/deployments";
  const std::string path = all + "/web";
  const Told dry_made = send(server, "POST", all + "?dryRun=All", kDeployment);
  CHECK(dry_made.status == 201);
  CHECK(json::string_at(tree(dry_made), {"spec", "strategy", "type"}) == "RollingUpdate");
  CHECK(get(server, path).status == 404);
  REQUIRE(send(server, "POST", all, kDeployment).status == 201);
  const Told before = get(server, path);
  const Told dry = send(server, "PUT", path + "?dryRun=All", replaced(before.body, "replicas: 1", "replicas: 5"));
  REQUIRE(dry.status == 200);
  CHECK(dry.content_type == kYaml);
  CHECK(json::int_at(tree(dry), {"spec", "replicas"}) == 5);
  CHECK(json::int_at(tree(dry), {"metadata", "generation"}) == 2);
  CHECK(get(server, path).body == before.body);
}

TEST_CASE("yaml bodies: PUT of an old state conflicts, a wrong field is named, also in a dry run") {
  TestServer server;
  const std::string all = "/apis/apps/v1/namespaces/default/deployments";
  const std::string path = all + "/web";
  REQUIRE(send(server, "POST", all, kDeployment).status == 201);
  const std::string old = get(server, path).body;
  REQUIRE(send(server, "PUT", path, replaced(old, "replicas: 1", "replicas: 2")).status == 200);
  for (const char* query : {"", "?dryRun=All"}) {
    CAPTURE(query);
    const Told stale = send(server, "PUT", path + query, replaced(old, "replicas: 1", "replicas: 3"));
    CHECK(stale.status == 409);
    CHECK(json::string_at(stale.json(), {"reason"}) == "Conflict");
    CHECK(json::string_at(stale.json(), {"details", "name"}) == "web");
    const std::string now = get(server, path).body;
    const Told wrong = send(server, "PUT", path + query, replaced(now, "replicas: 2", "replicas: -2"));
    CHECK(wrong.status == 422);
    const json::Value told = wrong.json();
    const auto& causes = json::array_at(told, {"details", "causes"});
    REQUIRE(causes.size() == 1);
    CHECK(json::string_at(causes[0], {"field"}) == "spec.replicas");
    CHECK(json::string_at(causes[0], {"reason"}) == "FieldValueInvalid");
    const std::string strict = *query == '\0' ? "?fieldValidation=Strict" : "&fieldValidation=Strict";
    const Told unknown = send(server, "PUT", path + query + strict, replaced(now, "replicas: 2", "replicaz: 2"));
    CHECK(unknown.status == 400);
    CHECK(json::string_at(unknown.json(), {"message"}).find("unknown field \"spec.replicaz\"") != std::string::npos);
  }
  CHECK(json::int_at(tree(get(server, path)), {"spec", "replicas"}) == 2);
}

}  // namespace appliance::orchestrator::apiserver
