// The dashboard's stream by its wire: a real listener, a WebSocket client, the in-memory store.
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/live/testing.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using testing::must;
using testing::Page;
using testing::TestServer;

constexpr const char* kPodStatus =
    R"({"phase":"Running","podIP":"10.42.0.7","conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"c","ready":true,"restartCount":0,"image":"app:1","imageID":"","state":{"running":{}}}]})";

json::Value pod(const std::string& name, const std::string& node = "n1", const std::string& labels = "{}") {
  return json::parse(R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"spec":{"nodeName":")" +
                     node + R"(","containers":[{"name":"c","image":"app:1"}]}})")
      .value();
}

void make_account(TestServer& server) {
  must(server.admin().create("serviceaccounts", "default", json::parse(R"({"metadata":{"name":"default"}})").value(),
                             {}));
}

json::Value make_pod(TestServer& server, const std::string& name, const std::string& node = "n1") {
  return must(server.admin().create("pods", "default", pod(name, node), {}));
}

void set_status(TestServer& server, const std::string& name, const std::string& status) {
  must(server.admin().patch("pods", {"default", name}, client::PatchType::kMerge,
                            json::parse(R"({"status":)" + status + "}").value(), {.subresource = "status"}));
}

json::Value map_of(const std::string& name, const std::string& value) {
  return json::parse(R"({"metadata":{"name":")" + name + R"("},"data":{"k":")" + value + R"("}})").value();
}

}  // namespace

TEST_CASE("live: hello, columns, rows, synced; then what changes, and deletions by uid") {
  TestServer server;
  make_account(server);
  make_pod(server, "web");
  Page page(server, server.listen());
  REQUIRE_FALSE(page.refusal());
  const json::Value hello = page.hello();
  CHECK(json::int_at(hello, {"version"}) == 1);
  CHECK(json::string_at(hello, {"user"}) == "admin");
  CHECK(json::array_at(hello, {"groups"})[0] == "system:masters");

  page.say(R"({"sub":7,"kind":"pods","group":"","ns":"default"})");
  REQUIRE(page.wait_synced(7));
  auto view = page.view(7);
  CHECK(json::string_at(json::array_at(json::Value(json::Object{{"c", view.columns}}), {"c"})[1], {"name"}) == "Ready");
  REQUIRE(view.rows.contains("default/web"));
  CHECK(view.total == 1);
  const std::string uid(json::string_at(view.rows["default/web"], {"u"}));
  CHECK(json::string_at(view.rows["default/web"], {"x", "node"}) == "n1");

  make_pod(server, "db");
  REQUIRE(page.wait_rows(7, [](const auto& rows) { return rows.contains("default/db"); }));
  set_status(server, "web", kPodStatus);
  REQUIRE(page.wait_rows(
      7, [](const auto& rows) { return json::string_at(rows.at("default/web"), {"x", "ip"}) == "10.42.0.7"; }));
  must(server.admin().remove("pods", {"default", "web"}, {.grace_seconds = 0}));
  REQUIRE(page.wait_rows(7, [](const auto& rows) { return !rows.contains("default/web"); }));
  make_pod(server, "web");
  REQUIRE(page.wait_rows(7, [&](const auto& rows) {
    return rows.contains("default/web") && json::string_at(rows.at("default/web"), {"u"}) != uid;
  }));
  CHECK(page.view(7).total == 2);
  CHECK(page.complaint().empty());
}

}  // namespace appliance::orchestrator::apiserver::live
