#include "orchestrator/kubelet/status.h"

#include <catch2/catch.hpp>

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::ContainerState;
using std::chrono::seconds;

const WallTime kNow{seconds(1'000'000)};

PodSpec pod_of(const std::string& spec) {
  auto document = json::parse(R"({"metadata":{"name":"p","namespace":"ns","uid":"u"},"spec":)" + spec + "}");
  REQUIRE(document);
  auto pod = parse_pod(std::move(*document));
  REQUIRE(pod);
  return std::move(*pod);
}
PodSpec simple(const std::string& policy = "Always") {
  return pod_of(R"({"restartPolicy":")" + policy + R"(","containers":[{"name":"web","image":"web:1"}]})");
}

Observed with(ContainerRecord record, bool ready = true) {
  Observed o;
  o.sandboxes = {{.id = "s0", .attempt = 0, .ready = true}};
  o.network_attached = true;
  o.pod_ip = "10.42.0.2";
  o.containers["web"].records = {std::move(record)};
  o.containers["web"].started = true;
  o.containers["web"].ready = ready;
  return o;
}
ContainerRecord record(ContainerState state, int code = 0, int64_t backoff = 0) {
  ContainerRecord r;
  r.id = "c0";
  r.sandbox_id = "s0";
  r.state = state;
  r.exit_code = code;
  r.started = kNow - seconds(20);
  r.finished = kNow - seconds(1);
  r.backoff_seconds = backoff;
  return r;
}
json::Value status_of(const PodSpec& pod, const Observed& o, const json::Value& previous = nullptr,
                      bool terminating = false) {
  return build_status({.pod = pod,
                       .observed = o,
                       .previous = previous,
                       .node_ip = "192.0.2.1",
                       .terminating = terminating,
                       .failed_reason = {},
                       .failed_message = {},
                       .now = kNow,
                       .image_names = {}});
}
std::string condition(const json::Value& status, std::string_view type, std::string_view key = "status") {
  for (const auto& c : json::array_at(status, {"conditions"}))
    if (json::string_at(c, {"type"}) == type) return std::string(json::string_at(c, {key}));
  return "absent";
}

TEST_CASE("status: phases") {
  struct Row {
    std::string policy;
    ContainerRecord record;
    std::string phase;
  };
  const std::vector<Row> rows{{"Always", record(ContainerState::kCreated), "Pending"},
                              {"Always", record(ContainerState::kRunning), "Running"},
                              {"Always", record(ContainerState::kExited, 0), "Running"},
                              {"OnFailure", record(ContainerState::kExited, 1), "Running"},
                              {"OnFailure", record(ContainerState::kExited, 0), "Succeeded"},
                              {"Never", record(ContainerState::kExited, 0), "Succeeded"},
                              {"Never", record(ContainerState::kExited, 1), "Failed"}};
  for (const auto& row : rows) {
    INFO(row.policy << ' ' << row.phase);
    CHECK(json::string_at(status_of(simple(row.policy), with(row.record)), {"phase"}) == row.phase);
  }
  CHECK(json::string_at(status_of(simple(), Observed{}), {"phase"}) == "Pending");
  const json::Value failed(json::Object{{"phase", "Failed"}});
  CHECK(json::string_at(status_of(simple(), with(record(ContainerState::kRunning)), failed), {"phase"}) == "Failed");
}

TEST_CASE("status: a running and ready pod has all its conditions") {
  const auto status = status_of(simple(), with(record(ContainerState::kRunning)));
  for (const auto* type : {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})
    CHECK(condition(status, type) == "True");
  CHECK(json::string_at(status, {"podIP"}) == "10.42.0.2");
  CHECK(json::string_at(status, {"qosClass"}) == "BestEffort");
  CHECK(json::array_at(status, {"podIPs"}).size() == 1);
}

TEST_CASE("status: an unready container is named") {
  const auto status = status_of(simple(), with(record(ContainerState::kRunning), false));
  CHECK(condition(status, "Ready") == "False");
  CHECK(condition(status, "Ready", "reason") == "ContainersNotReady");
  CHECK(condition(status, "ContainersReady", "message") == "containers with unready status: [web]");
}

TEST_CASE("status: transition times stay until the condition changes, others' conditions are carried over") {
  json::Value previous = status_of(simple(), with(record(ContainerState::kRunning)));
  for (auto& c : previous.get_object()["conditions"].get_array())
    c.get_object()["lastTransitionTime"] = "2020-01-01T00:00:00Z";
  previous.get_object()["conditions"].get_array().push_back(
      json::Object{{"type", "DisruptionTarget"}, {"status", "True"}});
  const auto status = status_of(simple(), with(record(ContainerState::kRunning), false), previous);
  CHECK(condition(status, "Initialized", "lastTransitionTime") == "2020-01-01T00:00:00Z");
  CHECK(condition(status, "Ready", "lastTransitionTime") == base::format_rfc3339(kNow));
  CHECK(condition(status, "DisruptionTarget") == "True");
}

TEST_CASE("status: the same state gives the same document") {
  const auto once = status_of(simple(), with(record(ContainerState::kRunning)));
  CHECK(status_of(simple(), with(record(ContainerState::kRunning)), once) == once);
}

TEST_CASE("status: crash back-off shows the wait and the last end") {
  const auto status = status_of(simple(), with(record(ContainerState::kExited, 2, 80)));
  const auto& c = json::array_at(status, {"containerStatuses"}).front();
  CHECK(json::string_at(c, {"state", "waiting", "reason"}) == "CrashLoopBackOff");
  CHECK(json::string_at(c, {"state", "waiting", "message"}) ==
        "back-off 1m20s restarting failed container=web pod=p_ns(u)");
  CHECK(json::int_at(c, {"lastState", "terminated", "exitCode"}) == 2);
  CHECK(json::string_at(c, {"lastState", "terminated", "reason"}) == "Error");
}

TEST_CASE("status: waiting reasons before the first start") {
  auto first = [](const PodSpec& pod, const Observed& o) {
    const auto status = status_of(pod, o);
    return std::string(
        json::string_at(json::array_at(status, {"containerStatuses"}).front(), {"state", "waiting", "reason"}));
  };
  CHECK(first(simple(), {}) == "ContainerCreating");
  CHECK(first(pod_of(R"({"initContainers":[{"name":"i","image":"i"}],"containers":[{"name":"web","image":"w"}]})"),
              {}) == "PodInitializing");
  Observed o;
  o.containers["web"].image = {.state = ImageView::State::kFailed, .reason = "ErrImagePull", .message = "m"};
  CHECK(first(simple(), o) == "ErrImagePull");
  o.containers["web"].error_reason = "CreateContainerConfigError";
  CHECK(first(simple(), o) == "CreateContainerConfigError");
}

TEST_CASE("status: a succeeded pod is not ready because it is complete") {
  const auto status = status_of(simple("Never"), with(record(ContainerState::kExited, 0)));
  CHECK(condition(status, "Ready", "reason") == "PodCompleted");
  CHECK(json::string_at(json::array_at(status, {"containerStatuses"}).front(), {"state", "terminated", "reason"}) ==
        "Completed");
}

TEST_CASE("status: what only the API remembers becomes records again") {
  const auto pod = simple();
  const auto previous = status_of(pod, with(record(ContainerState::kRunning)));
  Observed o;
  add_api_records(pod, previous, o, kNow);
  REQUIRE(o.containers["web"].records.size() == 1);
  CHECK(o.containers["web"].records[0].exit_code == 137);
  CHECK(o.containers["web"].records[0].reason == kReasonUnknown);
  CHECK(next_attempt(o, "web") == 1);
  Observed known = with(record(ContainerState::kRunning));
  add_api_records(pod, previous, known, kNow);
  CHECK(known.containers["web"].records.size() == 1);
  CHECK_FALSE(known.containers["web"].records[0].from_api);
}

TEST_CASE("status: a finished pod without its sandbox keeps its result") {
  const auto pod = simple("Never");
  const auto before = status_of(pod, with(record(ContainerState::kExited, 3)));
  Observed o;
  add_api_records(pod, before, o, kNow);
  const auto after = status_of(pod, o, before);
  CHECK(json::string_at(after, {"phase"}) == "Failed");
  CHECK(json::array_at(after, {"containerStatuses"}) == json::array_at(before, {"containerStatuses"}));
}

TEST_CASE("status: init containers gate Initialized") {
  const auto pod = pod_of(R"({"initContainers":[{"name":"i","image":"i"}],"containers":[{"name":"web","image":"w"}]})");
  auto o = with(record(ContainerState::kCreated));
  o.containers.clear();
  const auto status = status_of(pod, o);
  CHECK(condition(status, "Initialized") == "False");
  CHECK(condition(status, "Initialized", "message") == "containers with incomplete status: [i]");
}

}  // namespace
}  // namespace appliance::orchestrator::kubelet
