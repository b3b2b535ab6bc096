#include "node/dev/fixture_plan.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "node/dev/fixture_hostile.h"
#include "node/dev/fixture_objects.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/object.h"

using namespace appliance;
using namespace appliance::node::dev;
namespace api = appliance::orchestrator::api;

namespace {

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

FixturePlan plan_of(FixtureOptions options) {
  auto plan = plan_fixture(options);
  INFO((plan ? std::string() : plan.error().message));
  REQUIRE(plan.has_value());
  return std::move(*plan);
}

struct Made {
  std::string resource;
  json::Value object;
};
std::vector<Made> objects_of(const FixturePlan& plan) {
  std::vector<Made> out;
  each_object(plan, kNow, [&](std::string_view resource, json::Value object) {
    out.push_back({std::string(resource), std::move(object)});
    return true;
  });
  return out;
}

std::string first_error(const Made& made) {
  const auto* kind = api::builtin_kinds()->by_resource(made.resource);
  if (kind == nullptr) return made.resource + ": no such kind";
  auto decoded = api::decode(*kind, json::serialize(made.object), "application/json", api::FieldValidation::kStrict);
  if (!decoded) return decoded.error().message;
  api::set_defaults(*kind, decoded->object);
  for (const auto& error : api::validate(*kind, decoded->object, nullptr)) return api::message_of(error);
  const auto stored = std::make_shared<const std::string>(api::stored_bytes(decoded->object));
  const auto read = api::make_object(*kind, 1, stored);
  return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("fixture: the plan has the pods, nodes and namespaces that were asked for") {
  for (const int pods : {1, 7, 60, 1000, 10'000}) {
    const auto plan = plan_of({.pods = pods, .namespaces = 4});
    CHECK(std::cmp_equal(plan.pods.size(), pods));
    CHECK(plan.nodes.size() == 20);
    CHECK(plan.namespaces == std::vector<std::string>{"default", "shop", "payments", "search"});
    size_t replicas = 0;
    for (const auto& w : plan.workloads) replicas += static_cast<size_t>(w.replicas);
    CHECK(replicas == plan.pods.size());
  }
  CHECK(plan_of({.pods = 100, .nodes = 3}).nodes.size() == 3);
  CHECK(plan_of({.pods = 100'000}).nodes.size() == 200);
}

TEST_CASE("fixture: options beyond their limits are refused by name") {
  const auto why = [](FixtureOptions o) {
    const auto plan = plan_fixture(o);
    return plan ? std::string() : plan.error().message;
  };
  CHECK(why({.pods = 0}) == "--pods: from 1 to 100000");
  CHECK(why({.pods = kFixturePodsMax + 1}) == "--pods: from 1 to 100000");
  CHECK(why({.nodes = -1}) == "--nodes: from 1 to 2000");
  CHECK(why({.namespaces = 0}) == "--namespaces: from 1 to 1000");
  CHECK(why({.pods = 100'000, .nodes = 20}) == "--nodes: a node has room for 4000 pods at most");
}

TEST_CASE("fixture: no object is made after the one that was said to be the last") {
  int count = 0;
  each_object(plan_of({.pods = 100}), kNow, [&](std::string_view, const json::Value&) { return ++count < 30; });
  CHECK(count == 30);
}

TEST_CASE("fixture: the same seed makes the same objects, another one others") {
  const auto text = [](uint64_t seed) {
    std::string out;
    each_object(plan_of({.pods = 60, .seed = seed}), kNow, [&](std::string_view, json::Value object) {
      out += json::serialize(object);
      return true;
    });
    return out;
  };
  const auto one = text(1);
  CHECK(one == text(1));
  CHECK(one != text(2));
}

TEST_CASE("fixture: every object is one that the API server takes") {
  for (const bool hostile : {false, true}) {
    const auto made = objects_of(plan_of({.pods = 300, .hostile = hostile}));
    std::set<std::string> kinds;
    for (const auto& one : made) {
      INFO(one.resource << ' ' << json::string_at(one.object, {"metadata", "name"}));
      CHECK(first_error(one) == "");
      kinds.insert(one.resource);
    }
    CHECK(kinds.contains("configmaps") == hostile);
    for (const auto* kind : {"nodes", "namespaces", "pods", "deployments.apps", "replicasets.apps", "services",
                             "endpointslices.discovery.k8s.io", "events"})
      CHECK(kinds.contains(kind));
  }
}

TEST_CASE("fixture: each hostile text is in the message of an event") {
  std::string messages;
  for (const auto& one : objects_of(plan_of({.pods = 300, .hostile = true})))
    if (one.resource == "events") messages += std::string(json::string_at(one.object, {"message"})) + '\n';
  for (const auto text : hostile_texts()) CHECK(messages.find(text) != std::string::npos);
}

TEST_CASE("fixture: names and uids are unique, and owners are there") {
  const auto made = objects_of(plan_of({.pods = 2000}));
  std::set<std::string> keys;
  std::set<std::string> uids;
  for (const auto& one : made) {
    const std::string key = one.resource + '/' + std::string(json::string_at(one.object, {"metadata", "namespace"})) +
                            '/' + std::string(json::string_at(one.object, {"metadata", "name"}));
    INFO(key);
    CHECK(keys.insert(key).second);
    CHECK(uids.insert(std::string(json::string_at(one.object, {"metadata", "uid"}))).second);
  }
  for (const auto& one : made)
    for (const auto& owner : json::array_at(one.object, {"metadata", "ownerReferences"}))
      CHECK(uids.contains(std::string(json::string_at(owner, {"uid"}))));
}

TEST_CASE("fixture: a realistic share of the pods has trouble, of every sort") {
  for (const int pods : {60, 1000, 10'000}) {
    const auto plan = plan_of({.pods = pods});
    std::map<Trouble, int> count;
    for (const auto& pod : plan.pods) ++count[pod.trouble];
    INFO(pods);
    CHECK(count.size() == 6);
    const int bad = pods - count[Trouble::kNone];
    CHECK(bad >= pods / 50);
    CHECK(bad <= pods / 5);
  }
}

TEST_CASE("fixture: trouble shows in the status as a kubelet writes it") {
  const auto plan = plan_of({.pods = 300});
  std::map<Trouble, json::Value> pods;
  for (const auto& pod : plan.pods) pods.emplace(pod.trouble, pod_object(plan, pod, kNow));
  const auto container = [&](Trouble trouble) {
    return json::array_at(pods.at(trouble), {"status", "containerStatuses"})[0];
  };
  CHECK(json::string_at(container(Trouble::kCrashLoop), {"state", "waiting", "reason"}) == "CrashLoopBackOff");
  CHECK(json::int_at(container(Trouble::kCrashLoop), {"restartCount"}) >= 2);
  CHECK(json::string_at(container(Trouble::kCrashLoop), {"lastState", "terminated", "reason"}) == "Error");
  CHECK(json::string_at(container(Trouble::kImagePull), {"state", "waiting", "reason"}) == "ImagePullBackOff");
  CHECK(json::string_at(container(Trouble::kOutOfMemory), {"lastState", "terminated", "reason"}) == "OOMKilled");
  CHECK(json::find(container(Trouble::kNotReady), {"state", "running"}) != nullptr);
  CHECK_FALSE(json::bool_at(container(Trouble::kNotReady), {"ready"}));
  CHECK(json::string_at(pods.at(Trouble::kUnschedulable), {"spec", "nodeName"}).empty());
  CHECK(json::string_at(json::array_at(pods.at(Trouble::kUnschedulable), {"status", "conditions"})[0], {"reason"}) ==
        "Unschedulable");
  CHECK(json::string_at(pods.at(Trouble::kNone), {"status", "phase"}) == "Running");
}
