#include "orchestrator/api/openapi.h"

#include <set>

#include "orchestrator/api/schema.h"
#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

void collect_references(const json::Value& value, std::set<std::string>& out) {
  if (const auto* object = value.if_object(); object != nullptr) {
    for (const auto& member : *object) {
      if (member.key() == "$ref" && member.value().is_string()) out.insert(std::string(member.value().get_string()));
      collect_references(member.value(), out);
    }
  } else if (const auto* array = value.if_array(); array != nullptr) {
    for (const auto& element : *array) collect_references(element, out);
  }
}

void check_schema(const Schema& schema, std::set<const Schema*>& seen) {
  if (!seen.insert(&schema).second) return;
  INFO(schema.id);
  std::set<std::string_view> names;
  std::set<int> numbers;
  for (const auto& field : schema.fields) {
    INFO(field.name);
    if (!field.is_inline) CHECK(names.insert(field.name).second);
    if (field.number != 0) CHECK(numbers.insert(field.number).second);
    CHECK((field.type == Type::kObject) == (field.ref != nullptr));
    if (field.type == Type::kObject && field.patch == PatchStrategy::kMerge && field.shape == Shape::kList) {
      REQUIRE_FALSE(field.merge_key.empty());
      CHECK(find_field(*field.ref, field.merge_key) != nullptr);
    }
    if (!field.default_json.empty()) CHECK(json::parse(field.default_json).has_value());
    if (field.ref != nullptr) check_schema(*field.ref, seen);
  }
}

}  // namespace

TEST_CASE("schemas: names and numbers are unique, merge keys exist, defaults are JSON") {
  std::set<const Schema*> seen;
  for (const auto& kind : builtin_kinds()->all()) check_schema(*kind.schema, seen);
  check_schema(*scale_kind().schema, seen);
  check_schema(*eviction_kind().schema, seen);
  CHECK(seen.size() > 150);
}

TEST_CASE("openapi: every reference of every document resolves") {
  const auto kinds = builtin_kinds();
  const auto index = json_of(openapi_v3_index(*kinds));
  CHECK(json::object_at(index, {"paths"}).size() == 7);
  std::set<std::pair<std::string, std::string>> groups;
  for (const auto& kind : kinds->all()) groups.emplace(kind.group, kind.version);
  for (const auto& [group, version] : groups) {
    const auto text = openapi_v3_document(*kinds, group, version);
    const auto document = json_of(text);
    const auto& schemas = json::object_at(document, {"components", "schemas"});
    std::set<std::string> references;
    collect_references(document, references);
    CHECK_FALSE(references.empty());
    for (const auto& reference : references) {
      INFO(reference);
      const std::string prefix = "#/components/schemas/";
      REQUIRE(reference.starts_with(prefix));
      CHECK(schemas.contains(reference.substr(prefix.size())));
    }
    const std::string path = (group.empty() ? "api/" : "apis/" + group + "/") + version;
    CHECK(json::string_at(index, {"paths", path, "serverRelativeURL"}) ==
          "/openapi/v3/" + path + "?hash=" + openapi_v3_hash(text));
  }
  CHECK(openapi_v3_document(*kinds, "nope", "v1").empty());
}

TEST_CASE("openapi: kubectl finds the fieldValidation parameter, the type by its gvk, and the extensions") {
  const auto document = json_of(openapi_v3_document(*builtin_kinds(), "apps", "v1"));
  const auto* patch =
      json::find(document, {"paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch"});
  REQUIRE(patch != nullptr);
  bool has_validation = false;
  for (const auto& parameter : json::array_at(*patch, {"parameters"}))
    has_validation = has_validation || json::string_at(parameter, {"name"}) == "fieldValidation";
  CHECK(has_validation);
  CHECK(json::string_at(*patch, {"x-kubernetes-action"}) == "patch");
  const auto* schema = json::find(document, {"components", "schemas", "io.k8s.api.apps.v1.Deployment"});
  REQUIRE(schema != nullptr);
  CHECK(*json::find(*schema, {"x-kubernetes-group-version-kind"}) ==
        json_of(R"([{"group":"apps","kind":"Deployment","version":"v1"}])"));
  const auto* containers =
      json::find(document, {"components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "containers"});
  REQUIRE(containers != nullptr);
  CHECK(json::string_at(*containers, {"x-kubernetes-patch-merge-key"}) == "name");
  CHECK(json::string_at(*containers, {"x-kubernetes-list-type"}) == "map");
  CHECK(*json::find(*containers, {"x-kubernetes-list-map-keys"}) == json_of(R"(["name"])"));
}
