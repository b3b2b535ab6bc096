// What pods and Services get on their way in (kube-api page 6.2).
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::TestServer;
using testing::Told;

constexpr const char* kPods = "/api/v1/namespaces/default/pods";
constexpr const char* kServices = "/api/v1/namespaces/default/services";

Told post(TestServer& server, const std::string& path, const std::string& body) {
  return ask(*server.api, {.method = "POST", .path = path, .body = body});
}
std::string message(const Told& told) { return std::string(json::string_at(told.json(), {"message"})); }
const char* const kPod =
    R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"example.test/app:1"}]}})";

std::string service(const std::string& name, const std::string& spec) {
  return R"({"metadata":{"name":")" + name + R"("},"spec":{"selector":{"a":"b"},)" + spec + "}}";
}

}  // namespace

TEST_CASE("pods: get account, token volume, priority and tolerations; without their account they are refused") {
  TestServer server;
  Told told = post(server, kPods, kPod);
  CHECK(told.status == 403);
  CHECK(message(told) ==
        "pods \"p\" is forbidden: error looking up service account default/default: serviceaccount \"default\" not "
        "found");
  REQUIRE(post(server, "/api/v1/namespaces/default/serviceaccounts",
               R"({"metadata":{"name":"default"},"imagePullSecrets":[{"name":"reg"}]})")
              .status == 201);
  told = post(server, kPods, kPod);
  REQUIRE(told.status == 201);
  const json::Value pod = told.json();
  CHECK(json::string_at(pod, {"spec", "serviceAccountName"}) == "default");
  CHECK(json::int_at(pod, {"spec", "priority"}, -1) == 0);
  CHECK(json::string_at(pod, {"spec", "preemptionPolicy"}) == "PreemptLowerPriority");
  CHECK(json::array_at(pod, {"spec", "tolerations"}).size() == 2);
  REQUIRE(json::array_at(pod, {"spec", "imagePullSecrets"}).size() == 1);
  REQUIRE(json::array_at(pod, {"spec", "volumes"}).size() == 1);
  const json::Value& volume = json::array_at(pod, {"spec", "volumes"})[0];
  CHECK(json::string_at(volume, {"name"}).starts_with("kube-api-access-"));
  CHECK(json::array_at(volume, {"projected", "sources"}).size() == 3);
  const json::Array& mounts = json::array_at(json::array_at(pod, {"spec", "containers"})[0], {"volumeMounts"});
  REQUIRE(mounts.size() == 1);
  CHECK(json::string_at(mounts[0], {"name"}) == json::string_at(volume, {"name"}));
  CHECK(json::bool_at(mounts[0], {"readOnly"}));
}

TEST_CASE("pods: a class of priority that nobody knows is refused") {
  TestServer server;
  REQUIRE(post(server, "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})").status ==
          201);
  const Told told = post(
      server, kPods,
      R"({"metadata":{"name":"p"},"spec":{"priorityClassName":"vip","containers":[{"name":"c","image":"example.test/app:1"}]}})");
  CHECK(told.status == 403);
  CHECK(message(told) == "pods \"p\" is forbidden: no PriorityClass with name vip was found");
}

TEST_CASE("services: cluster IPs are inside the block, unique, kept over updates and free again after a delete") {
  TestServer server;
  const Told kubernetes = ask(*server.api, {.path = std::string(kServices) + "/kubernetes"});
  CHECK(json::string_at(kubernetes.json(), {"spec", "clusterIP"}) == "10.43.0.1");
  const Told made = post(server, kServices, service("a", R"("clusterIP":"10.43.7.7","ports":[{"port":80}])"));
  REQUIRE(made.status == 201);
  Told told = post(server, kServices, service("b", R"("clusterIP":"10.43.7.7","ports":[{"port":80}])"));
  CHECK(told.status == 422);
  CHECK(message(told).find("failed to allocate IP 10.43.7.7: provided IP is already allocated") != std::string::npos);
  told = post(server, kServices, service("b", R"("clusterIP":"192.168.1.1","ports":[{"port":80}])"));
  CHECK(message(told).find("The range of valid IPs is 10.43.0.0/16") != std::string::npos);
  told = post(server, kServices, service("auto", R"("ports":[{"port":80}])"));
  REQUIRE(told.status == 201);
  const std::string ip(json::string_at(told.json(), {"spec", "clusterIP"}));
  CHECK(ip.starts_with("10.43."));
  CHECK(json::array_at(told.json(), {"spec", "clusterIPs"}).size() == 1);
  told = ask(
      *server.api,
      {.method = "PUT", .path = std::string(kServices) + "/auto", .body = service("auto", R"("ports":[{"port":81}])")});
  REQUIRE(told.status == 200);
  CHECK(json::string_at(told.json(), {"spec", "clusterIP"}) == ip);
  REQUIRE(ask(*server.api, {.method = "DELETE", .path = std::string(kServices) + "/a"}).status == 200);
  // The number is free as soon as the deletion has come through the cache; a reader knows when it has, the allocator a
  // moment later.
  for (int i = 0; i < 1000; ++i) {
    told = post(server, kServices, service("b", R"("clusterIP":"10.43.7.7","ports":[{"port":80}])"));
    if (told.status == 201) break;
  }
  CHECK(told.status == 201);
}

TEST_CASE("services: node ports come from the range; a taken one is refused by its field") {
  TestServer server;
  Told told = post(server, kServices, service("a", R"("type":"NodePort","ports":[{"port":80,"nodePort":30080}])"));
  REQUIRE(told.status == 201);
  told = post(server, kServices, service("b", R"("type":"NodePort","ports":[{"port":80,"nodePort":30080}])"));
  CHECK(told.status == 422);
  CHECK(message(told) ==
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated");
  told = post(server, kServices, service("b", R"("type":"NodePort","ports":[{"port":80,"nodePort":80}])"));
  CHECK(message(told) ==
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
        "The range of valid ports is 30000-32767");
  told = post(server, kServices, service("b", R"("type":"NodePort","ports":[{"port":80}])"));
  REQUIRE(told.status == 201);
  const int64_t port = json::int_at(json::array_at(told.json(), {"spec", "ports"})[0], {"nodePort"});
  CHECK(port >= 30000);
  told = ask(*server.api, {.method = "PATCH",
                           .path = std::string(kServices) + "/b",
                           .body = R"({"spec":{"type":"ClusterIP"}})",
                           .content_type = "application/merge-patch+json"});
  REQUIRE(told.status == 200);
  CHECK(json::find(json::array_at(told.json(), {"spec", "ports"})[0], {"nodePort"}) == nullptr);
}

TEST_CASE("services: headless and external ones take no number") {
  TestServer server;
  Told told = post(server, kServices, service("h", R"("clusterIP":"None","ports":[{"port":80}])"));
  REQUIRE(told.status == 201);
  CHECK(json::string_at(told.json(), {"spec", "clusterIP"}) == "None");
  told = post(server, kServices,
              R"({"metadata":{"name":"e"},"spec":{"type":"ExternalName","externalName":"example.test"}})");
  REQUIRE(told.status == 201);
  CHECK(json::find(told.json(), {"spec", "clusterIP"}) == nullptr);
}

}  // namespace appliance::orchestrator::apiserver
