// The clients of the API server, in process and over HTTPS, against one suite; informers; refused identities.
#include <catch2/catch.hpp>

#include <condition_variable>

#include "orchestrator/apiserver/testing/test_server.h"
#include "orchestrator/client/client_conformance.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;
using testing::TestServer;

void make_namespace(client::Client& client, const std::string& name) {
  REQUIRE(client.create("namespaces", "", json::Object{{"metadata", json::Object{{"name", name}}}}, {}).has_value());
}

// Notices as they come; wait() for a number of them.
struct Heard {
  std::mutex mutex;
  std::condition_variable more;
  std::vector<std::string> lines;
  void add(std::string line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
    more.notify_all();
  }
  bool wait(size_t count) {
    std::unique_lock lock(mutex);
    return more.wait_for(lock, 60s, [&] { return lines.size() >= count; });
  }
};

}  // namespace

TEST_CASE("client: the in-process client conforms") {
  TestServer server;
  make_namespace(server.admin(), "suite");
  client::client_conformance(server.admin(), "suite");
}

TEST_CASE("client: the HTTPS client conforms") {
  TestServer server;
  make_namespace(server.admin(), "suite");
  const std::string url = server.listen();
  const auto identity = server.issue("admin", {"system:masters"});
  const auto https = client::https_client({.base_url = url,
                                           .ca_pem = server.ca_pem,
                                           .certificate_pem = identity.certificate_pem,
                                           .key_pem = identity.key_pem,
                                           .bearer_token = {}});
  client::client_conformance(*https, "suite");
}

TEST_CASE("client: identities without rights get 403 with the real text, bad tokens 401") {
  TestServer server;
  const std::string url = server.listen();
  const auto identity = server.issue("jane", {"dev"});
  const auto jane = client::https_client({.base_url = url,
                                          .ca_pem = server.ca_pem,
                                          .certificate_pem = identity.certificate_pem,
                                          .key_pem = identity.key_pem,
                                          .bearer_token = {}});
  const auto refused = jane->list("pods", "default", {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::kPermissionDenied);
  CHECK(
      refused.error().message ==
      "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
  const auto anonymous = client::https_client(
      {.base_url = url, .ca_pem = server.ca_pem, .certificate_pem = {}, .key_pem = {}, .bearer_token = {}});
  const auto nobody = anonymous->get("nodes", {"", "n1"});
  REQUIRE_FALSE(nobody.has_value());
  CHECK(nobody.error().message ==
        "nodes \"n1\" is forbidden: User \"system:anonymous\" cannot get resource \"nodes\" in API group \"\" at the "
        "cluster scope");
  const auto forged = client::https_client(
      {.base_url = url, .ca_pem = server.ca_pem, .certificate_pem = {}, .key_pem = {}, .bearer_token = "a.b.c"});
  const auto bad = forged->get("nodes", {"", "n1"});
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().code == Code::kUnauthenticated);
}

TEST_CASE("client: the HTTPS client takes a new certificate on the fly, and goes on after the server was away") {
  TestServer server;
  const std::string url = server.listen();
  const int port = server.listener->port();
  const auto jane = server.issue("jane", {"dev"});
  client::HttpsOptions options;
  options.base_url = url;
  options.ca_pem = server.ca_pem;
  options.certificate_pem = jane.certificate_pem;
  options.key_pem = jane.key_pem;
  const auto https = client::https_client(std::move(options));
  CHECK(https->get("namespaces", {"", "default"}).error().code == Code::kPermissionDenied);
  const auto admin = server.issue("admin", {"system:masters"});
  https->set_credentials(admin.certificate_pem, admin.key_pem);
  REQUIRE(https->get("namespaces", {"", "default"}).has_value());  // not over jane's connection

  server.unlisten();
  CHECK(https->get("namespaces", {"", "default"}).error().code == Code::kUnavailable);
  server.listen(port);
  CHECK(https->get("namespaces", {"", "default"}).has_value());
  CHECK(https->create("configmaps", "default", client::conformance_map("after", "1"), {}).has_value());
  server.start_api();
  server.listen(port);  // the kept connection is dead, and nobody has noticed yet
  CHECK(https->get("configmaps", {"default", "after"}).has_value());
  CHECK(https->remove("configmaps", {"default", "after"}, {}).has_value());
}

TEST_CASE("client: the HTTPS client gives up on a server that says nothing within its deadline") {
  net::Loop loop({.name = "test", .threads = 1});
  std::mutex mutex;
  std::vector<std::shared_ptr<net::http::Exchange>> kept;  // never answered
  auto silent = net::http::Server::listen(loop, {}, [&](std::shared_ptr<net::http::Exchange> exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(exchange));
  });
  REQUIRE(silent.has_value());
  client::HttpsOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string((*silent)->port());
  options.deadline = 100ms;
  const auto https = client::https_client(std::move(options));
  CHECK(https->get("nodes", {"", "n1"}).error().code == Code::kDeadlineExceeded);
  (*silent)->stop();
  kept.clear();
}

TEST_CASE("client: a node writes its own objects and nobody else's") {
  TestServer server;
  client::Client& node = server.api->client_as("system:node:n1", {"system:nodes"});
  const auto named = [](const char* name) {
    return json::Value(json::Object{{"metadata", json::Object{{"name", name}}}});
  };
  CHECK(node.create("nodes", "", named("n1"), {}).has_value());
  const auto other = node.create("nodes", "", named("n2"), {});
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().code == Code::kPermissionDenied);
  CHECK(node.create("leases.coordination.k8s.io", "kube-node-lease", named("n1"), {}).has_value());
  CHECK(node.get("leases.coordination.k8s.io", {"kube-node-lease", "n1"}).has_value());
  CHECK_FALSE(node.get("leases.coordination.k8s.io", {"kube-node-lease", "n2"}).has_value());
  CHECK_FALSE(node.get("secrets", {"default", "x"}).has_value());
  CHECK_FALSE(node.list("configmaps", "", {}).has_value());
}

TEST_CASE("informer: shows what is there, then each change, and its revision covers this process's writes") {
  TestServer server;
  client::Client& admin = server.admin();
  REQUIRE(admin.create("configmaps", "default", client::conformance_map("early", "1"), {}).has_value());
  client::Informer& maps = server.api->informers().informer("configmaps");
  Heard heard;
  auto subscription = maps.subscribe([&](const client::Notice& n) {
    heard.add(std::to_string(static_cast<int>(n.change)) + ' ' + n.object->key.string());
  });
  REQUIRE(heard.wait(1));
  const auto made = admin.create("configmaps", "default", client::conformance_map("late", "1"), {});
  REQUIRE(made.has_value());
  REQUIRE(admin
              .patch("configmaps", {"default", "late"}, client::PatchType::kMerge,
                     json::Object{{"data", json::Object{{"a", "2"}}}}, {})
              .has_value());
  REQUIRE(admin.remove("configmaps", {"default", "late"}, {}).has_value());
  REQUIRE(heard.wait(4));
  CHECK(heard.lines ==
        std::vector<std::string>{"0 default/early", "0 default/late", "1 default/late", "2 default/late"});
  CHECK(maps.revision() >= std::stoll(std::string(json::string_at(*made, {"metadata", "resourceVersion"}))));
  CHECK(maps.get({"default", "late"}) == nullptr);
  REQUIRE(maps.list("default").size() == 1);
  subscription.reset();
  REQUIRE(admin.remove("configmaps", {"default", "early"}, {}).has_value());
  CHECK(heard.lines.size() == 4);  // after the subscription is gone nobody calls
}

}  // namespace appliance::orchestrator::apiserver
