#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

std::string decode_error(std::string_view resource, std::string_view body,
                         FieldValidation validation = FieldValidation::kStrict) {
  auto decoded = decode(kind_of(resource), body, "application/json", validation);
  if (decoded) return "no error";
  CHECK(decoded.error().code == 400);
  CHECK(decoded.error().reason == "BadRequest");
  return decoded.error().message;
}

}  // namespace

TEST_CASE("decode: a wrong type names struct, path and Go type as the real server does") {
  CHECK(
      decode_error("deployments.apps", R"({"spec":{"replicas":"x"}})") ==
      R"(Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32)");
  CHECK(
      decode_error("configmaps", R"({"data":{"a":true}})") ==
      R"(ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal bool into Go struct field ConfigMap.data of type string)");
  CHECK(
      decode_error("configmaps", R"({"data":"x"})") ==
      R"(ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string)");
  CHECK(
      decode_error("pods", R"({"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}})") ==
      R"(Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string)");
  CHECK(
      decode_error("pods", R"({"spec":{"containers":{}}})") ==
      R"(Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container)");
  CHECK(decode_error("pods", R"({"spec":{"containers":[{"resources":{"limits":{"cpu":"1Mm"}}}]}})") ==
        R"(Pod in version "v1" cannot be handled as a Pod: unable to parse quantity's suffix)");
  CHECK(
      decode_error("deployments.apps", R"({"spec":{"replicas":1.5}})") ==
      R"(Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32)");
  CHECK(decode_error("deployments.apps", R"({"spec":{"replicas":4294967296}})").find("number 4294967296") !=
        std::string::npos);
  CHECK(decode_error("secrets", R"({"data":{"a":"%%"}})") ==
        R"(Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0)");
}

TEST_CASE("decode: strict mode names every unknown and duplicate field with its path") {
  CHECK(
      decode_error("deployments.apps",
                   R"({"spec":{"replcas":5,"template":{"spec":{"containers":[{"name":"a","imag":"x"}]}}}})") ==
      R"(Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replcas", unknown field "spec.template.spec.containers[0].imag")");
  CHECK(
      decode_error("configmaps", R"({"data":{"a":"1","a":"2"}})") ==
      R"(ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a")");
}

TEST_CASE("decode: warn mode prunes and reports, ignore mode prunes silently") {
  const std::string_view body = R"({"data":{"a":"1","a":"2"},"dtaa":{},"immutable":null})";
  auto warned = decode(kind_of("configmaps"), body, "application/json; charset=utf-8", FieldValidation::kWarn);
  REQUIRE(warned.has_value());
  CHECK(warned->warnings == std::vector<std::string>{R"(duplicate field "data.a")", R"(unknown field "dtaa")"});
  CHECK(warned->object == json_of(R"({"kind":"ConfigMap","apiVersion":"v1","data":{"a":"2"}})"));
  auto ignored = decode(kind_of("configmaps"), body, "application/json", FieldValidation::kIgnore);
  REQUIRE(ignored.has_value());
  CHECK(ignored->warnings.empty());
  CHECK(ignored->object == warned->object);
}

TEST_CASE("decode: bodies that are not objects, of another kind or another version are refused") {
  CHECK(decode_error("configmaps", "[1]").find("the object provided is unrecognized (must be of type ConfigMap)") == 0);
  CHECK(decode_error("configmaps", "{").find("couldn't get version/kind; json parse error") != std::string::npos);
  CHECK(decode_error("configmaps", R"({"kind":"Pod","apiVersion":"v1"})")
            .find(R"(Pod in version "v1" cannot be handled as a ConfigMap)") == 0);
  CHECK(decode_error("configmaps", R"({"kind":"ConfigMap","apiVersion":"v2"})") ==
        "the API version in the data (v2) does not match the expected API version (v1)");
  auto other = decode(kind_of("configmaps"), "x", "text/html", FieldValidation::kStrict);
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().code == 415);
  const std::string big(kBodyBytesMax + 1, ' ');
  auto large = decode(kind_of("configmaps"), big, "application/json", FieldValidation::kStrict);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().code == 413);
}

TEST_CASE("decode: quantities and times come out canonical") {
  auto pod = decode(kind_of("pods"), R"({"metadata":{"creationTimestamp":"2026-01-02T05:04:05+02:00"},
      "spec":{"containers":[{"resources":{"limits":{"cpu":"1000m","memory":"1024Mi"},"requests":{"cpu":0.5,"memory":1024}}}]}})",
                    "application/json", FieldValidation::kStrict);
  REQUIRE(pod.has_value());
  CHECK(json::string_at(pod->object, {"metadata", "creationTimestamp"}) == "2026-01-02T03:04:05Z");
  const auto& resources = *json::find(json::array_at(pod->object, {"spec", "containers"})[0], {"resources"});
  CHECK(resources == json_of(R"({"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m","memory":"1024"}})"));
}

TEST_CASE("decode: yaml bodies, their booleans and their bombs") {
  auto fine = decode(kind_of("configmaps"), "data:\n  a: \"yes\"\n", "application/yaml", FieldValidation::kStrict);
  REQUIRE(fine.has_value());
  CHECK(json::string_at(fine->object, {"data", "a"}) == "yes");
  auto boolean = decode(kind_of("configmaps"), "data:\n  a: yes\n", "application/yaml", FieldValidation::kStrict);
  REQUIRE_FALSE(boolean.has_value());
  CHECK(boolean.error().message.find("cannot unmarshal bool into Go struct field ConfigMap.data of type string") !=
        std::string::npos);
  auto twice = decode(kind_of("configmaps"), "data:\n  a: x\n  a: z\n", "application/yaml", FieldValidation::kStrict);
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().message.find(R"(duplicate field "data.a")") != std::string::npos);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += "*a" + std::to_string(i - 1) + (j < 9 ? "," : "]\n");
  }
  auto refused = decode(kind_of("configmaps"), bomb, "application/yaml", FieldValidation::kWarn);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("aliases expand to more than") != std::string::npos);
}

TEST_CASE("decode: delete options of any api version, empty bodies too") {
  CHECK(decode_delete_options("", "application/json").value() == json::Value(json::Object()));
  auto options = decode_delete_options(
      R"({"kind":"DeleteOptions","apiVersion":"policy/v1","gracePeriodSeconds":0,"preconditions":{"uid":"u"}})",
      "application/json");
  REQUIRE(options.has_value());
  CHECK(json::int_at(*options, {"gracePeriodSeconds"}, -1) == 0);
  CHECK_FALSE(decode_delete_options(R"({"gracePeriodSeconds":"x"})", "application/json").has_value());
}

TEST_CASE("decode: field validation is one of four words") {
  CHECK(parse_field_validation("").value() == FieldValidation::kWarn);
  CHECK(parse_field_validation("Strict").value() == FieldValidation::kStrict);
  CHECK(parse_field_validation("x").error().code == 422);
}
