// What a node says of its use: read of the machine, as /stats/summary, and asked for over HTTPS by the node's name.
#include "orchestrator/kubelet/stats.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <future>

#include "base/fs.h"
#include "orchestrator/client/stats_summary.h"
#include "orchestrator/kubelet/testing/kubelet_api_rig.h"
#include "runtime/cri/fake_image_store.h"
#include "runtime/cri/fake_runtime.h"

namespace appliance::orchestrator::kubelet {
namespace {

using client::NodeUsage;
using testing::KubeletApiRig;
using testing::soon;

constexpr std::string_view kStat =
    "cpu  100 20 30 4000 500 6 7 80 90 10\n"
    "cpu0 50 10 15 2000 250 3 3 40 45 5\n"
    "intr 12345\n";
constexpr std::string_view kMeminfo =
    "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   10000 kB\nBuffers:          10 kB\n";

NodeUsage some_usage() {
  NodeUsage out;
  out.at = base::parse_rfc3339("2026-01-02T03:04:05.123456789Z").value();
  out.cpu_nanos = 9'007'199'254'740'993;  // more than a double can tell apart
  out.cores = 3;
  out.memory_bytes = 600;
  out.memory_total_bytes = 1000;
  out.disk_bytes = 7;
  out.disk_total_bytes = 70;
  out.pods = {{.ns = "default", .name = "web", .uid = "u1", .cpu_nanos = 11, .memory_bytes = 12},
              {.ns = "kube-system", .name = "dns", .uid = "u2", .cpu_nanos = 13, .memory_bytes = 14}};
  return out;
}

void check_same(const NodeUsage& got, const NodeUsage& wanted) {
  CHECK(got.at == wanted.at);
  CHECK(got.cpu_nanos == wanted.cpu_nanos);
  CHECK(got.memory_bytes == wanted.memory_bytes);
  CHECK(got.memory_total_bytes == wanted.memory_total_bytes);
  CHECK(got.disk_bytes == wanted.disk_bytes);
  CHECK(got.disk_total_bytes == wanted.disk_total_bytes);
  REQUIRE(got.pods.size() == wanted.pods.size());
  for (size_t i = 0; i < got.pods.size(); ++i) {
    CHECK(got.pods[i].ns == wanted.pods[i].ns);
    CHECK(got.pods[i].name == wanted.pods[i].name);
    CHECK(got.pods[i].uid == wanted.pods[i].uid);
    CHECK(got.pods[i].cpu_nanos == wanted.pods[i].cpu_nanos);
    CHECK(got.pods[i].memory_bytes == wanted.pods[i].memory_bytes);
  }
}

// Waits for the one answer.
Result<NodeUsage> ask(client::NodeStats& stats, const std::string& node) {
  std::promise<Result<NodeUsage>> promise;
  auto future = promise.get_future();
  stats.usage(node, [&promise](Result<NodeUsage> usage) { promise.set_value(std::move(usage)); });
  REQUIRE(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  return future.get();
}

// A machine of files, with a runtime in memory.
struct Machine {
  Machine() {
    char name[] = "/tmp/stats-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    dir = name;
    REQUIRE(base::write_file(dir + "/stat", kStat));
    REQUIRE(base::write_file(dir + "/meminfo", kMeminfo));
  }
  ~Machine() { (void)base::remove_tree(dir); }
  std::string sandbox(const std::string& pod, uint32_t attempt = 0) {
    runtime::cri::SandboxConfig config;
    config.name = pod;
    config.namespace_ = "default";
    config.uid = "uid-" + pod;
    config.attempt = attempt;
    return runtime.run_sandbox(config).value();
  }
  [[nodiscard]] StatsOptions options() const { return {.node = "n1", .data_dir = dir, .cores = 4, .proc = dir}; }

  std::string dir;
  base::ManualClock clock;
  runtime::cri::FakeRuntime runtime{clock, std::make_unique<runtime::cri::FakeImageStore>()};
};

}  // namespace

TEST_CASE("stats: CPU time counts what was used, and neither idling, waiting, theft nor guests twice") {
  CHECK(cpu_nanos_of(kStat, 100).value() == (100 + 20 + 30 + 6 + 7) * 10'000'000ULL);
  CHECK(cpu_nanos_of("cpu 1 0 0 9 9 0 0", 100).value() == 10'000'000);  // an old kernel's line
  for (const char* bad : {"", "cpu", "cpu0 1 2 3 4 5 6 7", "cpu 1 2 3 4 5 6 x"}) {
    INFO(bad);
    CHECK(cpu_nanos_of(bad, 100).error().code == Code::kUnavailable);
  }
}

TEST_CASE("stats: memory is read of the kernel's table") {
  const auto memory = memory_of(kMeminfo).value();
  CHECK(memory.total_bytes == 16'000 * 1024);
  CHECK(memory.available_bytes == 10'000 * 1024);
  CHECK(memory_of("MemTotal: 1 kB\n").error().code == Code::kUnavailable);
  CHECK(memory_of("").error().code == Code::kUnavailable);
}

TEST_CASE("stats: a node tells of itself and of the pods that run, each once") {
  Machine machine;
  const std::string old = machine.sandbox("web", 0);
  REQUIRE(machine.runtime.stop_sandbox(old));
  (void)machine.sandbox("web", 1);
  const std::string ended = machine.sandbox("done");
  REQUIRE(machine.runtime.stop_sandbox(ended));
  LocalStats stats(machine.options(), machine.runtime, machine.clock);
  const auto usage = ask(stats, "n1").value();
  CHECK(usage.at == machine.clock.now());
  CHECK(usage.cores == 4);
  CHECK(usage.cpu_nanos == 1'630'000'000);
  CHECK(usage.memory_total_bytes == 16'000 * 1024);
  CHECK(usage.memory_bytes == 6'000 * 1024);
  CHECK(usage.disk_total_bytes > usage.disk_bytes);
  CHECK(usage.disk_bytes > 0);
  REQUIRE(usage.pods.size() == 1);
  CHECK(usage.pods[0].ns == "default");
  CHECK(usage.pods[0].name == "web");
  CHECK(usage.pods[0].uid == "uid-web");
  CHECK(usage.pods[0].cpu_nanos == 3'000'000);
  CHECK(usage.pods[0].memory_bytes == 2U << 20U);
}

TEST_CASE("stats: what cannot be answered says why") {
  Machine machine;
  LocalStats stats(machine.options(), machine.runtime, machine.clock);
  CHECK(ask(stats, "n2").error().code == Code::kNotFound);
  REQUIRE(base::write_file(machine.dir + "/stat", "nonsense"));
  CHECK(ask(stats, "n1").error().message == "/proc/stat: no line of all cores");
  stats.stop();
  const auto stopped = ask(stats, "n1").error();
  CHECK(stopped.code == Code::kUnavailable);
  CHECK(stopped.message.starts_with("node \"n1\" does not answer"));
}

TEST_CASE("stats: this machine's own figures are plausible, and its CPU time goes up") {
  Machine machine;
  StatsOptions options = machine.options();
  options.proc = "/proc";
  LocalStats stats(options, machine.runtime, machine.clock);
  const auto before = ask(stats, "n1").value();
  CHECK(before.memory_bytes > 0);
  CHECK(before.memory_bytes < before.memory_total_bytes);
  // This loop is the use: it ends when the kernel has counted a tick of it.
  CHECK(soon([&] { return ask(stats, "n1").value().cpu_nanos > before.cpu_nanos; }));
}

TEST_CASE("stats: the summary is as kubelets write it, and is read back whole") {
  const auto usage = some_usage();
  const auto document = client::stats_summary(usage, "n2");
  CHECK(json::string_at(document, {"node", "nodeName"}) == "n2");
  CHECK(json::int_at(document, {"node", "cpu", "usageCoreNanoSeconds"}) == 9'007'199'254'740'993);
  CHECK(json::string_at(document, {"node", "cpu", "time"}) == "2026-01-02T03:04:05.123456789Z");
  CHECK(json::int_at(document, {"node", "memory", "workingSetBytes"}) == 600);
  CHECK(json::int_at(document, {"node", "memory", "availableBytes"}) == 400);
  CHECK(json::int_at(document, {"node", "fs", "capacityBytes"}) == 70);
  CHECK(json::int_at(document, {"node", "fs", "availableBytes"}) == 63);
  const auto& pods = json::array_at(document, {"pods"});
  REQUIRE(pods.size() == 2);
  CHECK(json::string_at(pods[0], {"podRef", "namespace"}) == "default");
  CHECK(json::string_at(pods[0], {"podRef", "name"}) == "web");
  CHECK(json::string_at(pods[0], {"podRef", "uid"}) == "u1");
  CHECK(json::int_at(pods[0], {"cpu", "usageCoreNanoSeconds"}) == 11);
  CHECK(json::int_at(pods[0], {"memory", "workingSetBytes"}) == 12);

  const auto read = client::parse_stats_summary(json::parse(json::serialize(document)).value()).value();
  check_same(read, usage);
  CHECK(read.cores == 0);  // is in the Node object
  CHECK(client::parse_stats_summary(json::parse("{}").value()).error().code == Code::kDataLoss);
  // What a kubelet leaves out is nothing; a pod that cannot be told apart is left out.
  const auto bare = client::parse_stats_summary(
      json::parse(R"({"node":{"cpu":{"time":"2026-01-02T03:04:05Z"}},"pods":[{"podRef":{"name":"x"}},{}]})").value());
  REQUIRE(bare.has_value());
  CHECK(bare->cpu_nanos == 0);
  CHECK(bare->pods.empty());
}

TEST_CASE("kubelet api: /stats/summary tells what the node uses; a failure has its status") {
  KubeletApiRig rig;
  rig.n2_stats.answer = some_usage();
  net::http::Client admin(rig.as("admin", {"system:masters"}));
  const auto reply = admin.send({.path = "/stats/summary"});
  REQUIRE(reply.has_value());
  CHECK(reply->status == 200);
  CHECK(reply->headers.get("content-type") == "application/json");
  check_same(client::parse_stats_summary(json::parse(reply->body).value()).value(), some_usage());
  rig.n2_stats.answer = fail(Code::kUnavailable, "statvfs: gone");
  const auto failed = admin.send({.path = "/stats/summary"});
  CHECK(failed->status == 503);
  CHECK(failed->body == "statvfs: gone\n");
  CHECK(admin.send({.method = "POST", .path = "/stats/summary"})->status == 404);
  CHECK(admin.send({.path = "/stats"})->status == 404);
}

TEST_CASE("stats router: this node by its own kubelet, others over HTTPS, with the cores of their Node") {
  KubeletApiRig rig;
  rig.n1_stats.answer = some_usage();
  rig.n1_stats.answer->cpu_nanos = 1;
  rig.n2_stats.answer = some_usage();
  CHECK(ask(*rig.stats_router, "n1").value().cpu_nanos == 1);
  const auto there = ask(*rig.stats_router, "n2").value();
  check_same(there, some_usage());
  CHECK(there.cores == 3);
  CHECK(rig.n1_stats.asked == std::vector<std::string>{"n1"});
  CHECK(rig.n2_stats.asked == std::vector<std::string>{"n2"});
}

TEST_CASE("stats router: a node's connection is kept from one question to the next") {
  KubeletApiRig rig;
  rig.n2_stats.answer = some_usage();
  for (int i = 0; i < 5; ++i) REQUIRE(ask(*rig.stats_router, "n2").has_value());
  CHECK(rig.metrics.expose().find("appliance_http_connections_total 1\n") != std::string::npos);
}

TEST_CASE("stats router: a node that does not answer is named with the reason, and asked anew") {
  KubeletApiRig rig;
  CHECK(ask(*rig.stats_router, "n9").error().code == Code::kNotFound);
  rig.node("n9", "");
  const auto unknown = ask(*rig.stats_router, "n9").error();
  CHECK(unknown.code == Code::kUnavailable);
  CHECK(unknown.message == "node \"n9\" does not answer: it has no InternalIP");

  rig.n2_stats.answer = fail(Code::kUnavailable, "statvfs: gone");
  CHECK(ask(*rig.stats_router, "n2").error().message == "node \"n2\" does not answer: GET /stats/summary: status 503");
  rig.n2_stats.answer = some_usage();
  CHECK(ask(*rig.stats_router, "n2").has_value());
  rig.stop_listener();
  const auto dead = ask(*rig.stats_router, "n2").error();
  CHECK(dead.code == Code::kUnavailable);
  CHECK(dead.message.starts_with("node \"n2\" does not answer: "));
}

TEST_CASE("stats router: a node with another's certificate is not believed") {
  KubeletApiRig rig("system:node:n3");
  rig.n2_stats.answer = some_usage();
  const auto refused = ask(*rig.stats_router, "n2").error();
  CHECK(refused.code == Code::kUnavailable);
  CHECK(refused.message.find("the server's certificate is of \"system:node:n3\"") != std::string::npos);
  CHECK(rig.n2_stats.asked.empty());
}

TEST_CASE("stats router: a mute node is given up after its deadline, and keeps nobody from ending") {
  KubeletApiRig rig;
  rig.n2_stats.mute = true;
  const auto late = ask(*rig.stats_router, "n2").error();
  CHECK(late.code == Code::kUnavailable);
  CHECK(late.message.starts_with("node \"n2\" does not answer: "));

  std::promise<Result<NodeUsage>> promise;
  auto future = promise.get_future();
  rig.stats_router->usage("n2", [&](Result<NodeUsage> usage) { promise.set_value(std::move(usage)); });
  CHECK(soon([&] {
    const std::lock_guard lock(rig.n2_stats.mutex);
    return rig.n2_stats.asked.size() == 2;
  }));
  const auto begin = std::chrono::steady_clock::now();
  rig.stats_router.reset();
  CHECK(std::chrono::steady_clock::now() - begin < client::kStatsDeadline);
  REQUIRE(future.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  CHECK(future.get().error().code == Code::kUnavailable);
}

}  // namespace appliance::orchestrator::kubelet
