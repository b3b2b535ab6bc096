#include "node/dev/fixture_updates.h"

#include <catch2/catch.hpp>

#include "node/dev/fixture_objects.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/object.h"

using namespace appliance;
using namespace appliance::node::dev;
namespace api = appliance::orchestrator::api;

namespace {

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};
const base::WallTime kLater = kNow + std::chrono::seconds(10);

json::Value pod_with(Trouble trouble) {
  const auto plan = plan_fixture({.pods = 300});
  REQUIRE(plan.has_value());
  for (const auto& pod : plan->pods)
    if (pod.trouble == trouble) return pod_object(*plan, pod, kNow);
  FAIL("no such pod");
  return {};
}

const json::Value& container(const json::Value& pod) { return json::array_at(pod, {"status", "containerStatuses"})[0]; }

std::string ready_condition(const json::Value& pod) {
  for (const auto& one : json::array_at(pod, {"status", "conditions"}))
    if (json::string_at(one, {"type"}) == "Ready") return std::string(json::string_at(one, {"status"}));
  return {};
}

}  // namespace

TEST_CASE("fixture: whatever the step, a pod stays one that the API server stores and reads") {
  const auto& kind = *api::builtin_kinds()->by_resource("pods");
  for (const auto trouble : {Trouble::kNone, Trouble::kCrashLoop, Trouble::kOutOfMemory, Trouble::kImagePull,
                             Trouble::kUnschedulable, Trouble::kNotReady}) {
    auto pod = pod_with(trouble);
    for (const auto step : {Step::kNotReady, Step::kReady, Step::kRestart, Step::kTrouble, Step::kTrouble}) {
      advance_pod(pod, step, kLater);
      INFO(trouble_name(trouble) << ' ' << static_cast<int>(step));
      const auto bytes = std::make_shared<const std::string>(api::stored_bytes(pod));
      CHECK(api::make_object(kind, 1, bytes).has_value());
      auto decoded = api::decode(kind, json::serialize(pod), "application/json", api::FieldValidation::kStrict);
      REQUIRE(decoded.has_value());
      api::set_defaults(kind, decoded->object);
      CHECK(api::validate(kind, decoded->object, nullptr).empty());
      CHECK(json::string_at(pod, {"metadata", "annotations", kWrittenAt}) == "1700000010000");
    }
  }
}

TEST_CASE("fixture: a pod becomes not ready and ready again, with the time of the change") {
  auto pod = pod_with(Trouble::kNone);
  CHECK(ready_condition(pod) == "True");
  advance_pod(pod, Step::kNotReady, kLater);
  CHECK(ready_condition(pod) == "False");
  CHECK_FALSE(json::bool_at(container(pod), {"ready"}));
  const auto last = json::array_at(pod, {"status", "conditions"}).back();
  CHECK(json::string_at(last, {"reason"}) == "ContainersNotReady");
  CHECK(json::string_at(last, {"lastTransitionTime"}) == base::format_rfc3339(kLater));
  advance_pod(pod, Step::kReady, kLater);
  CHECK(ready_condition(pod) == "True");
  CHECK(json::find(json::array_at(pod, {"status", "conditions"}).back(), {"reason"}) == nullptr);
}

TEST_CASE("fixture: a restart counts, and tells how the life before ended") {
  auto pod = pod_with(Trouble::kNone);
  const auto before = json::int_at(container(pod), {"restartCount"});
  const std::string started(json::string_at(container(pod), {"state", "running", "startedAt"}));
  advance_pod(pod, Step::kRestart, kLater);
  CHECK(json::int_at(container(pod), {"restartCount"}) == before + 1);
  CHECK(json::string_at(container(pod), {"lastState", "terminated", "startedAt"}) == started);
  CHECK(json::string_at(container(pod), {"state", "running", "startedAt"}) == base::format_rfc3339(kLater));
}

TEST_CASE("fixture: a crash loop goes round: back-off, attempt, back-off") {
  auto pod = pod_with(Trouble::kCrashLoop);
  const auto before = json::int_at(container(pod), {"restartCount"});
  advance_pod(pod, Step::kTrouble, kLater);
  CHECK(json::find(container(pod), {"state", "running"}) != nullptr);
  CHECK(json::int_at(container(pod), {"restartCount"}) == before + 1);
  CHECK(ready_condition(pod) == "False");
  advance_pod(pod, Step::kTrouble, kLater);
  CHECK(json::string_at(container(pod), {"state", "waiting", "reason"}) == "CrashLoopBackOff");
  CHECK(json::int_at(container(pod), {"lastState", "terminated", "exitCode"}) == 1);
}

TEST_CASE("fixture: an event that is seen once more counts") {
  const auto plan = plan_fixture({.pods = 60});
  REQUIRE(plan.has_value());
  auto event = pod_event(*plan, plan->pods[0], 1, kNow, kNow);
  advance_event(event, kLater);
  CHECK(json::int_at(event, {"count"}) == 2);
  CHECK(json::string_at(event, {"firstTimestamp"}) == base::format_rfc3339(kNow));
  CHECK(json::string_at(event, {"lastTimestamp"}) == base::format_rfc3339(kLater));
}
