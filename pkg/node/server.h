// The composition root: builds the graph of a server by constructor arguments, general first, and takes it down in
// reverse.
//
//   auto server = TRY(Server::start(config, clock, random, log));   // READY: the API serves
//   auto how = server->wait();                                      // a signal, or a request on the control socket
//   TRY(server->stop(how));
//
// Order of start: folders, pki, store, API core, control socket and API listener, runtime, network, controllers,
// kubelet, proxy, DNS. The API serves before the runtime is up, so that `up` can say what it waits for.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "node/config/config.h"

namespace appliance::node {

enum class StopKind : unsigned char {
  kKeepPods,  // the server alone: pods go on (`down --keep-pods`, an upgrade, SIGTERM)
  kPods,      // pods, network and server (`down`)
};

class Server {
 public:
  virtual ~Server() = default;
  static Result<std::unique_ptr<Server>> start(const Config& config, const base::Clock& clock, base::Random& random,
                                               base::Log log);
  [[nodiscard]] virtual StopKind wait() = 0;     // blocks until asked to stop
  virtual void request_stop(StopKind kind) = 0;  // thread-safe
  virtual Result<> stop(StopKind kind) = 0;      // idempotent
};

// Undoes what a server made outside its data, when no server runs: pods, mounts, links, tables, sysctls, groups.
// Idempotent.
Result<> clean_machine(const Config& config, const base::Clock& clock, const base::Log& log);

}  // namespace appliance::node
