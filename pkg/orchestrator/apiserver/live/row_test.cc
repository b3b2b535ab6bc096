#include "orchestrator/apiserver/live/row.h"

#include "orchestrator/api/table.h"
#include "orchestrator/apiserver/live/extra.h"
#include "orchestrator/apiserver/live/test_objects.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using testing::object_of;

constexpr int64_t kNow = 1'700'000'000;  // 2023-11-14T22:13:20Z

json::Value row_of(std::string_view resource, std::string_view text) {
  RowMaker maker(kNow);
  const Row row = maker.make(*object_of(resource, text));
  auto parsed = json::parse(row.text);
  INFO(row.text);
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

json::Value extra_of(std::string_view resource, std::string_view text) {
  const json::Value row = row_of(resource, text);
  const json::Value* extra = json::find(row, {"x"});
  return extra == nullptr ? json::Value() : *extra;
}

json::Value parsed(std::string_view text) {
  auto value = json::parse(text);
  REQUIRE(value.has_value());
  return std::move(*value);
}

}  // namespace

TEST_CASE("live row: identity, cells as kubectl's Table has them, controller, labels") {
  constexpr std::string_view kPod = R"({"metadata":{"name":"web-1","namespace":"default","uid":"U-1",
      "creationTimestamp":"2023-11-14T22:13:00Z","labels":{"app":"web"},
      "ownerReferences":[{"apiVersion":"v1","kind":"Thing","name":"t","uid":"U-8"},
                         {"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"U-9","controller":true}]},
      "spec":{"nodeName":"n1","containers":[{"name":"c"}]},"status":{"phase":"Pending"}})";
  const json::Value row = row_of("pods", kPod);
  CHECK(json::string_at(row, {"u"}) == "U-1");
  CHECK(json::string_at(row, {"n"}) == "web-1");
  CHECK(json::string_at(row, {"s"}) == "default");
  CHECK(json::int_at(row, {"t"}) == kNow - 20);
  CHECK(json::find(row, {"l"})->as_object() == parsed(R"({"app":"web"})").as_object());
  CHECK(*json::find(row, {"o"}) == parsed(R"(["ReplicaSet","web","U-9"])"));
  for (const auto* absent : {"v", "w", "d"}) CHECK(json::find(row, {absent}) == nullptr);
  const api::ObjectPtr object = object_of("pods", kPod);
  const api::Object* const one = object.get();
  const auto table = parsed(api::table_json(*object->kind, {&one, 1}, api::IncludeObject::kNone, kNow, 0, "", false));
  CHECK(json::array_at(row, {"c"}) == json::array_at(json::array_at(table, {"rows"})[0], {"cells"}));
}

TEST_CASE("live row: what is empty is left out; long labels are; what is being deleted says so") {
  const json::Value plain = row_of("serviceaccounts", R"({"metadata":{"name":"a","namespace":"b","uid":"u"}})");
  for (const auto* absent : {"o", "l", "x", "d", "v"}) CHECK(json::find(plain, {absent}) == nullptr);
  const json::Value node = row_of("nodes", R"({"metadata":{"name":"n","uid":"u"}})");
  CHECK(json::find(node, {"s"}) == nullptr);
  const std::string long_value(kRowLabelBytesMax, 'x');
  const json::Value labelled = row_of(
      "serviceaccounts", R"({"metadata":{"name":"a","namespace":"b","uid":"u","labels":{"k":")" + long_value + R"("},
                                "deletionTimestamp":"2023-11-14T22:13:00Z"}})");
  CHECK(json::find(labelled, {"l"}) == nullptr);
  CHECK(json::bool_at(labelled, {"d"}));
}

TEST_CASE("live row: text that wants to be markup, or is no ASCII, stays what it is") {
  const json::Value row = row_of("configmaps", R"({"metadata":{"name":"a","namespace":"b","uid":"u",
      "labels":{"k":"</script><script>\u001b[31m\u202e\u0000"}},"data":{"\"><img":"secret"}})");
  CHECK(json::string_at(row, {"l", "k"}) == std::string("</script><script>\x1b[31m\xe2\x80\xae\0", 26));
  CHECK(json::array_at(row, {"x", "keys"})[0] == "\"><img");
}

TEST_CASE("live row: an event's time is when it was last seen") {
  const auto seen = [](const std::string& fields) {
    return json::int_at(row_of("events", R"({"metadata":{"name":"e","namespace":"d","uid":"u",
      "creationTimestamp":"2023-11-14T22:00:00Z"},"involvedObject":{"kind":"Pod","name":"p"})" +
                                             fields + "}"),
                        {"t"});
  };
  CHECK(seen("") == kNow - 800);
  CHECK(seen(R"(,"firstTimestamp":"2023-11-14T22:13:10Z")") == kNow - 10);
  CHECK(seen(R"(,"firstTimestamp":"2023-11-14T22:13:10Z","lastTimestamp":"2023-11-14T22:13:15Z")") == kNow - 5);
  CHECK(seen(R"(,"eventTime":"2023-11-14T22:13:11.000000Z")") == kNow - 9);
  CHECK(seen(R"(,"series":{"count":3,"lastObservedTime":"2023-11-14T22:13:19.000000Z"})") == kNow - 1);
}

TEST_CASE("live row: a filter by what is wrong makes no text of the others") {
  RowMaker maker(kNow);
  const auto bad = [](const Problem& problem) { return problem.severity > 0; };
  const auto node = [](const char* ready) {
    return object_of("nodes",
                     R"({"metadata":{"name":"n","uid":"u"},"status":{"conditions":[{"type":"Ready","status":")" +
                         std::string(ready) + R"("}]}})");
  };
  CHECK(maker.make_if(*node("True"), bad).text.empty());
  const Row row = maker.make_if(*node("False"), bad);
  const json::Value document = parsed(row.text);
  CHECK(json::int_at(document, {"v"}) == 2);
  CHECK(json::string_at(document, {"w"}) == row.problem.why);
}

TEST_CASE("live extra: of a pod") {
  CHECK(extra_of("pods", R"({"metadata":{"name":"p","namespace":"d","uid":"u"},"spec":{"nodeName":"n1",
      "containers":[{"name":"a","resources":{"requests":{"cpu":"250m","memory":"64Mi"}}},{"name":"b"}],
      "initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}]},
      "status":{"phase":"Running","podIP":"10.0.0.7","hostIP":"10.1.0.1","qosClass":"Burstable",
        "initContainerStatuses":[{"name":"i","ready":true,"restartCount":0},{"name":"s","ready":true,"restartCount":0}],
        "containerStatuses":[{"name":"a","ready":true,"restartCount":2,"lastState":{"terminated":
            {"exitCode":137,"reason":"OOMKilled","finishedAt":"2023-11-14T22:13:00Z"}}},
          {"name":"b","ready":false,"restartCount":1,"lastState":{"terminated":
            {"exitCode":1,"reason":"Error","finishedAt":"2023-11-14T22:12:00Z"}}}]}})") ==
        parsed(R"({"phase":"Running","node":"n1","ip":"10.0.0.7","hostIP":"10.1.0.1","containers":["a","b"],
      "init":["i","s"],"restarts":3,"ready":[2,3],"cpu":250,"mem":67108864,"qos":"Burstable","last":"OOMKilled"})"));
  CHECK(
      extra_of("pods", R"({"metadata":{"name":"p","namespace":"d","uid":"u"},"spec":{"containers":[{"name":"a"}]}})") ==
      parsed(R"({"containers":["a"],"ready":[0,1]})"));
}

TEST_CASE("live extra: of nodes and workloads") {
  CHECK(extra_of("nodes", R"({"metadata":{"name":"n","uid":"u"},"spec":{"podCIDR":"10.42.0.0/24","unschedulable":true},
      "status":{"allocatable":{"cpu":"2","memory":"1Gi","pods":"110"},"conditions":[{"type":"Ready","status":"True"}],
      "addresses":[{"type":"InternalIP","address":"10.0.0.2"}],"nodeInfo":{"kubeletVersion":"v1.33.0"}}})") ==
        parsed(R"({"cpu":2000,"mem":1073741824,"pods":110,"unschedulable":true,"ready":true,"cidr":"10.42.0.0/24",
      "ip":"10.0.0.2","version":"v1.33.0"})"));
  constexpr std::string_view kSet = R"({"metadata":{"name":"w","namespace":"d","uid":"u",
      "annotations":{"deployment.kubernetes.io/revision":"3"}},"spec":{"replicas":4,"paused":true,
      "selector":{"matchLabels":{"app":"w"}},"template":{"spec":{"containers":[{"name":"a","image":"x:1"}]}}},
      "status":{"readyReplicas":2,"availableReplicas":1,"updatedReplicas":4}})";
  const auto expected = parsed(R"({"replicas":4,"ready":2,"available":1,"updated":4,"revision":3,"images":["x:1"],
      "paused":true,"selector":{"app":"w"}})");
  CHECK(extra_of("deployments.apps", kSet) == expected);
  CHECK(extra_of("replicasets.apps", kSet) == expected);
}

TEST_CASE("live extra: of services and their endpoints") {
  CHECK(extra_of("services", R"({"metadata":{"name":"s","namespace":"d","uid":"u"},"spec":{"type":"NodePort",
      "clusterIP":"10.43.0.5","selector":{"app":"w"},"ports":[{"name":"http","port":80,"targetPort":"web",
      "nodePort":30080,"protocol":"TCP"},{"port":53,"targetPort":5353,"protocol":"UDP"}]}})") ==
        parsed(R"({"type":"NodePort","clusterIP":"10.43.0.5","selector":{"app":"w"},"ports":[{"name":"http","port":80,
      "targetPort":"web","nodePort":30080,"protocol":"TCP"},{"port":53,"targetPort":5353,"protocol":"UDP"}]})"));
  CHECK(extra_of("endpointslices.discovery.k8s.io", R"({"metadata":{"name":"s-x","namespace":"d","uid":"u",
      "labels":{"kubernetes.io/service-name":"s"}},"ports":[{"name":"http","port":8080,"protocol":"TCP"}],
      "endpoints":[{"addresses":["10.0.0.7"],"conditions":{"ready":true},"nodeName":"n1",
        "targetRef":{"kind":"Pod","name":"p"}},{"addresses":["10.0.0.8"],"conditions":{"ready":false}},
        {"addresses":["10.0.0.9"]}]})") ==
        parsed(R"({"service":"s","endpoints":[{"ip":"10.0.0.7","ready":true,"pod":"p","node":"n1"},
      {"ip":"10.0.0.8","ready":false},{"ip":"10.0.0.9","ready":true}],
      "ports":[{"name":"http","port":8080,"protocol":"TCP"}]})"));
}

TEST_CASE("live extra: endpoints and keys have limits") {
  std::string endpoints;
  for (size_t i = 0; i < kEndpointsMax + 5; ++i) endpoints += R"({"addresses":["10.0.0.1"]},)";
  endpoints.pop_back();
  const json::Value slice =
      extra_of("endpointslices.discovery.k8s.io",
               R"({"metadata":{"name":"s","namespace":"d","uid":"u"},"endpoints":[)" + endpoints + "]}");
  CHECK(json::array_at(slice, {"endpoints"}).size() == kEndpointsMax);
  std::string data;
  for (size_t i = 0; i < kKeysMax + 5; ++i) data += "\"k" + std::to_string(i) + "\":\"v\",";
  data.pop_back();
  const json::Value map =
      extra_of("configmaps", R"({"metadata":{"name":"s","namespace":"d","uid":"u"},"data":{)" + data + "}}");
  CHECK(json::array_at(map, {"keys"}).size() == kKeysMax);
}

TEST_CASE("live extra: events say what they are about; secrets and maps show names and never values") {
  CHECK(extra_of("events", R"({"metadata":{"name":"e","namespace":"d","uid":"u"},"type":"Warning","reason":"BackOff",
      "count":7,"involvedObject":{"kind":"Pod","namespace":"d","name":"p","uid":"U-1","fieldPath":"spec.containers{c}"}})") ==
        parsed(R"({"type":"Warning","reason":"BackOff","count":7,"kind":"Pod","ns":"d","name":"p","uid":"U-1",
      "field":"spec.containers{c}"})"));
  RowMaker maker(kNow);
  for (const auto* resource : {"secrets", "configmaps"}) {
    const Row row =
        maker.make(*object_of(resource, R"({"metadata":{"name":"s","namespace":"d","uid":"u"},"type":"Opaque",
      "data":{"password":"aHVudGVyMg==","user":"YQ=="}})"));
    CHECK(row.text.find("password") != std::string::npos);
    CHECK(row.text.find("aHVudGVyMg") == std::string::npos);
    CHECK(row.text.find("hunter2") == std::string::npos);
  }
  CHECK(about_uid(*object_of("events", R"({"metadata":{"name":"e"},"involvedObject":{"uid":"U-1"}})")) == "U-1");
  CHECK(about_uid(*object_of("nodes", R"({"metadata":{"name":"n"}})")).empty());
}

}  // namespace appliance::orchestrator::apiserver::live
