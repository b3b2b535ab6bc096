// Holds a test server open for a kubectl: apiserver_test "[serve]" with APISERVER_TEST_KUBECONFIG naming the file to
// write; ends with the end of standard input. Hidden: it is a workbench, not a test.
#include <catch2/catch.hpp>

#include <fstream>
#include <iostream>

#include "base/strings.h"
#include "orchestrator/apiserver/testing/test_server.h"

namespace appliance::orchestrator::apiserver {

TEST_CASE("serve: holds an API server open for kubectl", "[.][serve]") {
  const char* path = std::getenv("APISERVER_TEST_KUBECONFIG");
  REQUIRE(path != nullptr);
  testing::TestServer server;
  const std::string url = server.listen();
  const auto admin = server.issue("kubernetes-admin", {"system:masters"});
  json::Value account = json::Object{{"metadata", json::Object{{"name", "default"}}}};
  (void)server.admin().create("serviceaccounts", "default", account);
  const json::Value config = json::Object{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "test"},
      {"clusters",
       json::Array{json::Object{
           {"name", "test"},
           {"cluster", json::Object{{"server", url}, {"certificate-authority-data", base::base64(server.ca_pem)}}}}}},
      {"users",
       json::Array{json::Object{{"name", "admin"},
                                {"user", json::Object{{"client-certificate-data", base::base64(admin.certificate_pem)},
                                                      {"client-key-data", base::base64(admin.key_pem)}}}}}},
      {"contexts",
       json::Array{json::Object{{"name", "test"}, {"context", json::Object{{"cluster", "test"}, {"user", "admin"}}}}}}};
  std::ofstream(path) << json::serialize(config);
  std::cout << "serving " << url << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}

}  // namespace appliance::orchestrator::apiserver
