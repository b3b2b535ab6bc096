// How the pods of a fixture change: each step takes a pod as it is and says how it is next. Pure.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/json/json.h"

namespace appliance::node::dev {

enum class Step : unsigned char {
  kReady,     // the readiness probe succeeds
  kNotReady,  // … and fails
  kRestart,   // the container ended and runs again
  kTrouble,   // a pod with trouble, kTroubleNote, goes on with it: back-off, next attempt
};

// Changes `pod` and stamps kWrittenAt. A pod that is nowhere, or whose container waits, gets the stamp alone where the
// step asks for one that runs.
void advance_pod(json::Value& pod, Step step, base::WallTime now);

// It was seen once more.
void advance_event(json::Value& event, base::WallTime now);

}  // namespace appliance::node::dev
