// What is wrong with an object, as a sentence for people: "container web exited with code 1, 5 restarts; waits 2m40s
// before the next start". Pure; judged from one object alone, so what only several show together (a Service without
// endpoints) is not here.
//
//   1  to be looked at: it may get well by itself, or works with less than it should
//   2  broken: somebody must act
//
// Some sentences come or go with time (kNotReadyAfter, ...): who shows them judges again now and then. They name no
// duration that grows, so that a row changes only when something happens. Waiting in order is no problem: a pod that
// starts, a node that was cordoned, a rollout on its way.
#pragma once

#include <string>

#include "orchestrator/api/object.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr size_t kWhyBytesMax = 512;              // messages of kubelets and schedulers may be long
inline constexpr int64_t kNotReadyAfterSeconds = 60;     // slow starts are common
inline constexpr int64_t kStartAfterSeconds = 120;       // pulling an image takes its time
inline constexpr int64_t kUnavailableAfterSeconds = 15;  // a rollout's first pods
inline constexpr int64_t kOverdueAfterSeconds = 30;      // behind the grace period
inline constexpr int64_t kRecentSeconds = 600;           // how long an end is remembered once all is well again

struct Problem {
  int severity = 0;  // 0: none
  std::string why;
  friend bool operator==(const Problem&, const Problem&) = default;
};

// `document` is the stored one.
Problem problem_of(const api::Object& object, const json::Value& document, int64_t now_seconds);
Problem pod_problem(const api::Object& object, const json::Value& pod, int64_t now_seconds);  // problem_pod.cc

// False: problem_of() finds none, now and later, as long as the object does not change. Cheap: reads no document.
bool may_have_problem(const api::Object& object);

// Objects of this kind get and lose problems as time goes by, too.
bool problem_depends_on_time(const api::Kind& kind);

// One line of at most kWhyBytesMax bytes: line breaks become blanks, characters stay whole.
std::string one_line(std::string_view text);

}  // namespace appliance::orchestrator::apiserver::live
