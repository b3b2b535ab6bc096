// Writes the objects of a fixture's plan into an empty store. Blocks; a call for each 128 objects at most.
#pragma once

#include <functional>

#include "base/clock.h"
#include "node/dev/fixture_plan.h"
#include "store/kv.h"

namespace appliance::node::dev {

// How many there are. kCancelled when `cancelled` (may be empty) says so; else what the store says.
Result<size_t> seed_store(store::Kv& kv, const FixturePlan& plan, base::WallTime now,
                          const std::function<bool()>& cancelled);

}  // namespace appliance::node::dev
