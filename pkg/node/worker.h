// A machine that joined: the agent over HTTPS, without store and control plane. Started by Server::start() when the
// data folder says that this machine is a member of a cluster (node/join/membership.h).
//
// Order of start: folders and lock, control socket, runtime, own Node and pod range (known from before when the API
// does not answer: pods that run are adopted and go on), network, kubelet, proxy, DNS; beside it the certificates.
#pragma once

#include <memory>

#include "node/join/membership.h"
#include "node/server.h"

namespace appliance::node {

Result<std::unique_ptr<Server>> start_worker(Config config, Membership membership, const base::Clock& clock,
                                             base::Random& random, base::Log log);

}  // namespace appliance::node
