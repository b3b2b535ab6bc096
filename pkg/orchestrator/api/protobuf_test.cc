// The bodies in testdata/protobuf were recorded from kubectl 1.32's generators.
#include "orchestrator/api/protobuf.h"

#include <fstream>
#include <sstream>

#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

std::string recorded(const std::string& name) {
  std::ifstream in(std::string(APP_SOURCE_DIR) + "/pkg/orchestrator/api/testdata/protobuf/" + name + ".bin",
                   std::ios::binary);
  REQUIRE(in.good());
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

json::Value decoded(const Kind& kind, const std::string& body) {
  auto out = decode(kind, body, "application/vnd.kubernetes.protobuf", FieldValidation::kStrict);
  INFO((out ? std::string() : out.error().message));
  REQUIRE(out.has_value());
  return std::move(out->object);
}

}  // namespace

TEST_CASE("protobuf: bodies of kubectl's generators decode to what they meant") {
  CHECK(
      decoded(kind_of("configmaps"), recorded("configmaps")) ==
      json_of(
          R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c1","namespace":"kmx"},"data":{"a":"1","b":"two"}})"));
  CHECK(
      decoded(kind_of("secrets"), recorded("secrets")) ==
      json_of(R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s1","namespace":"kmx"},"data":{"p":"cQ=="}})"));
  CHECK(
      decoded(kind_of("deployments.apps"), recorded("deployments")) ==
      json_of(
          R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d1","namespace":"kmx","labels":{"app":"d1"}},
          "spec":{"replicas":0,"selector":{"matchLabels":{"app":"d1"}},"template":{"metadata":{"labels":{"app":"d1"}},
          "spec":{"containers":[{"name":"app","image":"example.test/app:1","ports":[{"containerPort":80}],"resources":{}}]}},"strategy":{}},"status":{}})"));
  CHECK(json::int_at(json::array_at(decoded(kind_of("services"), recorded("services")), {"spec", "ports"})[0],
                     {"targetPort"}) == 8080);
  CHECK(json::int_at(decoded(token_request_kind(), recorded("token")), {"spec", "expirationSeconds"}) == 600);
  CHECK(json::string_at(
            decoded(kind_of("selfsubjectaccessreviews.authorization.k8s.io"), recorded("selfsubjectaccessreviews")),
            {"spec", "resourceAttributes", "verb"}) == "create");
}

TEST_CASE("protobuf: every truncation and every flipped byte gives an error or a document, never worse") {
  const std::string body = recorded("deployments");
  const Kind& kind = kind_of("deployments.apps");
  size_t refused = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    refused +=
        decode(kind, body.substr(0, i), "application/vnd.kubernetes.protobuf", FieldValidation::kStrict).has_value()
            ? 0
            : 1;
    std::string flipped = body;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
    (void)decode(kind, flipped, "application/vnd.kubernetes.protobuf",
                 FieldValidation::kStrict);  // under the sanitizers
  }
  CHECK(refused > body.size() / 2);
}

TEST_CASE("protobuf: hostile bytes are refused") {
  const Kind& kind = kind_of("pods");
  const auto error_of = [&](const std::string& body) {
    auto out = protobuf_to_json(kind, body);
    return out ? std::string("no error") : out.error().message;
  };
  const std::string magic("k8s\0", 4);
  CHECK(error_of("{}").find("does not appear to be a protobuf message") != std::string::npos);
  CHECK(error_of(magic + "\x12\xff\xff\xff\xff\x7f") == "proto: unexpected EOF");
  CHECK(error_of(magic + "\x0b") == "proto: illegal wireType 3");
  CHECK(error_of(magic + std::string(11, '\xff')) == "proto: integer overflow");
  CHECK(error_of(magic + "\x12\x04\x12\x02\x0a\x7f") == "proto: unexpected EOF");
}

TEST_CASE("protobuf: a body of another kind is refused by name") {
  auto out = decode(kind_of("secrets"), recorded("configmaps"), "application/vnd.kubernetes.protobuf",
                    FieldValidation::kStrict);
  REQUIRE_FALSE(out.has_value());
  CHECK(out.error().message.find(R"(ConfigMap in version "v1" cannot be handled as a Secret)") == 0);
}
