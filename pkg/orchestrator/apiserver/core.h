// Core: what every verb of the API server works with. Built once by ApiServer (front.h), never replaced.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"
#include "orchestrator/apiserver/allocator.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/call.h"
#include "orchestrator/apiserver/discovery.h"
#include "orchestrator/apiserver/in_flight.h"
#include "orchestrator/apiserver/openapi_documents.h"
#include "orchestrator/apiserver/options.h"
#include "orchestrator/apiserver/respond.h"
#include "orchestrator/apiserver/sessions.h"
#include "orchestrator/apiserver/tokens.h"

namespace appliance::orchestrator::apiserver {

namespace live {
class Hub;  // live/hub.h
}

struct Core {
  explicit Core(Options options_in);

  Options options;
  std::shared_ptr<const api::KindTable> kinds;
  store::Kv& kv;
  const base::Clock& clock;
  base::Random& random;
  base::Log log;
  WatchCache cache;
  Discovery discovery;
  NumberAllocator cluster_ips;
  NumberAllocator node_ports;
  Tokens tokens;
  Links links;                      // to the dashboard
  std::shared_ptr<live::Hub> tabs;  // of it
  OpenApiDocuments openapi;
  std::atomic<client::NodeStreams*> streams;  // null: no kubelet yet
  std::atomic<client::NodeStats*> stats;      // null: likewise
  InFlight in_flight;                         // callbacks of the store
  base::ThreadPool pool;                      // last made, first stopped: requests and their continuations

  [[nodiscard]] const api::Kind& kind(std::string_view resource) const;  // APP_CHECKs that it exists
  // Runs a continuation on the pool. When the server stops, the task is dropped, and with it the call: its client gets
  // 500.
  void resume(base::Task task) { (void)pool.post(std::move(task)); }
};

}  // namespace appliance::orchestrator::apiserver
