#include "orchestrator/apiserver/node_keys.h"

#include <catch2/catch.hpp>

#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/testing/test_server.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::apiserver {

using namespace testing;

TEST_CASE("node keys: a node's certificate counts while its name belongs to its key, and not after its removal") {
  TestServer server;
  const std::string url = server.listen();
  const Identity w1 = server.issue("system:node:w1", {"system:nodes"});
  const Identity thief = server.issue("system:node:w1", {"system:nodes"});  // the CA's, but not of the recorded key
  const auto ask = [&](const Identity& who) {
    const auto client = client::https_client({.base_url = url,
                                              .ca_pem = server.ca_pem,
                                              .certificate_pem = who.certificate_pem,
                                              .key_pem = who.key_pem,
                                              .bearer_token = {}});
    return client->list("services", "", {});
  };
  CHECK(ask(w1).has_value());
  const auto stolen = ask(thief);
  REQUIRE_FALSE(stolen.has_value());
  CHECK(stolen.error().code == Code::kUnauthenticated);
  CHECK(api::is_shut_out(stolen.error().message));
  CHECK(stolen.error().message.find("the name \"w1\" belongs to another machine now") != std::string::npos);
  REQUIRE(server.admin().remove("secrets", {"kube-system", "node-key.w1"}, {}).has_value());
  CHECK_FALSE(
      server.admin().get("secrets", {"kube-system", "node-key.w1"}));  // a read after the write: the cache has it
  const auto removed = ask(w1);
  REQUIRE_FALSE(removed.has_value());
  CHECK(removed.error().code == Code::kUnauthenticated);
  CHECK(api::is_shut_out(removed.error().message));
  CHECK(removed.error().message.find("node \"w1\" was removed from the cluster") != std::string::npos);
}

TEST_CASE("node keys: a refusal for another reason than its removal does not say that the node was removed") {
  TestServer server;
  const auto ask = [&](const std::string& token) {
    const auto client = client::https_client({.base_url = server.listen(),
                                              .ca_pem = server.ca_pem,
                                              .certificate_pem = {},
                                              .key_pem = {},
                                              .bearer_token = token});
    return client->get("nodes", {"", "w1"});
  };
  const auto refused = ask("abcdef.0123456789abcdef0123456789abcdef");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::kUnauthenticated);
  CHECK_FALSE(api::is_shut_out(refused.error().message));
  CHECK_FALSE(api::is_shut_out("Unauthorized"));
  CHECK_FALSE(api::is_shut_out(""));
}

}  // namespace appliance::orchestrator::apiserver
