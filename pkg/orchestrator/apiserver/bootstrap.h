// The objects that a cluster is born with: namespaces, and the `kubernetes` Service with its endpoints.
#pragma once

#include "orchestrator/apiserver/options.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator::apiserver {

// Creates what is missing and brings the endpoints up to date. Blocks.
Result<> bootstrap_objects(client::Client& client, const Options& options);

}  // namespace appliance::orchestrator::apiserver
