// The documents of a fixture's plan, as the API server would hold them: with uid, creationTimestamp and status. Pure.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/json/json.h"
#include "node/dev/fixture_plan.h"
#include "orchestrator/api/kind.h"

namespace appliance::node::dev {

// When the state of an object was written, in milliseconds since 1970: what reads it knows how long it took to arrive.
inline constexpr std::string_view kWrittenAt = "fixture.appliance.dev/at";
inline constexpr std::string_view kTroubleNote = "fixture.appliance.dev/trouble";  // trouble_name(); absent for none
inline constexpr std::string_view kLogNote = "fixture.appliance.dev/log";          // absent: an ordinary one
inline constexpr std::string_view kLogHostile = "hostile";
inline constexpr std::string_view kLogLongLine = "long-line";

// Every object but those that the API server makes itself (the namespace `default`). `resource` is plural.group. False:
// no more.
using EachObject = std::function<bool(std::string_view resource, json::Value object)>;
void each_object(const FixturePlan& plan, base::WallTime now, const EachObject& each);

json::Value pod_object(const FixturePlan& plan, const PlannedPod& pod, base::WallTime now);

json::Object pod_template_spec(const PlannedWorkload& workload);
std::string node_ip(const PlannedNode& node);
std::string pod_ip(const FixturePlan& plan, const PlannedPod& pod);  // "" when it is on no node

struct EventText {
  std::string_view type;
  std::string_view reason;
  std::string message;
  std::string_view component;
};
// What is said about this pod at this moment: of its trouble, or that its container was started.
EventText event_text(const FixturePlan& plan, const PlannedPod& pod);
json::Value pod_event(const FixturePlan& plan, const PlannedPod& pod, int count, base::WallTime first,
                      base::WallTime last);

std::string event_name(const PlannedPod& pod);
bool has_event(const FixturePlan& plan, size_t pod);  // from the beginning

// As it is stored, with what the API server would fill in.
std::string stored_object(const orchestrator::api::Kind& kind, json::Value object);

// "1795292345123": the value of kWrittenAt.
std::string written_at(base::WallTime time);

}  // namespace appliance::node::dev
