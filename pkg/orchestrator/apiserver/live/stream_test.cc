// The dashboard's stream by its wire: a real listener, a WebSocket client, the in-memory store.
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/live/tab.h"
#include "orchestrator/apiserver/live/testing.h"
#include "orchestrator/apiserver/testing/test_exchange.h"

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

TEST_CASE("live: hello, columns, rows, synced, then what changes, and deletions by uid") {
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

TEST_CASE("live: a thousand writes to one object are few rows, and the last one arrives") {
  TestServer server;
  must(server.admin().create("configmaps", "default", map_of("m", "0"), {}));
  must(server.admin().create("configmaps", "default", map_of("other", "0"), {}));
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"configmaps","ns":"default","name":"m"})");
  REQUIRE(page.wait_synced(1));
  for (int i = 1; i <= 1000; ++i)
    must(server.admin().patch("configmaps", {"default", "m"}, client::PatchType::kMerge,
                              json::parse(R"({"metadata":{"labels":{"i":")" + std::to_string(i) + "\"}}}").value(),
                              {}));
  REQUIRE(
      page.wait_rows(1, [](const auto& rows) { return json::string_at(rows.at("default/m"), {"l", "i"}) == "1000"; }));
  const auto view = page.view(1);
  CHECK(view.rows.size() == 1);
  const std::string uid(json::string_at(view.rows.at("default/m"), {"u"}));
  CHECK(view.times.at(uid) < 1000);
  const std::string metrics = server.metrics.expose();
  CHECK(metrics.find("appliance_live_conflated_total 0\n") == std::string::npos);
  CHECK(page.complaint().empty());
}

TEST_CASE("live: selections by namespace, node, name, owner and what an event is about") {
  TestServer server;
  make_account(server);
  client::Client& admin = server.admin();
  must(admin.create("namespaces", "", json::parse(R"({"metadata":{"name":"other"}})").value(), {}));
  must(admin.create("serviceaccounts", "other", json::parse(R"({"metadata":{"name":"default"}})").value(), {}));
  const json::Value first = make_pod(server, "a", "n1");
  make_pod(server, "b", "n2");
  must(admin.create("pods", "other", pod("a", "n1"), {}));
  json::Value owned = pod("c", "n2");
  owned.at("metadata").as_object()["ownerReferences"] =
      json::parse(R"([{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","uid":"U-9","controller":true}])").value();
  must(admin.create("pods", "default", owned, {}));
  const auto event = [&](const std::string& name, std::string_view uid) {
    must(admin.create("events", "default",
                      json::parse(R"({"metadata":{"name":")" + name +
                                  R"("},"involvedObject":{"kind":"Pod","namespace":"default","name":"a","uid":")" +
                                  std::string(uid) + R"("},"type":"Warning","reason":"R","message":"m"})")
                          .value(),
                      {}));
  };
  const std::string uid(json::string_at(first, {"metadata", "uid"}));
  event("e1", uid);
  event("e2", "another");
  Page page(server, server.listen());
  const auto names = [&](int64_t sub, const std::string& rest) {
    page.say("{\"sub\":" + std::to_string(sub) + ",\"kind\":" + rest + "}");
    REQUIRE(page.wait_synced(sub));
    std::string out;
    for (const auto& [key, row] : page.view(sub).rows) out += key + " ";
    return out;
  };
  CHECK(names(1, R"("pods")") == "default/a default/b default/c other/a ");
  CHECK(names(2, R"("pods","ns":"other")") == "other/a ");
  CHECK(names(3, R"("pods","node":"n1")") == "default/a other/a ");
  CHECK(names(4, R"("pods","node":"n1","ns":"default")") == "default/a ");
  CHECK(names(5, R"("pods","name":"a")") == "default/a other/a ");
  CHECK(names(6, R"("pods","name":"a","ns":"default")") == "default/a ");
  CHECK(names(7, R"("pods","owner":"U-9")") == "default/c ");
  CHECK(names(8, R"("events","about":")" + uid + "\"") == "default/e1 ");
  CHECK(names(9, R"("nodes")").empty());
  event("e3", uid);
  REQUIRE(page.wait_rows(8, [](const auto& rows) { return rows.size() == 2; }));
  make_pod(server, "d", "n1");
  REQUIRE(page.wait_rows(3, [](const auto& rows) { return rows.size() == 3; }));
  CHECK(page.view(2).rows.size() == 1);
  CHECK(page.complaint().empty());
}

TEST_CASE("live: only problems: rows come when something goes wrong and go when it is well again") {
  TestServer server;
  make_account(server);
  make_pod(server, "web");
  set_status(server, "web", kPodStatus);
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"pods","only":"problems"})");
  page.say(R"({"sub":2,"kind":"pods"})");
  REQUIRE(page.wait_synced(1));
  REQUIRE(page.wait_synced(2));
  CHECK(page.view(1).total == 0);
  set_status(server, "web", R"({"phase":"Running","conditions":[{"type":"Ready","status":"False"}],
      "containerStatuses":[{"name":"c","ready":false,"restartCount":5,"image":"app:1","imageID":"",
      "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s restarting"}},
      "lastState":{"terminated":{"exitCode":1,"reason":"Error"}}}]})");
  REQUIRE(page.wait_rows(1, [](const auto& rows) { return rows.size() == 1; }));
  const json::Value row = page.view(1).rows.at("default/web");
  CHECK(json::int_at(row, {"v"}) == 2);
  CHECK(json::string_at(row, {"w"}) == "container c exited with code 1, 5 restarts; waits 40s before the next start");
  CHECK(page.view(1).problems == 1);
  REQUIRE(page.wait([&] { return page.locked_view(2).problems == 1; }));
  set_status(server, "web", kPodStatus);
  REQUIRE(page.wait_rows(1, [](const auto& rows) { return rows.empty(); }));
  CHECK(page.view(1).total == 0);
  REQUIRE(page.wait([&] { return page.locked_view(2).problems == 0; }));
  CHECK(page.view(2).total == 1);
  CHECK(page.complaint().empty());
}

TEST_CASE("live: a problem that comes with time is found without a change") {
  TestServer server;
  make_account(server);
  make_pod(server, "web");
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"pods","only":"problems"})");
  page.say(R"({"sub":2,"kind":"pods"})");
  REQUIRE(page.wait_synced(1));
  REQUIRE(page.wait_synced(2));
  CHECK(page.view(2).problems == 0);
  server.clock.advance(std::chrono::seconds(kStartAfterSeconds) + kSweepEvery);
  must(server.admin().create("configmaps", "default", map_of("m", "0"), {}));  // the timers look at the clock again
  REQUIRE(page.wait_rows(1, [](const auto& rows) { return rows.size() == 1; }));
  CHECK(json::string_at(page.view(1).rows.at("default/web"), {"w"}) == "node n1 has not started it yet");
  REQUIRE(page.wait([&] { return page.locked_view(2).problems == 1; }));
}

TEST_CASE("live: rights are those of list and watch, and refusals are Status documents") {
  TestServer server;
  const std::string url = server.listen();
  Page nobody(server, url, {.user = "eve", .groups = {"people"}});
  nobody.say(R"({"sub":1,"kind":"pods","ns":"default"})");
  const json::Value status = nobody.wait_error(1);
  CHECK(json::int_at(status, {"code"}) == 403);
  CHECK(json::string_at(status, {"reason"}) == "Forbidden");
  CHECK(json::string_at(status, {"message"}) ==
        R"(pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "default")");
  for (const auto* frame :
       {R"({"sub":2,"kind":"secrets"})", R"({"sub":3,"usage":"nodes"})", R"({"sub":4,"usage":"pods"})"})
    nobody.say(frame);
  for (const int64_t sub : {2, 3, 4}) CHECK(json::int_at(nobody.wait_error(sub), {"code"}) == 403);
  CHECK_FALSE(nobody.view(1).synced);
}

TEST_CASE("live: what cannot be subscribed to is said, and the connection goes on") {
  TestServer server;
  Page page(server, server.listen());
  const auto code = [&](int64_t sub, const std::string& frame) {
    page.say(frame);
    return json::int_at(page.wait_error(sub), {"code"});
  };
  CHECK(code(1, R"({"sub":1,"kind":"widgets"})") == 404);
  CHECK(code(2, R"({"sub":2,"kind":"deployments"})") == 404);  // its group is apps
  CHECK(code(3, R"({"sub":3,"kind":"tokenreviews","group":"authentication.k8s.io"})") == 404);
  CHECK(code(4, R"({"sub":4,"kind":"nodes","ns":"default"})") == 400);
  CHECK(code(5, R"({"sub":5,"kind":"pods","colour":"red"})") == 400);
  CHECK(code(-1, "nonsense") == 400);
  page.say(R"({"sub":6,"kind":"nodes"})");
  CHECK(page.wait_synced(6));
}

TEST_CASE("live: nothing comes after the end of a subscription; its number may be used again") {
  TestServer server;
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"configmaps"})");
  page.say(R"({"sub":2,"kind":"configmaps"})");
  REQUIRE(page.wait_synced(1));
  REQUIRE(page.wait_synced(2));
  page.say(R"({"unsub":1})");
  REQUIRE(page.wait_ended(1));
  must(server.admin().create("configmaps", "default", map_of("m", "0"), {}));
  REQUIRE(page.wait_rows(2, [](const auto& rows) { return rows.contains("default/m"); }));
  CHECK(page.view(1).after_end == 0);
  page.say(R"({"unsub":77})");
  CHECK(page.wait_ended(77));  // of a number that is not there: the same answer
  page.say(R"({"sub":2,"kind":"nodes"})");
  CHECK(json::int_at(page.wait_error(2), {"code"}) == 400);  // in use: both end
  page.forget(2);
  page.say(R"({"sub":2,"kind":"configmaps"})");
  REQUIRE(page.wait_synced(2));
  CHECK(page.view(2).rows.contains("default/m"));
  CHECK(server.metrics.expose().find("appliance_live_subscriptions 1\n") != std::string::npos);
}

TEST_CASE("live: a tab has 32 subscriptions, frames of 4 KiB in text, and not too many at once") {
  TestServer server;
  const std::string url = server.listen();
  Page page(server, url);
  for (size_t i = 0; i <= kSubscriptionsMax; ++i) page.say(R"({"sub":)" + std::to_string(i) + R"(,"kind":"nodes"})");
  CHECK(json::int_at(page.wait_error(kSubscriptionsMax), {"code"}) == 429);
  for (size_t i = 0; i < kSubscriptionsMax; ++i) CHECK(page.wait_synced(static_cast<int64_t>(i)));
  page.say(std::string(kFrameBytesMax + 1, ' '));
  CHECK(page.wait_closed());
  Page other(server, url);
  other.say_binary(R"({"sub":1,"kind":"nodes"})");
  CHECK(other.wait_closed());
}

TEST_CASE("live: one tab too many is refused with 429, and a closed one makes room") {
  TestServer server;
  const std::string url = server.listen();
  std::vector<std::unique_ptr<Page>> pages;
  const auto open = [&](const std::string& user, int i) {
    pages.push_back(std::make_unique<Page>(server, url, Page::Who{.user = user, .reuse = i > 0}));
  };
  for (int i = 0; i < kTabsPerUserMax; ++i) open("ann", i);
  for (const auto& page : pages) REQUIRE_FALSE(page->refusal());
  CHECK(Page(server, url, Page::Who{.user = "ann", .reuse = true}).refusal());  // all of hers
  for (int i = 0; i < kTabsMax - kTabsPerUserMax; ++i) open("bob", i);
  for (const auto& page : pages) REQUIRE_FALSE(page->refusal());
  {
    Page late(server, url);
    REQUIRE(late.refusal());
    CHECK(late.refusal()->code == Code::kResourceExhausted);
    CHECK(late.refusal()->message.find("64 open tabs") != std::string::npos);
  }
  pages.pop_back();
  const auto deadline = std::chrono::steady_clock::now() + testing::kDeadline;
  bool good = false;
  while (!good && std::chrono::steady_clock::now() < deadline) {
    const Page again(server, url);
    good = !again.refusal_now();
  }
  CHECK(good);
}

TEST_CASE("live: a request that is no upgrade, or asks for another protocol, hears what is spoken here") {
  TestServer server;
  const apiserver::testing::Told plain = apiserver::testing::ask(*server.api, {.path = "/ui/v1/stream"});
  CHECK(plain.status == 400);
  CHECK(json::string_at(plain.json(), {"message"}).find("v1.stream.appliance") != std::string_view::npos);
  CHECK(apiserver::testing::ask(*server.api, {.path = "/ui/v1/stream", .upgrade = "v4.channel.k8s.io"}).status == 400);
}

TEST_CASE("live: a lost history resets the subscription, and its rows come anew") {
  TestServer server;
  must(server.admin().create("configmaps", "default", map_of("m", "0"), {}));
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"configmaps","ns":"default"})");
  REQUIRE(page.wait_synced(1));
  server.kv.break_watches(Error{.code = Code::kOutOfRange, .message = "compacted", .errno_value = 0, .hint = {}});
  REQUIRE(page.wait([&] { return page.locked_view(1).resets == 1; }));
  REQUIRE(page.wait_synced(1));
  CHECK(page.view(1).rows.contains("default/m"));
  must(server.admin().create("configmaps", "default", map_of("later", "0"), {}));
  REQUIRE(page.wait_rows(1, [](const auto& rows) { return rows.contains("default/later"); }));
  CHECK(page.view(1).resets == 1);
  CHECK(page.complaint().empty());
}

TEST_CASE("live: an identity that is no longer good ends the stream within a minute") {
  TestServer server;
  const std::string url = server.listen();
  const auto made = make_session({.name = "admin", .uid = {}, .groups = {"system:masters"}, .extra = {}},
                                 server.clock.now(), server.random);
  // Sessions are written past admission, which lets nobody make one.
  const auto key = session_key(made.session.id);
  must(store::txn_wait(server.kv, {.compares = {},
                                   .success = {store::PutOp{
                                       .key = "/registry/secrets/" + key.ns + '/' + key.name,
                                       .value = std::make_shared<const std::string>(api::stored_bytes(made.object))}},
                                   .failure = {}}));
  Page session(server, url, {.cookie = made.cookie, .origin = url});
  session.say(R"({"sub":1,"kind":"pods"})");
  REQUIRE(session.wait_synced(1));
  Page admin(server, url);
  admin.say(R"({"sub":1,"kind":"configmaps"})");
  REQUIRE(admin.wait_synced(1));
  must(server.admin().remove("secrets", key, {}));
  server.clock.advance(kJudgeEvery);
  must(server.admin().create("configmaps", "default", map_of("m", "0"), {}));
  CHECK(json::int_at(session.wait_error(-1), {"code"}) == 401);
  CHECK(session.wait_closed());
  REQUIRE(admin.wait_rows(1, [](const auto& rows) { return rows.contains("default/m"); }));
}

TEST_CASE("live: machines have no stream, and other sites' pages have none by a certificate either") {
  TestServer server;
  const std::string url = server.listen();
  Page node(server, url, {.user = "system:node:n1", .groups = {"system:nodes"}});
  REQUIRE(node.refusal());
  CHECK(node.refusal()->message.find("the dashboard is for people") != std::string::npos);
  Page foreign(server, url, {.origin = "https://evil.example"});
  REQUIRE(foreign.refusal());
  CHECK(foreign.refusal()->message.find("evil.example") != std::string::npos);
  Page own(server, url, {.origin = url});
  CHECK_FALSE(own.refusal());
}

TEST_CASE("live: usage of nodes comes through the subscription") {
  TestServer server;
  must(server.admin().create("nodes", "", json::parse(R"({"metadata":{"name":"n1"}})").value(), {}));
  Page page(server, server.listen());
  page.say(R"({"sub":3,"usage":"nodes"})");
  REQUIRE(page.wait([&] { return page.locked_view(3).usage.size() == 1; }));
  CHECK(json::string_at(page.view(3).usage[0], {"name"}) == "n1");
  CHECK_FALSE(json::string_at(page.view(3).usage[0], {"error"}).empty());  // no kubelet here
  page.say(R"({"unsub":3})");
  REQUIRE(page.wait_ended(3));
  CHECK(page.view(3).after_end == 0);
}

TEST_CASE("live: a large listing comes in frames of at most 500 rows") {
  TestServer server;
  constexpr int kMaps = 601;
  for (int i = 0; i < kMaps; ++i)
    must(server.admin().create("configmaps", "default", map_of("m" + std::to_string(i), ""), {}));
  Page page(server, server.listen());
  page.say(R"({"sub":1,"kind":"configmaps","ns":"default"})");
  REQUIRE(page.wait_synced(1));
  CHECK(page.view(1).rows.size() == kMaps);
  CHECK(page.view(1).total == kMaps);
  CHECK(page.view(1).largest == kRowsPerFrameMax);
}

TEST_CASE("live: the server's stop ends streams while they are busy") {
  TestServer server;
  const std::string url = server.listen();
  Page page(server, url);
  page.say(R"({"sub":1,"kind":"configmaps"})");
  REQUIRE(page.wait_synced(1));
  for (int i = 0; i < 50; ++i)
    must(server.admin().create("configmaps", "default", map_of("m" + std::to_string(i), ""), {}));
  server.unlisten();
  CHECK(page.wait_closed());
}

}  // namespace appliance::orchestrator::apiserver::live
