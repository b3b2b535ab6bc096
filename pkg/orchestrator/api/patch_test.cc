#include "orchestrator/api/patch.h"

#include "orchestrator/api/schema/schemas.h"
#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

std::string strategic(const Schema& schema, std::string_view original, std::string_view patch) {
  auto out = strategic_merge_patch(schema, json_of(original), json_of(patch));
  return out ? json::serialize(*out) : "error: " + out.error().message;
}

std::string patched_json(std::string_view original, std::string_view operations) {
  auto out = json_patch(json_of(original), json_of(operations));
  return out ? json::serialize(*out) : "error: " + out.error().message;
}

}  // namespace

TEST_CASE("json patch: the operations of RFC 6902") {
  CHECK(patched_json(R"({"a":{"x":1}})", R"([{"op":"add","path":"/a/y","value":2},{"op":"remove","path":"/a/x"}])") ==
        R"({"a":{"y":2}})");
  CHECK(patched_json(R"({"a":[1,3]})",
                     R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}])") ==
        R"({"a":[1,2,3,4]})");
  CHECK(
      patched_json(
          R"({"a":1})",
          R"([{"op":"copy","from":"/a","path":"/b"},{"op":"move","from":"/a","path":"/c"},{"op":"replace","path":"/b","value":7}])") ==
      R"({"b":7,"c":1})");
  CHECK(patched_json(R"({"a~b/c":1})", R"([{"op":"test","path":"/a~0b~1c","value":1}])") == R"({"a~b/c":1})");
  CHECK(patched_json(R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])").find("error: ") == 0);
  CHECK(patched_json(R"({"a":1})", R"([{"op":"remove","path":"/qq"}])").find("error: ") == 0);
  CHECK(patched_json(R"({"a":[1]})", R"([{"op":"add","path":"/a/7","value":2}])").find("error: ") == 0);
  CHECK(patched_json(R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])").find("error: ") == 0);
}

TEST_CASE("json patch: copies can't grow a document without bound") {
  std::string operations = R"([{"op":"add","path":"/a","value":[")" + std::string(1000, 'x') + R"("]})";
  for (int i = 0; i < 30; ++i) operations += R"(,{"op":"copy","from":"/a","path":"/a/-"})";
  CHECK(patched_json("{}", operations + "]").find("grow the document") != std::string::npos);
}

TEST_CASE("merge patch: RFC 7386 examples") {
  const auto merge = [](std::string_view a, std::string_view b) {
    return json::serialize(merge_patch(json_of(a), json_of(b)));
  };
  CHECK(merge(R"({"a":"b"})", R"({"a":"c"})") == R"({"a":"c"})");
  CHECK(merge(R"({"a":"b","b":"c"})", R"({"a":null})") == R"({"b":"c"})");
  CHECK(merge(R"({"a":[{"b":"c"}]})", R"({"a":[1]})") == R"({"a":[1]})");
  CHECK(merge(R"({"e":null})", R"({"a":1})") == R"({"e":null,"a":1})");
  CHECK(merge(R"({})", R"({"a":{"bb":{"ccc":null}}})") == R"({"a":{"bb":{}}})");
}

TEST_CASE("strategic merge: lists of objects merge by key, directives delete and replace") {
  const auto& spec = core::kPodSpec;
  CHECK(strategic(spec, R"({"containers":[{"name":"app","image":"a"}]})",
                  R"({"containers":[{"name":"app","image":"b"}]})") ==
        R"({"containers":[{"name":"app","image":"b"}]})");
  CHECK(strategic(spec, R"({"containers":[{"name":"app"},{"name":"side"}]})",
                  R"({"containers":[{"$patch":"delete","name":"side"}]})") == R"({"containers":[{"name":"app"}]})");
  CHECK(strategic(spec, R"({"containers":[{"name":"app"}]})",
                  R"({"containers":[{"$patch":"replace"},{"name":"new"}]})") == R"({"containers":[{"name":"new"}]})");
  CHECK(strategic(spec, R"({"nodeSelector":{"a":"1","b":"2"}})", R"({"nodeSelector":{"$patch":"replace","c":"3"}})") ==
        R"({"nodeSelector":{"c":"3"}})");
  CHECK(strategic(spec, R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})") ==
        R"({"tolerations":[{"key":"b"}]})");
  CHECK(strategic(spec, R"({"containers":[{"name":"app","ports":[{"containerPort":80}]}]})",
                  R"({"containers":[{"name":"app","ports":[{"containerPort":81}]}]})") ==
        R"({"containers":[{"name":"app","ports":[{"containerPort":81},{"containerPort":80}]}]})");
  CHECK(strategic(spec, R"({"containers":[]})", R"({"containers":[{"image":"x"}]})")
            .find("does not contain declared merge key: name") != std::string::npos);
}

TEST_CASE("strategic merge: order, primitive lists, retained keys") {
  const auto& container = core::kContainer;
  CHECK(
      strategic(
          container, R"({"env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]})",
          R"({"$setElementOrder/env":[{"name":"B"},{"name":"C"}],"env":[{"$patch":"delete","name":"A"},{"name":"C","value":"3"}]})") ==
      R"({"env":[{"name":"B","value":"2"},{"name":"C","value":"3"}]})");
  CHECK(strategic(meta::kObjectMeta, R"({"finalizers":["a","b"]})",
                  R"({"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]})") ==
        R"({"finalizers":["c","b"]})");
  CHECK(strategic(apps::kDeploymentSpec, R"({"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}})",
                  R"({"strategy":{"$retainKeys":["type"],"type":"Recreate"}})") ==
        R"({"strategy":{"type":"Recreate"}})");
  CHECK(strategic(core::kPodSpec, R"({"volumes":[{"name":"v","emptyDir":{}}]})",
                  R"({"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/x"}}]})") ==
        R"({"volumes":[{"name":"v","hostPath":{"path":"/x"}}]})");
}

TEST_CASE("apply_patch: the texts that kubectl prints") {
  const Kind& kind = kind_of("configmaps");
  const auto original =
      json_of(R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c1"},"data":{"b":"two"}})");
  auto wrong = apply_patch(kind, PatchType::kMerge, original, R"({"data":"x"})", FieldValidation::kStrict, nullptr);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().code == 422);
  CHECK(
      wrong.error().message ==
      R"( "" is invalid: patch: Invalid value: "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"c1\"},\"data\":\"x\"}": json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string)");
  auto missing = apply_patch(kind, PatchType::kJson, original, R"([{"op":"remove","path":"/data/qq"}])",
                             FieldValidation::kStrict, nullptr);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code == 422);
  CHECK(missing.error().message == "the server rejected our request due to an error in our request");
  auto unknown = apply_patch(kind, PatchType::kStrategicMerge, original,
                             R"({"metadata":{"labels":{"a":"b"}},"dtaa":{"x":1}})", FieldValidation::kStrict, nullptr);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(
      unknown.error().causes.at(0).message ==
      R"(Invalid value: "map[dtaa:map[x:1] metadata:map[labels:map[a:b]]]": strict decoding error: unknown field "dtaa")");
  CHECK(unknown.error().causes.at(0).field == "patch");
  std::vector<std::string> warnings;
  auto warned = apply_patch(kind, PatchType::kMerge, original, R"({"dtaa":{"x":1},"data":{"c":"3"}})",
                            FieldValidation::kWarn, &warnings);
  REQUIRE(warned.has_value());
  CHECK(warnings == std::vector<std::string>{R"(unknown field "dtaa")"});
  CHECK(*json::find(*warned, {"data"}) == json_of(R"({"b":"two","c":"3"})"));
  CHECK(apply_patch(kind, PatchType::kMerge, original, "{", FieldValidation::kWarn, nullptr).error().code == 400);
  CHECK(apply_patch(kind, PatchType::kJson, original, "{}", FieldValidation::kWarn, nullptr).error().code == 400);
}
