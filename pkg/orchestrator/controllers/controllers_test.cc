// Table tests of the pure plans. Objects are made from JSON as the store keeps them.
#include <catch2/catch.hpp>

#include <map>

#include "orchestrator/api/kind.h"
#include "orchestrator/controllers/deployment.h"
#include "orchestrator/controllers/endpoints.h"
#include "orchestrator/controllers/namespaces.h"
#include "orchestrator/controllers/node_lifecycle.h"
#include "orchestrator/controllers/ownership.h"
#include "orchestrator/controllers/replicaset.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace appliance::orchestrator::controllers;

namespace {

json::Value parsed(const std::string& text) {
  auto document = json::parse(text);
  REQUIRE(document);
  return *document;
}

api::ObjectPtr object(const char* resource, const std::string& text, int64_t revision = 1) {
  static const auto kinds = api::builtin_kinds();
  auto made = api::make_object(*kinds->by_resource(resource), revision,
                               std::make_shared<const std::string>(api::stored_bytes(parsed(text))));
  REQUIRE(made);
  return *made;
}

struct PodSpec {
  std::string name;
  std::string node = "n1";
  std::string phase = "Running";
  bool ready = true;
  std::string ip = "10.42.0.2";
  std::string extra_meta{};
};

api::ObjectPtr pod(const PodSpec& p) {
  return object(
      "pods",
      R"({"metadata":{"name":")" + p.name + R"(","namespace":"default","uid":"u-)" + p.name +
          R"(","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web"})" + p.extra_meta + R"(},"spec":{)" +
          (p.node.empty() ? "" : R"("nodeName":")" + p.node + R"(",)") +
          R"("containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},"status":{"phase":")" +
          p.phase + R"(","podIP":")" + p.ip + R"(","conditions":[{"type":"Ready","status":")" +
          (p.ready ? "True" : "False") + R"(","lastTransitionTime":"2026-01-01T00:00:10Z"}]}})");
}

json::Value replicaset(int replicas) {
  return parsed(
      R"({"kind":"ReplicaSet","apiVersion":"apps/v1","metadata":{"name":"web","namespace":"default","uid":"rs","generation":3},"spec":{"replicas":)" +
      std::to_string(replicas) +
      R"(,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}}}}})");
}

std::vector<std::string> names(const std::vector<api::ObjectPtr>& objects) {
  std::vector<std::string> out;
  for (const auto& o : objects) out.push_back(o->key.name);
  return out;
}

}  // namespace

TEST_CASE("replicaset: creates what is missing and counts only live pods") {
  const auto plan = plan_replicaset(
      replicaset(3), {pod({.name = "a"}), pod({.name = "b", .phase = "Failed", .ready = false})}, 2'000'000'000);
  CHECK(plan.create == 2);
  CHECK(plan.remove.empty());
  CHECK(json::int_at(plan.status, {"replicas"}) == 1);
  CHECK(json::int_at(plan.status, {"readyReplicas"}) == 1);
  CHECK(json::int_at(plan.status, {"availableReplicas"}) == 1);
  CHECK(json::int_at(plan.status, {"observedGeneration"}) == 3);
}

TEST_CASE("replicaset: deletes unassigned before pending before unready before ready") {
  const std::vector<api::ObjectPtr> pods{pod({.name = "ready"}), pod({.name = "unready", .ready = false}),
                                         pod({.name = "pending", .phase = "Pending", .ready = false}),
                                         pod({.name = "unassigned", .node = "", .phase = "Pending", .ready = false})};
  CHECK(names(plan_replicaset(replicaset(3), pods, 0).remove) == std::vector<std::string>{"unassigned"});
  CHECK(names(plan_replicaset(replicaset(1), pods, 0).remove) ==
        std::vector<std::string>{"unassigned", "pending", "unready"});
}

TEST_CASE("replicaset: the lower deletion cost goes first among equals") {
  const std::vector<api::ObjectPtr> pods{
      pod({.name = "a", .extra_meta = R"(,"annotations":{"controller.kubernetes.io/pod-deletion-cost":"5"})"}),
      pod({.name = "b"})};
  CHECK(names(plan_replicaset(replicaset(1), pods, 0).remove) == std::vector<std::string>{"b"});
}

TEST_CASE("replicaset: a deleted one neither creates nor deletes") {
  auto set = replicaset(3);
  json::ensure(set, {"metadata", "deletionTimestamp"}) = "2026-01-01T00:00:00Z";
  CHECK(plan_replicaset(set, {}, 0).create == 0);
}

TEST_CASE("ownership: adopts matching orphans, releases what stopped matching, leaves others' alone") {
  const std::string owned =
      R"(,"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web","uid":"rs","controller":true}])";
  const std::string foreign =
      R"(,"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"x","uid":"other","controller":true}])";
  const auto selector = parsed(R"({"matchLabels":{"app":"web","tier":"x"}})");
  const auto result = claim("rs", false, selector,
                            {pod({.name = "mine", .extra_meta = owned}), pod({.name = "theirs", .extra_meta = foreign}),
                             pod({.name = "orphan"})});
  CHECK(names(result.release) == std::vector<std::string>{"mine"});
  CHECK(result.owned.empty());
  const auto matching = claim("rs", false, parsed(R"({"matchLabels":{"app":"web"}})"),
                              {pod({.name = "mine", .extra_meta = owned}),
                               pod({.name = "theirs", .extra_meta = foreign}), pod({.name = "orphan"})});
  CHECK(names(matching.owned) == std::vector<std::string>{"mine", "orphan"});
  CHECK(names(matching.adopt) == std::vector<std::string>{"orphan"});
}

namespace {

json::Value deployment(int replicas, const std::string& extra = "") {
  return parsed(
      R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","namespace":"default","uid":"d","generation":2},"spec":{"replicas":)" +
      std::to_string(replicas) + extra +
      R"(,"progressDeadlineSeconds":600,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}}}}})");
}

const std::string kRolling =
    R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"}})";

Revision revision(const std::string& name, int64_t number, int64_t wanted, int64_t replicas, int64_t available) {
  Revision r;
  r.object = object("replicasets.apps", R"({"metadata":{"name":")" + name + R"(","namespace":"default","uid":"u-)" +
                                            name + R"("},"spec":{}})");
  r.document = r.object->document();
  r.number = number;
  r.wanted = wanted;
  r.replicas = replicas;
  r.ready = available;
  r.available = available;
  return r;
}

const base::WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::map<std::string, int64_t> targets(const DeploymentPlan& plan) {
  std::map<std::string, int64_t> out;
  for (const auto& s : plan.scales) out[s.replicaset.name] = s.to;
  return out;
}

std::string condition(const DeploymentPlan& plan, std::string_view type) {
  for (const auto& c : json::array_at(plan.status, {"conditions"}))
    if (json::string_at(c, {"type"}) == type)
      return std::string(json::string_at(c, {"status"})) + ' ' + std::string(json::string_at(c, {"reason"}));
  return {};
}

}  // namespace

TEST_CASE("deployment: surge rounds up, unavailable rounds down, both zero makes one unavailable") {
  CHECK(rollout_limits(deployment(10, kRolling)).surge == 3);
  CHECK(rollout_limits(deployment(10, kRolling)).unavailable == 2);
  const auto zero = rollout_limits(
      deployment(1, R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":0,"maxUnavailable":"25%"}})"));
  CHECK(zero.surge == 0);
  CHECK(zero.unavailable == 1);
}

TEST_CASE("deployment: the first template makes revision 1 with all replicas") {
  const auto plan = plan_deployment(deployment(3, kRolling), {}, -1, 0, kNow);
  CHECK(plan.create_new);
  CHECK(plan.new_replicas == 3);
  CHECK(plan.new_number == 1);
  CHECK(condition(plan, "Progressing") == "True NewReplicaSetCreated");
}

TEST_CASE("deployment: a rolling update goes up by the surge first, then down by what may be unavailable") {
  const auto d = deployment(4, kRolling);
  const auto start = plan_deployment(d, {revision("old", 1, 4, 4, 4)}, -1, 4, kNow);
  CHECK(start.create_new);
  CHECK(start.new_replicas == 1);
  CHECK(start.new_number == 2);
  const auto down = plan_deployment(d, {revision("old", 1, 4, 4, 4), revision("new", 2, 1, 1, 0)}, 1, 4, kNow);
  CHECK(targets(down) == std::map<std::string, int64_t>{{"old", 3}});
  const auto up = plan_deployment(d, {revision("old", 1, 3, 3, 3), revision("new", 2, 1, 1, 1)}, 1, 3, kNow);
  CHECK(targets(up) == std::map<std::string, int64_t>{{"new", 2}});
}

TEST_CASE("deployment: never fewer available than allowed, and unhealthy old pods go first") {
  const auto d =
      deployment(4, R"(,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}})");
  CHECK(plan_deployment(d, {revision("old", 1, 4, 4, 4), revision("new", 2, 1, 1, 0)}, 1, 4, kNow).scales.empty());
  CHECK(targets(plan_deployment(d, {revision("old", 1, 4, 4, 4), revision("new", 2, 1, 1, 1)}, 1, 4, kNow)) ==
        std::map<std::string, int64_t>{{"old", 3}});
  CHECK(targets(plan_deployment(d, {revision("old", 1, 4, 4, 3), revision("new", 2, 1, 1, 1)}, 1, 4, kNow)) ==
        std::map<std::string, int64_t>{{"old", 3}});
}

TEST_CASE("deployment: recreate waits until no old pod runs") {
  const auto d = deployment(2, R"(,"strategy":{"type":"Recreate"})");
  const auto first = plan_deployment(d, {revision("old", 1, 2, 2, 2)}, -1, 2, kNow);
  CHECK_FALSE(first.create_new);
  CHECK(targets(first) == std::map<std::string, int64_t>{{"old", 0}});
  CHECK_FALSE(plan_deployment(d, {revision("old", 1, 0, 0, 0)}, -1, 1, kNow).create_new);
  const auto last = plan_deployment(d, {revision("old", 1, 0, 0, 0)}, -1, 0, kNow);
  CHECK(last.create_new);
  CHECK(last.new_replicas == 2);
}

TEST_CASE("deployment: a template used again gets the next number") {
  const auto plan =
      plan_deployment(deployment(1, kRolling), {revision("a", 1, 0, 0, 0), revision("b", 2, 1, 1, 1)}, 0, 1, kNow);
  CHECK(plan.new_number == 3);
}

TEST_CASE("deployment: history beyond the limit is pruned, oldest first, only what is empty") {
  const auto d = deployment(1, kRolling + R"(,"revisionHistoryLimit":1)");
  const auto plan = plan_deployment(
      d,
      {revision("a", 1, 0, 0, 0), revision("b", 2, 0, 0, 0), revision("c", 3, 1, 1, 1), revision("busy", 0, 0, 1, 0)},
      2, 0, kNow);
  REQUIRE(plan.prune.size() == 1);
  CHECK(plan.prune[0].name == "a");
}

TEST_CASE("deployment: paused resizes in proportion and does not roll") {
  auto d = deployment(10, kRolling + R"(,"paused":true)");
  const auto plan = plan_deployment(d, {revision("old", 1, 3, 3, 3), revision("new", 2, 2, 2, 2)}, 1, 3, kNow);
  const auto to = targets(plan);
  CHECK(to.at("old") + to.at("new") == 10);
  CHECK(condition(plan, "Progressing") == "True DeploymentPaused");
}

TEST_CASE("deployment: complete, and late") {
  CHECK(condition(plan_deployment(deployment(2, kRolling), {revision("a", 1, 2, 2, 2)}, 0, 0, kNow), "Progressing") ==
        "True NewReplicaSetAvailable");
  auto d = deployment(2, kRolling);
  json::ensure(d, {"status", "updatedReplicas"}) = 2;  // no progress since
  json::ensure(d, {"status", "replicas"}) = 2;
  json::ensure(d, {"status", "conditions"}) = json::Array{json::Object{{"type", "Progressing"},
                                                                       {"status", "True"},
                                                                       {"reason", "ReplicaSetUpdated"},
                                                                       {"lastUpdateTime", "2020-01-01T00:00:00Z"},
                                                                       {"lastTransitionTime", "2020-01-01T00:00:00Z"}}};
  CHECK(condition(plan_deployment(d, {revision("a", 1, 2, 2, 0)}, 0, 0, kNow), "Progressing") ==
        "False ProgressDeadlineExceeded");
}

TEST_CASE("deployment: the hash ignores key order and changes with the collision count") {
  const auto a = parsed(R"({"metadata":{"labels":{"x":"1"}},"spec":{"a":1,"b":2}})");
  const auto b = parsed(R"({"spec":{"b":2,"a":1},"metadata":{"labels":{"pod-template-hash":"q","x":"1"}}})");
  CHECK(template_hash(a, 0) == template_hash(b, 0));
  CHECK(template_hash(a, 0) != template_hash(a, 1));
}

namespace {

const auto kService =
    R"({"metadata":{"name":"web","namespace":"default"},"spec":{"selector":{"app":"web"},"ports":[{"name":"http","port":80,"targetPort":"http","protocol":"TCP"}]}})";

}  // namespace

TEST_CASE("endpoints: conditions follow readiness and deletion, named ports resolve per pod") {
  const auto slices = plan_slices(
      parsed(kService),
      {pod({.name = "a"}), pod({.name = "b", .ready = false, .ip = "10.42.0.3"}),
       pod({.name = "c", .ip = "10.42.0.4", .extra_meta = R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")"}),
       pod({.name = "d", .ip = ""})});
  REQUIRE(slices.size() == 1);
  CHECK(json::int_at(json::array_at(slices[0], {"ports"})[0], {"port"}) == 8080);
  const auto& endpoints = json::array_at(slices[0], {"endpoints"});
  REQUIRE(endpoints.size() == 3);
  CHECK(json::bool_at(endpoints[0], {"conditions", "ready"}));
  CHECK_FALSE(json::bool_at(endpoints[1], {"conditions", "ready"}, true));
  CHECK_FALSE(json::bool_at(endpoints[2], {"conditions", "ready"}, true));
  CHECK(json::bool_at(endpoints[2], {"conditions", "serving"}));
  CHECK(json::bool_at(endpoints[2], {"conditions", "terminating"}));
}

TEST_CASE("endpoints: at most 100 in a slice, and an empty slice when there is none") {
  std::vector<api::ObjectPtr> pods;
  for (int i = 0; i < 150; ++i)
    pods.push_back(pod({.name = "p" + std::to_string(1000 + i), .ip = "10.42.1." + std::to_string(i)}));
  const auto slices = plan_slices(parsed(kService), pods);
  REQUIRE(slices.size() == 2);
  CHECK(json::array_at(slices[0], {"endpoints"}).size() == 100);
  CHECK(plan_slices(parsed(kService), {}).size() == 1);
}

TEST_CASE("endpoints: subsets part ready from not ready") {
  const auto subsets =
      plan_subsets(parsed(kService), {pod({.name = "a"}), pod({.name = "b", .ready = false, .ip = "10.42.0.3"})});
  REQUIRE(subsets.size() == 1);
  CHECK(json::array_at(subsets[0], {"addresses"}).size() == 1);
  CHECK(json::array_at(subsets[0], {"notReadyAddresses"}).size() == 1);
}

TEST_CASE("node: taints follow lease, readiness and cordon, foreign taints stay") {
  const auto node = parsed(
      R"({"metadata":{"name":"n"},"spec":{"unschedulable":true,"taints":[{"key":"mine","effect":"NoSchedule"}]},"status":{"conditions":[{"type":"Ready","status":"True"}]}})");
  const auto fresh = plan_taints(node, true, "t");
  REQUIRE(fresh.size() == 2);
  CHECK(json::string_at(fresh[0], {"key"}) == "mine");
  CHECK(json::string_at(fresh[1], {"key"}) == "node.kubernetes.io/unschedulable");
  const auto stale = plan_taints(node, false, "t");
  CHECK(stale.size() == 4);
  CHECK(json::string_at(stale[3], {"effect"}) == "NoExecute");
}

TEST_CASE("node: eviction waits for the toleration, and never comes without a limit") {
  const json::Array taints{json::Object{
      {"key", "node.kubernetes.io/unreachable"}, {"effect", "NoExecute"}, {"timeAdded", "1970-01-01T00:00:10Z"}}};
  CHECK(eviction_delay_seconds(parsed(R"({"spec":{}})"), taints, 20) == 0);
  const auto pod300 = parsed(
      R"({"spec":{"tolerations":[{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}]}})");
  CHECK(eviction_delay_seconds(pod300, taints, 20) == 290);
  CHECK(eviction_delay_seconds(pod300, taints, 400) == 0);
  CHECK_FALSE(
      eviction_delay_seconds(parsed(R"({"spec":{"tolerations":[{"operator":"Exists"}]}})"), taints, 20).has_value());
}

TEST_CASE("namespace: conditions say what remains and what holds it") {
  const auto conditions = plan_namespace_conditions({{.resource = "pods", .objects = 2, .with_finalizers = 1}}, "t");
  REQUIRE(conditions.size() == 2);
  CHECK(json::string_at(conditions[0], {"message"}) == "Some resources are remaining: pods has 2 resource instances");
  CHECK(json::string_at(conditions[1], {"reason"}) == "SomeFinalizersRemain");
}
