#include "orchestrator/apiserver/live/protocol.h"

#include <catch2/catch.hpp>

#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

Selection selection(std::string_view text) {
  auto frame = parse_frame(text);
  INFO(text << (frame ? "" : frame.error().error.message));
  REQUIRE(frame.has_value());
  REQUIRE(std::holds_alternative<Subscribe>(*frame));
  CHECK(std::get<Subscribe>(*frame).sub == 7);
  return std::get<Selection>(std::get<Subscribe>(*frame).what);
}

}  // namespace

TEST_CASE("live protocol: a subscription names its kind and what narrows it") {
  const Selection all = selection(R"({"sub":7,"kind":"pods"})");
  CHECK(all.plural == "pods");
  CHECK(all.group.empty());
  CHECK(all.ns.empty());
  CHECK_FALSE(all.only_problems);
  const Selection some = selection(
      R"({"sub":7,"kind":"pods","group":"","ns":"default","only":"problems","owner":"U-1","node":"n1","name":"web-1"})");
  CHECK(some.ns == "default");
  CHECK(some.only_problems);
  CHECK(some.owner == "U-1");
  CHECK(some.node == "n1");
  CHECK(some.name == "web-1");
  CHECK(selection(R"({"sub":7,"kind":"deployments","group":"apps"})").group == "apps");
  CHECK(selection(R"({"sub":7,"kind":"events","about":"U-2"})").about == "U-2");
}

TEST_CASE("live protocol: usage and the end of a subscription") {
  const auto nodes = parse_frame(R"({"sub":9,"usage":"nodes"})");
  REQUIRE(nodes.has_value());
  CHECK(std::get<UsageSelection>(std::get<Subscribe>(*nodes).what) == UsageSelection{});
  const auto pods = parse_frame(R"({"sub":9,"usage":"pods","node":"n1","ns":"a"})");
  REQUIRE(pods.has_value());
  CHECK(std::get<UsageSelection>(std::get<Subscribe>(*pods).what) ==
        UsageSelection{.what = UsageOf::kPods, .node = "n1", .ns = "a"});
  const auto end = parse_frame(R"({"unsub":7})");
  REQUIRE(end.has_value());
  CHECK(std::get<Unsubscribe>(*end).sub == 7);
}

TEST_CASE(
    "live protocol: what is wrong with a frame is said by field, with its subscription's number when it has one") {
  struct Row {
    std::string text;
    bool has_sub;
    std::string message;
  };
  const std::vector<Row> rows = {
      {"", false, "not JSON"},
      {"[]", false, "a frame is an object"},
      {"{}", false, "\"sub\" or \"unsub\""},
      {R"({"sub":"7","kind":"pods"})", false, "sub: must be a whole number"},
      {R"({"sub":-1,"kind":"pods"})", false, "sub: must be a whole number"},
      {R"({"sub":1.5,"kind":"pods"})", false, "sub: must be a whole number"},
      {R"({"sub":9007199254740992,"kind":"pods"})", false, "sub: must be a whole number"},
      {R"({"unsub":null})", false, "unsub: must be a whole number"},
      {R"({"unsub":1,"x":1})", false, "unsub: nothing else"},
      {R"({"sub":7})", true, "kind: is needed"},
      {R"({"sub":7,"kind":5})", true, "kind: must be a string"},
      {R"({"sub":7,"kind":"pods","ns":"a b"})", true, "ns: must be printable ASCII"},
      {R"({"sub":7,"kind":"pods","ns":")" + std::string(254, 'a') + "\"}", true, "ns: must be no more than 253 bytes"},
      {R"({"sub":7,"kind":"pods","only":"good"})", true, "only: must be \"problems\""},
      {R"({"sub":7,"kind":"pods","about":"u"})", true, "about: only events"},
      {R"({"sub":7,"kind":"nodes","node":"n1"})", true, "node: only pods"},
      {R"({"sub":7,"kind":"pods","labels":"a=b"})", true, "unknown field \"labels\""},
      {R"({"sub":7,"usage":"disks"})", true, "usage: must be \"nodes\" or \"pods\""},
      {R"({"sub":7,"usage":"nodes","ns":"a"})", true, "ns: nodes have none"},
      {R"({"sub":7,"usage":"nodes","kind":"pods"})", true, "unknown field \"kind\""},
      {R"({"sub":7,"kind":[[[[[[1]]]]]]})", false, "not JSON"},
      {R"({"sub":7,"kind":")" + std::string(kFrameBytesMax, 'a') + "\"}", false, "4096 bytes"}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto frame = parse_frame(row.text);
    REQUIRE_FALSE(frame.has_value());
    CHECK(frame.error().sub.has_value() == row.has_sub);
    CHECK(frame.error().error.code == 400);
    INFO(frame.error().error.message);
    CHECK(frame.error().error.message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("live protocol: the server's frames are the documented ones") {
  CHECK(hello_frame({.build = "b", .user = "a\"b", .groups = {"g"}, .node = "n1"}) ==
        R"({"hello":{"version":1,"build":"b","user":"a\"b","groups":["g"],"node":"n1"}})");
  CHECK(rows_frame(7, R"({"u":"1"})") == R"({"sub":7,"rows":[{"u":"1"}]})");
  const Counts counts{.revision = 12, .total = 3, .problems = 1};
  CHECK(synced_frame(7, counts) == R"({"sub":7,"synced":true,"rv":12,"total":3,"problems":1})");
  CHECK(change_frame(7, "{}", "\"u\"", counts) == R"({"sub":7,"up":[{}],"del":["u"],"rv":12,"total":3,"problems":1})");
  CHECK(change_frame(7, "", "\"u\"", counts) == R"({"sub":7,"del":["u"],"rv":12,"total":3,"problems":1})");
  CHECK(usage_frame(9, "[]") == R"({"sub":9,"usage":[]})");
  CHECK(reset_frame(7) == R"({"sub":7,"reset":true})");
  CHECK(end_frame(7) == R"({"sub":7,"end":true})");
  const auto error = json::parse(error_frame(7, api::bad_request("no")));
  REQUIRE(error.has_value());
  CHECK(json::int_at(*error, {"sub"}) == 7);
  CHECK(json::int_at(*error, {"error", "code"}) == 400);
  CHECK(json::string_at(*error, {"error", "kind"}) == "Status");
  CHECK(json::parse(error_frame(std::nullopt, api::bad_request("no")))->as_object().size() == 1);
}

TEST_CASE("live protocol: columns are those of the Table, by name, type and priority") {
  const auto kinds = api::builtin_kinds();
  const auto frame = json::parse(columns_frame(1, *kinds->by_resource("pods")));
  REQUIRE(frame.has_value());
  const json::Array& columns = json::array_at(*frame, {"columns"});
  REQUIRE(columns.size() > 5);
  CHECK(columns[2] == json::parse(R"({"name":"Status","type":"string","priority":0})").value());
  CHECK(json::int_at(columns.back(), {"priority"}) == 1);
}

}  // namespace appliance::orchestrator::apiserver::live
