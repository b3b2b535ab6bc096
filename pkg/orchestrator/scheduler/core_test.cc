#include <catch2/catch.hpp>

#include "orchestrator/scheduler/core.h"

using namespace appliance;
using namespace appliance::orchestrator::scheduler;

namespace {

json::Value parsed(const std::string& text) {
  auto document = json::parse(text);
  REQUIRE(document);
  return *document;
}

NodeState node(const std::string& name, int64_t cpu_millis, int64_t memory_bytes, const std::string& spec = "{}",
               const std::string& labels = "{}") {
  return node_state(parsed(R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"spec":)" + spec +
                           R"(,"status":{"allocatable":{"cpu":")" + std::to_string(cpu_millis) + R"(m","memory":")" +
                           std::to_string(memory_bytes) + R"(","pods":"2"}}})"),
                    {});
}

const json::Value kPlain = json::Object{{"spec", json::Object{}}};

}  // namespace

TEST_CASE("scheduler: no nodes at all") {
  CHECK(schedule(kPlain, {}, {}).message == "no nodes available to schedule pods");
}

TEST_CASE("scheduler: the least requested node takes the pod") {
  auto busy = node("a", 1000, 1 << 30);
  assume(busy, {.cpu_millis = 500, .memory_bytes = 0, .host_ports = {}, .controller = {}});
  CHECK(schedule(kPlain, {.cpu_millis = 100, .memory_bytes = 0, .host_ports = {}, .controller = {}},
                 {busy, node("b", 1000, 1 << 30)})
            .node == "b");
}

TEST_CASE("scheduler: pods of one controller are kept apart, also where that node has asked for more") {
  auto busy = node("a", 4000, 4LL << 30);
  assume(busy, {.cpu_millis = 1000, .memory_bytes = 1LL << 30, .host_ports = {}, .controller = {}});
  auto has_one = node("b", 4000, 4LL << 30);
  const Request web{.cpu_millis = 0, .memory_bytes = 0, .host_ports = {}, .controller = "uid"};
  assume(has_one, web);
  CHECK(schedule(kPlain, web, {busy, has_one}).node == "a");
  CHECK(schedule(kPlain, {.cpu_millis = 0, .memory_bytes = 0, .host_ports = {}, .controller = "other"}, {busy, has_one})
            .node == "b");
}

TEST_CASE("scheduler: who asks for nothing counts too: such pods go round the nodes") {
  std::vector<NodeState> nodes{node("a", 4000, 4LL << 30), node("b", 4000, 4LL << 30), node("c", 4000, 4LL << 30)};
  std::map<std::string, int> got;
  for (int i = 0; i < 6; ++i) {
    const auto decision = schedule(kPlain, {}, nodes);
    ++got[decision.node];
    for (auto& n : nodes)
      if (n.name == decision.node) assume(n, {});
  }
  CHECK(got == std::map<std::string, int>{{"a", 2}, {"b", 2}, {"c", 2}});
}

TEST_CASE("scheduler: the message counts the reasons of all nodes") {
  const auto tainted = node("t", 4000, 1 << 30, R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})");
  const auto decision =
      schedule(kPlain, {.cpu_millis = 2000, .memory_bytes = 2LL << 30, .host_ports = {}, .controller = {}},
               {node("a", 1000, 1 << 30), tainted});
  CHECK(decision.node.empty());
  CHECK(decision.message.starts_with(
      "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint {k: v}."));
}

TEST_CASE("scheduler: taints are tolerated by key, value and effect") {
  const auto tainted = node("t", 4000, 1 << 30, R"({"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]})");
  CHECK(
      schedule(parsed(R"({"spec":{"tolerations":[{"key":"k","operator":"Equal","value":"v","effect":"NoSchedule"}]}})"),
               {}, {tainted})
          .node == "t");
  CHECK(schedule(parsed(R"({"spec":{"tolerations":[{"key":"k","operator":"Equal","value":"other"}]}})"), {}, {tainted})
            .node.empty());
  CHECK(schedule(parsed(R"({"spec":{"tolerations":[{"operator":"Exists"}]}})"), {}, {tainted}).node == "t");
}

TEST_CASE("scheduler: node selector and required affinity") {
  const auto ssd = node("s", 1000, 1 << 30, "{}", R"({"disk":"ssd","size":"5"})");
  CHECK(schedule(parsed(R"({"spec":{"nodeSelector":{"disk":"ssd"}}})"), {}, {ssd}).node == "s");
  CHECK(schedule(parsed(R"({"spec":{"nodeSelector":{"disk":"hdd"}}})"), {}, {ssd})
            .message.find("didn't match Pod's node affinity/selector") != std::string::npos);
  const auto affinity = [](const std::string& expression) {
    return parsed(
        R"({"spec":{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[)" +
        expression + R"(]}]}}}}})");
  };
  CHECK(schedule(affinity(R"({"key":"disk","operator":"In","values":["ssd","nvme"]})"), {}, {ssd}).node == "s");
  CHECK(schedule(affinity(R"({"key":"size","operator":"Gt","values":["4"]})"), {}, {ssd}).node == "s");
  CHECK(schedule(affinity(R"({"key":"size","operator":"Lt","values":["4"]})"), {}, {ssd}).node.empty());
  CHECK(schedule(affinity(R"({"key":"disk","operator":"DoesNotExist"})"), {}, {ssd}).node.empty());
}

TEST_CASE("scheduler: host ports and the number of pods") {
  auto n = node("a", 1000, 1 << 30);
  assume(n, {.cpu_millis = 0, .memory_bytes = 0, .host_ports = {{"TCP", 80}}});
  CHECK(schedule(kPlain, {.cpu_millis = 0, .memory_bytes = 0, .host_ports = {{"TCP", 80}}}, {n})
            .message.find("free ports") != std::string::npos);
  CHECK(schedule(kPlain, {.cpu_millis = 0, .memory_bytes = 0, .host_ports = {{"UDP", 80}}}, {n}).node == "a");
  assume(n, {});
  CHECK(schedule(kPlain, {}, {n}).message.find("Too many pods") != std::string::npos);
}

TEST_CASE("scheduler: a cordoned node takes nothing") {
  CHECK(schedule(kPlain, {}, {node("a", 1000, 1 << 30, R"({"unschedulable":true})")})
            .message.find("node(s) were unschedulable") != std::string::npos);
}
