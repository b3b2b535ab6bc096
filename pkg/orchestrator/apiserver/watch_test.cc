// Watches by their wire (kube-api page 3.1): order, selectors, resumption, bookmarks, the end.
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::TestServer;
using testing::Told;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

std::string make(TestServer& server, const std::string& name, const std::string& label) {
  const Told told =
      ask(*server.api, {.method = "POST",
                        .path = kMaps,
                        .body = R"({"metadata":{"name":")" + name + R"(","labels":{"x":")" + label + R"("}}})"});
  REQUIRE(told.status == 201);
  return std::string(json::string_at(told.json(), {"metadata", "resourceVersion"}));
}
std::string relabel(TestServer& server, const std::string& name, const std::string& label) {
  const Told told = ask(*server.api, {.method = "PATCH",
                                      .path = std::string(kMaps) + "/" + name,
                                      .body = R"({"metadata":{"labels":{"x":")" + label + R"("}}})",
                                      .content_type = "application/merge-patch+json"});
  REQUIRE(told.status == 200);
  return std::string(json::string_at(told.json(), {"metadata", "resourceVersion"}));
}
std::string line(const json::Value& event) {
  return std::string(json::string_at(event, {"type"})) + ' ' +
         std::string(json::string_at(event, {"object", "metadata", "name"}));
}

}  // namespace

TEST_CASE("watch: without a revision shows the present first, then each change with its revision") {
  TestServer server;
  make(server, "a", "1");
  const Told watch = ask(*server.api, {.path = std::string(kMaps) + "?watch=1"});
  REQUIRE(watch.stream);
  const std::string created = make(server, "b", "1");
  REQUIRE(ask(*server.api, {.method = "DELETE", .path = std::string(kMaps) + "/a"}).status == 200);
  const auto events = watch.stream->wait(3);
  REQUIRE(events.size() == 3);
  CHECK(line(events[0]) == "ADDED a");
  CHECK(line(events[1]) == "ADDED b");
  CHECK(line(events[2]) == "DELETED a");
  CHECK(json::string_at(events[1], {"object", "metadata", "resourceVersion"}) == created);
  CHECK(json::string_at(events[1], {"object", "kind"}) == "ConfigMap");
  CHECK(std::stoll(std::string(json::string_at(events[2], {"object", "metadata", "resourceVersion"}))) >
        std::stoll(created));
}

TEST_CASE("watch: resumes behind a revision without gap or repetition") {
  TestServer server;
  const std::string from = make(server, "a", "1");
  make(server, "b", "1");
  const Told watch = ask(*server.api, {.path = std::string(kMaps) + "?watch=true&resourceVersion=" + from});
  make(server, "c", "1");
  const auto events = watch.stream->wait(2);
  REQUIRE(events.size() == 2);
  CHECK(line(events[0]) == "ADDED b");
  CHECK(line(events[1]) == "ADDED c");
}

TEST_CASE("watch: what stops matching is deleted for this client, what begins to match is added") {
  TestServer server;
  make(server, "a", "in");
  const Told watch = ask(*server.api, {.path = std::string(kMaps) + "?watch=1&labelSelector=x%3Din"});
  relabel(server, "a", "out");
  relabel(server, "a", "still-out");
  const std::string last = relabel(server, "a", "in");
  const auto events = watch.stream->wait(3);
  REQUIRE(events.size() == 3);
  CHECK(line(events[0]) == "ADDED a");
  CHECK(line(events[1]) == "DELETED a");
  CHECK(line(events[2]) == "ADDED a");
  CHECK(json::string_at(events[2], {"object", "metadata", "resourceVersion"}) == last);
}

TEST_CASE("watch: a revision older than the history is answered with one ERROR of code 410") {
  TestServer server;
  const Told watch = ask(*server.api, {.path = std::string(kMaps) + "?watch=1&resourceVersion=1"});
  CHECK(watch.status == 200);
  REQUIRE(watch.stream->wait_finished());
  const auto events = watch.stream->wait(1);
  REQUIRE(events.size() == 1);
  CHECK(json::string_at(events[0], {"type"}) == "ERROR");
  CHECK(json::int_at(events[0], {"object", "code"}) == 410);
  CHECK(json::string_at(events[0], {"object", "message"}).starts_with("too old resource version: 1 ("));
}

TEST_CASE("watch: ends at its timeout with a bookmark when asked for one") {
  TestServer server;
  const Told watch = ask(*server.api, {.path = std::string(kMaps) +
                                               "?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=0"});
  REQUIRE(watch.stream->wait_finished());
  const auto events = watch.stream->wait(1);
  REQUIRE(events.size() == 1);
  CHECK(json::string_at(events[0], {"type"}) == "BOOKMARK");
  CHECK(json::string_at(events[0], {"object", "kind"}) == "ConfigMap");
}

TEST_CASE("watch: a client that does not read is cut, and one that went away is forgotten") {
  TestServer server;
  const Told slow = ask(*server.api, {.path = std::string(kMaps) + "?watch=1"});
  slow.stream->pretend_queued(64U << 20U);
  make(server, "a", "1");
  CHECK(slow.stream->wait_finished());
  const Told gone = ask(*server.api, {.path = std::string(kMaps) + "?watch=1"});
  gone.stream->hang_up();
  CHECK(gone.stream->wait_finished());
}

TEST_CASE("watch: rows of a Table carry the columns once") {
  TestServer server;
  make(server, "a", "1");
  const Told watch = ask(
      *server.api, {.path = std::string(kMaps) + "?watch=1", .accept = "application/json;as=Table;v=v1;g=meta.k8s.io"});
  make(server, "b", "1");
  const auto events = watch.stream->wait(2);
  REQUIRE(events.size() == 2);
  CHECK_FALSE(json::array_at(events[0], {"object", "columnDefinitions"}).empty());
  CHECK(json::array_at(events[1], {"object", "columnDefinitions"}).empty());
  CHECK(json::array_at(events[1], {"object", "rows"}).size() == 1);
}

TEST_CASE("watch: sendInitialEvents is refused with the text that makes clients fall back") {
  TestServer server;
  const Told told =
      ask(*server.api,
          {.path = std::string(kMaps) +
                   "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"});
  CHECK(told.status == 422);
  CHECK(json::string_at(told.json(), {"message"})
            .find("sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled") !=
        std::string_view::npos);
}

}  // namespace appliance::orchestrator::apiserver
