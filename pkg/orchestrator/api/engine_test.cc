#include "orchestrator/api/testing.h"

using namespace appliance;
using namespace appliance::orchestrator::api;
using namespace appliance::orchestrator::api::testing;

TEST_CASE("engine: a pod as kubectl run sends it gets the defaults that clients observe") {
  const auto pod = created("pods", R"(
metadata: {name: r1, namespace: kmx, labels: {a: b}}
spec: {containers: [{name: r1, image: "example.test/app:1", env: [{name: X, value: "1"}], ports: [{containerPort: 80}]}]}
)");
  CHECK(pod == yaml_of(R"(
apiVersion: v1
kind: Pod
metadata: {generation: 1, labels: {a: b}, name: r1, namespace: kmx}
spec:
  containers:
  - env: [{name: X, value: "1"}]
    image: example.test/app:1
    imagePullPolicy: IfNotPresent
    name: r1
    ports: [{containerPort: 80, protocol: TCP}]
    resources: {}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
  dnsPolicy: ClusterFirst
  enableServiceLinks: true
  restartPolicy: Always
  schedulerName: default-scheduler
  securityContext: {}
  terminationGracePeriodSeconds: 30
status: {phase: Pending, qosClass: BestEffort}
)"));
}

TEST_CASE("engine: limits become requests in pods, not in templates; image tags decide the pull policy") {
  const auto pod = created("pods",
                           "metadata: {name: p, namespace: d}\nspec: {containers: [{name: c, image: x, resources: "
                           "{limits: {cpu: 1, memory: 1Gi}}}]}\n");
  const auto& container = json::array_at(pod, {"spec", "containers"})[0];
  CHECK(*json::find(container, {"resources", "requests"}) == json_of(R"({"cpu":"1","memory":"1Gi"})"));
  CHECK(json::string_at(container, {"imagePullPolicy"}) == "Always");
  CHECK(json::string_at(pod, {"status", "qosClass"}) == "Guaranteed");
  const auto deployment = created("deployments.apps", R"(
metadata: {name: web, namespace: d}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "r:5000/x@sha256:00", resources: {limits: {cpu: 1}}}]}
)");
  const auto& inner = json::array_at(deployment, {"spec", "template", "spec", "containers"})[0];
  CHECK(json::find(inner, {"resources", "requests"}) == nullptr);
  CHECK(json::string_at(inner, {"imagePullPolicy"}) == "IfNotPresent");
  CHECK(json::find(deployment, {"spec", "template", "spec", "enableServiceLinks"}) == nullptr);
  CHECK(*json::find(deployment, {"spec", "strategy"}) ==
        json_of(R"({"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}})"));
  CHECK(json::int_at(deployment, {"spec", "progressDeadlineSeconds"}) == 600);
  CHECK(json::int_at(deployment, {"metadata", "generation"}) == 1);
}

TEST_CASE("engine: create drops what only the server writes") {
  const auto map = created("deployments.apps", R"(
metadata: {name: web, namespace: d, uid: mine, creationTimestamp: "2020-01-01T00:00:00Z", generation: 7, deletionTimestamp: "2020-01-01T00:00:00Z"}
status: {replicas: 4}
)");
  CHECK(*json::find(map, {"metadata"}) == json_of(R"({"name":"web","namespace":"d","generation":1})"));
  CHECK(json::find(map, {"status", "replicas"}) == nullptr);
}

TEST_CASE("engine: updates keep status and system metadata, and count changes of spec") {
  const Kind& kind = kind_of("deployments.apps");
  json::Value old = created("deployments.apps", R"(
metadata: {name: web, namespace: d}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}}
)");
  old.at("metadata").get_object()["uid"] = "u1";
  old.get_object()["status"] = json_of(R"({"replicas":2})");
  json::Value same = old;
  prepare_update(kind, same, old, "");
  CHECK(same == old);

  json::Value scaled = old;
  scaled.at("spec").get_object()["replicas"] = 5;
  scaled.get_object()["status"] = json_of(R"({"replicas":9})");
  scaled.at("metadata").get_object()["uid"] = "u2";
  prepare_update(kind, scaled, old, "");
  CHECK(json::int_at(scaled, {"metadata", "generation"}) == 2);
  CHECK(json::int_at(scaled, {"status", "replicas"}) == 2);
  CHECK(json::string_at(scaled, {"metadata", "uid"}) == "u1");

  json::Value annotated = old;
  json::ensure(annotated, {"metadata", "annotations", "a"}) = "b";
  prepare_update(kind, annotated, old, "");
  CHECK(json::int_at(annotated, {"metadata", "generation"}) == 2);  // a Deployment's history hangs on annotations

  json::Value status = old;
  status.at("spec").get_object()["replicas"] = 5;
  status.get_object()["status"] = json_of(R"({"replicas":3})");
  prepare_update(kind, status, old, "status");
  CHECK(json::int_at(status, {"spec", "replicas"}) == 1);
  CHECK(json::int_at(status, {"status", "replicas"}) == 3);
  CHECK(json::int_at(status, {"metadata", "generation"}) == 1);
}

TEST_CASE("engine: what kinds derive") {
  const auto secret = created("secrets", "metadata: {name: s, namespace: d}\nstringData: {p: q}\n");
  CHECK(*json::find(secret, {"data"}) == json_of(R"({"p":"cQ=="})"));
  CHECK(json::find(secret, {"stringData"}) == nullptr);
  CHECK(json::string_at(secret, {"type"}) == "Opaque");
  const auto ns = created("namespaces", "metadata: {name: kmx}\n");
  CHECK(json::string_at(ns, {"metadata", "labels", "kubernetes.io/metadata.name"}) == "kmx");
  CHECK(*json::find(ns, {"spec", "finalizers"}) == json_of(R"(["kubernetes"])"));
  CHECK(json::string_at(ns, {"status", "phase"}) == "Active");
  const auto service =
      created("services", "metadata: {name: s, namespace: d}\nspec: {type: NodePort, ports: [{port: 80}]}\n");
  CHECK(
      *json::find(service, {"spec"}) ==
      json_of(
          R"({"type":"NodePort","sessionAffinity":"None","externalTrafficPolicy":"Cluster","internalTrafficPolicy":"Cluster",
      "ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","ports":[{"port":80,"protocol":"TCP","targetPort":80}]})"));
  CHECK(*json::find(service, {"status"}) == json_of(R"({"loadBalancer":{}})"));
}

TEST_CASE("engine: a namespace's finalizers change through /finalize only") {
  const Kind& kind = kind_of("namespaces");
  const json::Value old = created("namespaces", "metadata: {name: kmx}\n");
  json::Value emptied = old;
  emptied.at("spec").get_object()["finalizers"] = json::Array();
  json::Value plain = emptied;
  prepare_update(kind, plain, old, "");
  CHECK(json::array_at(plain, {"spec", "finalizers"}).size() == 1);
  prepare_update(kind, emptied, old, "finalize");
  CHECK(json::array_at(emptied, {"spec", "finalizers"}).empty());
}

TEST_CASE("engine: members may stand in any order and move while defaults are set") {
  // Found by json_fuzz: a reference into the object outlived the removal of a member in front of it.
  for (const auto& kind : builtin_kinds()->all()) {
    json::Value object = json_of(R"({"status":{},"spec":{},"metadata":{"uid":"u","name":"a","generation":4}})");
    if (!check_tree(kind, object, nullptr)) continue;
    prepare_create(kind, object);
    CHECK(json::string_at(object, {"metadata", "name"}) == "a");
    CHECK(json::find(object, {"metadata", "uid"}) == nullptr);
    CHECK(json::int_at(object, {"metadata", "generation"}) == (kind.has_generation ? 1 : 0));
  }
  for (int i = 0; i < 20; ++i) {  // each size of table that an insertion can outgrow
    json::Value service = json_of(R"({"spec":{"type":"NodePort","ports":[{"port":80}]}})");
    auto& port = service.at("spec").at("ports").at(0).get_object();
    for (int j = 0; j < i; ++j) port["x" + std::to_string(j)] = j;
    set_defaults(kind_of("services"), service);
    CHECK(json::int_at(json::array_at(service, {"spec", "ports"})[0], {"targetPort"}) == 80);
    CHECK(json::string_at(service, {"spec", "externalTrafficPolicy"}) == "Cluster");
  }
}

TEST_CASE("engine: defaults are idempotent for every kind") {
  for (const auto& kind : builtin_kinds()->all()) {
    json::Value object = json::Object{{"kind", kind.kind}, {"apiVersion", kind.api_version()}};
    set_defaults(kind, object);
    json::Value again = object;
    set_defaults(kind, again);
    CHECK(again == object);
    CHECK(json::string_at(object, {"kind"}) == kind.kind);
  }
}

TEST_CASE("engine: names and namespaces of URLs") {
  const Kind& kind = kind_of("configmaps");
  json::Value object = json_of(R"({"metadata":{"name":"other"}})");
  CHECK(check_url(kind, object, "d", "c1").error().message ==
        "the name of the object (other) does not match the name on the URL (c1)");
  object = json_of(R"({"metadata":{"name":"a","namespace":"x"}})");
  CHECK(check_url(kind, object, "d", "").error().message ==
        "the namespace of the provided object does not match the namespace sent on the request");
  object = json_of(R"({"metadata":{"name":"a"}})");
  REQUIRE(check_url(kind, object, "d", "a").has_value());
  CHECK(json::string_at(object, {"metadata", "namespace"}) == "d");
  const unsigned char randomness[5] = {0, 1, 2, 3, 255};
  CHECK(generated_name("web-", randomness) == "web-bcdfq");
}
