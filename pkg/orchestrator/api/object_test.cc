#include "orchestrator/api/object.h"

#include <span>

#include "orchestrator/api/duration.h"
#include "orchestrator/api/quantity.h"
#include "orchestrator/api/selector.h"
#include "orchestrator/api/table.h"
#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

namespace {

ObjectPtr object_of(std::string_view resource, const json::Value& document, int64_t revision = 7) {
  auto object = make_object(kind_of(resource), revision, std::make_shared<const std::string>(stored_bytes(document)));
  INFO((object ? std::string() : object.error().message));
  REQUIRE(object.has_value());
  return *object;
}

ObjectPtr yaml_object(std::string_view resource, std::string_view text) { return object_of(resource, yaml_of(text)); }

std::vector<std::string> cells_of(std::string_view resource, std::string_view text, int64_t now_seconds) {
  const auto& kind = kind_of(resource);
  std::vector<std::string> out;
  for (const auto& cell : kind.cells(yaml_of(text), now_seconds))
    out.push_back(cell.is_string() ? std::string(cell.get_string()) : json::serialize(cell));
  CHECK(out.size() == kind.columns.size());
  return out;
}

}  // namespace

TEST_CASE("object: stored bytes lack kind, apiVersion and resourceVersion, and the splice brings them back") {
  const auto document = json_of(
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"3","name":"a","namespace":"d","labels":{"z":"1","b":"2"}},"data":{"x":"}{\""}})");
  const auto bytes = stored_bytes(document);
  CHECK(bytes == R"({"metadata":{"name":"a","namespace":"d","labels":{"z":"1","b":"2"}},"data":{"x":"}{\""}})");
  const auto object = object_of("configmaps", document, 42);
  CHECK(object->key == ObjectKey{"d", "a"});
  CHECK(object->meta.labels == Labels{{"b", "2"}, {"z", "1"}});
  CHECK(label_value(object->meta.labels, "z") == "1");
  json::Value expected = document;
  expected.at("metadata").get_object()["resourceVersion"] = "42";
  CHECK(object->document() == expected);
  CHECK(
      splice_prefix(*object->kind, 42) + std::string(splice_rest(*object->bytes)) ==
      R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"42","name":"a","namespace":"d","labels":{"z":"1","b":"2"}},"data":{"x":"}{\""}})");
  CHECK(
      partial_object_json(*object) ==
      R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"42","name":"a","namespace":"d","labels":{"z":"1","b":"2"}}})");
}

TEST_CASE("object: bytes that stored_bytes() didn't write are data loss") {
  for (const auto* bytes : {"", "{}", R"({"metadata":{)", R"({"metadata":{}})", R"({"metadata":{"name":5}})"}) {
    const auto object = make_object(kind_of("pods"), 1, std::make_shared<const std::string>(bytes));
    REQUIRE_FALSE(object.has_value());
    CHECK(object.error().code == Code::kDataLoss);
  }
}

TEST_CASE("object: facts of pods and nodes") {
  const auto pod = yaml_object("pods", R"(
metadata: {name: p, namespace: d, uid: u, creationTimestamp: "2026-01-02T03:04:05Z", finalizers: [a], ownerReferences: [{kind: ReplicaSet, name: r, uid: x, apiVersion: apps/v1, controller: true}]}
spec:
  nodeName: n1
  hostNetwork: true
  initContainers:
  - {name: i, resources: {requests: {cpu: 500m, memory: 10Mi}}}
  containers:
  - {name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}, ports: [{hostPort: 8080, protocol: TCP}]}
  - {name: b, resources: {requests: {cpu: 50m}}}
status:
  phase: Running
  podIP: 10.1.1.1
  conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-02T03:04:09Z"}]
  containerStatuses: [{restartCount: 2}, {restartCount: 1}]
)");
  CHECK(pod->pod().node == "n1");
  CHECK(pod->pod().host_network);
  CHECK(pod->pod().ready);
  CHECK(pod->pod().ready_since_seconds - pod->meta.creation_seconds == 4);
  CHECK(pod->pod().restarts == 3);
  CHECK(pod->pod().cpu_request_millis == 500);
  CHECK(pod->pod().memory_request_bytes == 64 << 20);
  CHECK(pod->pod().host_ports == std::vector<std::pair<std::string, int>>{{"TCP", 8080}});
  REQUIRE(pod->meta.owners.size() == 1);
  CHECK(pod->meta.owners[0].controller);
  const auto node = yaml_object(
      "nodes",
      "metadata: {name: n1}\nspec: {unschedulable: true}\nstatus: {conditions: [{type: Ready, status: 'True'}]}\n");
  CHECK(std::get<NodeFacts>(node->facts).ready);
  CHECK(std::get<NodeFacts>(node->facts).unschedulable);
}

TEST_CASE("pod cells: status, ready and restarts as kubectl shows them") {
  const int64_t now = parse_rfc3339("2026-01-01T00:05:00Z").value();
  const auto status = [&](std::string_view rest) {
    auto cells = cells_of(
        "pods", "metadata: {name: full, creationTimestamp: '2026-01-01T00:00:00Z'}\n" + std::string(rest), now);
    return cells[1] + " | " + cells[2] + " | " + cells[3] + " | " + cells[4];
  };
  const std::string two =
      "spec: {initContainers: [{name: init}, {name: side, restartPolicy: Always}], containers: [{name: main}]}\n";
  CHECK(status("spec: {containers: [{name: c}]}\nstatus: {phase: Pending}\n") == "0/1 | Pending | 0 | 5m");
  CHECK(status(two + R"(
status:
  phase: Running
  initContainerStatuses:
  - {name: init, ready: true, restartCount: 0, state: {terminated: {exitCode: 0, reason: Completed}}}
  - {name: side, ready: true, started: true, restartCount: 1, state: {running: {}}}
  containerStatuses:
  - {name: main, ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 3, finishedAt: "2026-01-01T00:00:00Z"}}}
)") == "1/2 | CrashLoopBackOff | 5 (5m ago) | 5m");
  CHECK(status(two + "status: {phase: Pending, initContainerStatuses: [{name: init, restartCount: 2, state: "
                     "{terminated: {exitCode: 7}}}]}\n") == "0/2 | Init:ExitCode:7 | 2 | 5m");
  CHECK(status(two + "status: {phase: Pending, initContainerStatuses: [{name: init, restartCount: 0, state: {waiting: "
                     "{reason: PodInitializing}}}]}\n") == "0/2 | Init:0/2 | 0 | 5m");
  CHECK(status("spec: {containers: [{name: a}]}\nstatus: {phase: Failed, reason: Evicted}\n") ==
        "0/1 | Evicted | 0 | 5m");
  CHECK(status("spec: {containers: [{name: a}]}\nstatus: {phase: Succeeded, containerStatuses: [{state: {terminated: "
               "{exitCode: 0, reason: Completed}}}]}\n") == "0/1 | Completed | 0 | 5m");
  CHECK(cells_of("pods", "metadata: {name: a, deletionTimestamp: '2026-01-01T00:00:00Z'}\nstatus: {phase: Running}\n",
                 now)[2] == "Terminating");
  CHECK(cells_of("pods", "metadata: {name: a}\nstatus: {podIP: 10.0.0.1}\n", now)[5] == "10.0.0.1");
}

TEST_CASE("cells of the other kinds") {
  CHECK(cells_of("services",
                 "metadata: {name: s}\nspec: {type: NodePort, clusterIP: 10.96.0.1, ports: [{port: 80, nodePort: "
                 "30080, protocol: TCP}], selector: {b: c, a: b}}\n",
                 0) ==
        std::vector<std::string>{"s", "NodePort", "10.96.0.1", "<none>", "80:30080/TCP", "<unknown>", "a=b,b=c"});
  CHECK(cells_of("services", "metadata: {name: s}\nspec: {type: LoadBalancer, clusterIPs: [10.96.0.1], ports: []}\n",
                 0)[3] == "<pending>");
  CHECK(cells_of("deployments.apps",
                 "metadata: {name: d}\nspec: {replicas: 2, selector: {matchLabels: {app: w}}, template: {spec: "
                 "{containers: [{name: c, image: i}]}}}\nstatus: {readyReplicas: 1, updatedReplicas: 2}\n",
                 0) == std::vector<std::string>{"d", "1/2", "2", "0", "<unknown>", "c", "i", "app=w"});
  CHECK(cells_of("nodes",
                 "metadata: {name: n, labels: {node-role.kubernetes.io/worker: ''}}\nspec: {unschedulable: "
                 "true}\nstatus: {conditions: [{type: Ready, status: 'True'}], nodeInfo: {kubeletVersion: v1}}\n",
                 0)[1] == "Ready,SchedulingDisabled");
  CHECK(cells_of("endpoints",
                 "metadata: {name: e}\nsubsets: [{addresses: [{ip: 1.1.1.1}, {ip: 1.1.1.2}], ports: [{port: 80}, "
                 "{port: 81}]}]\n",
                 0)[1] == "1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more...");
  CHECK(cells_of("endpointslices.discovery.k8s.io", "metadata: {name: e}\naddressType: IPv4\nports: [{port: 80}]\n",
                 0) == std::vector<std::string>{"e", "IPv4", "80", "<unset>", "<unknown>"});
  CHECK(cells_of("events",
                 "metadata: {name: e}\ntype: Normal\nreason: R\ninvolvedObject: {kind: Pod, name: p}\nmessage: ' m '\n",
                 0)[3] == "pod/p");
}

TEST_CASE("table: columns, typed cells, object as asked") {
  const auto map =
      yaml_object("configmaps", "metadata: {name: a, namespace: d, labels: {x: 'y'}}\ndata: {k: v, l: w}\n");
  const Object* list[] = {map.get()};
  const auto table = json_of(table_json(kind_of("configmaps"), list, IncludeObject::kMetadata, 0, 9, "tok", true));
  CHECK(json::string_at(table, {"kind"}) == "Table");
  CHECK(*json::find(table, {"metadata"}) == json_of(R"({"resourceVersion":"9","continue":"tok"})"));
  CHECK(json::array_at(table, {"columnDefinitions"}).size() == 3);
  const auto& row = json::array_at(table, {"rows"})[0];
  CHECK(*json::find(row, {"cells"}) == json_of(R"(["a",2,"<unknown>"])"));
  CHECK(json::string_at(row, {"object", "kind"}) == "PartialObjectMetadata");
  CHECK(json::string_at(row, {"object", "metadata", "labels", "x"}) == "y");
  const auto bare = json_of(table_json(kind_of("configmaps"), list, IncludeObject::kNone, 0, 0, "", false));
  CHECK(json::array_at(bare, {"columnDefinitions"}).empty());
  CHECK(json::find(json::array_at(bare, {"rows"})[0], {"object"})->is_null());
}

TEST_CASE("durations as kubectl prints them") {
  const std::pair<int64_t, const char*> table[] = {
      {-5, "<invalid>"}, {-1, "0s"},       {45, "45s"},     {119, "119s"},    {192, "3m12s"},   {180, "3m"},
      {1500, "25m"},     {18720, "5h12m"}, {108000, "30h"}, {183600, "2d3h"}, {2592000, "30d"}, {63504000, "2y5d"}};
  for (const auto& [seconds, text] : table) CHECK(human_duration(seconds) == text);
  CHECK(rfc3339(1767323045) == "2026-01-02T03:04:05Z");
  CHECK(parse_rfc3339("2026-01-02T03:04:05.999Z").value() == 1767323045);
  CHECK(parse_rfc3339_micro("2026-01-02T03:04:05.000123+00:00").value() == 1767323045000123);
  CHECK(rfc3339_micro(1767323045000123) == "2026-01-02T03:04:05.000123Z");
  for (const auto* bad : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-02T03:04:05",
                          "2026-01-02 03:04:05Z", "2026-01-02T03:04:05Zx"})
    CHECK_FALSE(parse_rfc3339(bad).has_value());
}

TEST_CASE("quantities: canonical forms and values") {
  const std::pair<const char*, const char*> table[] = {
      {"1000m", "1"},     {"0.5", "500m"}, {"1024Mi", "1Gi"}, {"1.5Gi", "1536Mi"}, {"1000", "1k"},
      {"1500", "1500"},   {"2e3", "2e3"},  {"0.1n", "1n"},    {"-1", "-1"},        {"512", "512"},
      {"100Ki", "100Ki"}, {"1E", "1E"},    {"12e6", "12e6"},  {".5", "500m"},      {"0Mi", "0"}};
  for (const auto& [text, canonical] : table) {
    INFO(text);
    REQUIRE(Quantity::parse(text).has_value());
    CHECK(Quantity::parse(text)->string() == canonical);
  }
  CHECK(Quantity::parse("1500m")->value() == 2);
  CHECK(Quantity::parse("9999999999999999999E")->value() == INT64_MAX);
  CHECK(Quantity::parse("1")->milli() == 1000);
  CHECK((*Quantity::parse("1Gi") + *Quantity::parse("1Gi")).string() == "2Gi");
  for (const auto* bad : {"", "x", "1x", "1..2", "--1", "1Kib", "1e", " 1"})
    CHECK_FALSE(Quantity::parse(bad).has_value());
  const json::Value percent = "25%";
  CHECK(scaled_int_or_percent(&percent, 10, true) == 3);
  CHECK(scaled_int_or_percent(&percent, 10, false) == 2);
}
