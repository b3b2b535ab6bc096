// What `join`, and `up` on a machine that joined, have in common: a worker's server runs and its node is Ready.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cmd/appliance/output.h"
#include "node/config/config.h"
#include "node/join/membership.h"

namespace appliance::cmd {

// True when it was started now.
Result<bool> run_worker(const node::Config& config, const std::vector<std::string>& flags, Steps& steps);
void print_worker(const node::Membership& membership, bool changed);

}  // namespace appliance::cmd
