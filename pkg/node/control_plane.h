// The cluster's control plane without its controllers: store, keys and certificates, API server, listener. What a
// server of a real cluster and `dev fixture` have in common; what runs beside it is the owner's.
//
//   ControlPlane plane({config, clock, random, log, metrics, fs, loop});
//   TRY(plane.open_store());   // takes the lock of the data folder
//   TRY(plane.open_api());     // pki, admin's kubeconfig, API server: plane.api() is there for clients in process
//   TRY(plane.listen());       // HTTPS
//   ...
//   plane.stop_listener();     // no new exchange
//   plane.stop_api();          // nothing of the API runs; streams have ended
//   plane.close_api();         // its objects are gone: whatever holds a client of it must be so before
//   loop.stop();
//   plane.stop_store();
//
// Steps of the start come in this order, once. Those of the end are idempotent and may come after any step of the
// start; what belongs between them is the owner's to know. Thread: one owner.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/elastic_pool.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "net/http/server.h"
#include "net/loop/loop.h"
#include "node/config/config.h"
#include "node/pki/pki.h"
#include "orchestrator/apiserver/front.h"
#include "store/server/compactor.h"
#include "store/server/embedded_store.h"

namespace appliance::node {

inline constexpr size_t kWebUiThreadsMax = 4;

// All that it points to outlives the control plane.
struct ControlPlaneDeps {
  const Config& config;  // https_listen_port 0: the kernel chooses
  const base::Clock& clock;
  base::Random& random;
  base::Log log;
  base::Metrics& metrics;
  base::Fs& fs;
  net::Loop& loop;
};

class ControlPlane {
 public:
  explicit ControlPlane(ControlPlaneDeps deps);
  ~ControlPlane();  // what was not stopped yet; the loop may have been
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  Result<> open_store();
  Result<> open_api();
  Result<> listen();
  void start_compaction();  // history is dropped from now on

  void stop_listener();
  void stop_api();
  void close_api();
  void stop_store();  // after the loop: the timer of compaction makes itself anew there

  [[nodiscard]] bool serves() const { return api_ != nullptr; }  // from open_api() to close_api()
  [[nodiscard]] orchestrator::apiserver::ApiServer& api() { return *api_; }
  [[nodiscard]] store::Kv& kv() { return *kv_; }         // after open_store()
  [[nodiscard]] const Pki& pki() const { return pki_; }  // after open_api()
  [[nodiscard]] int port() const;                        // of the API; after listen() when it was chosen
  [[nodiscard]] std::string url() const;                 // on this machine; after listen() when the port was chosen

 private:
  [[nodiscard]] orchestrator::apiserver::Options api_options();
  Result<> write_admin_kubeconfig() const;
  void compact_later();

  ControlPlaneDeps deps_;
  Pki pki_;
  std::unique_ptr<store::server::EmbeddedStore> kv_;
  // What waits for the store or the API on behalf of the dashboard; no threads while nobody asks.
  base::ElasticPool web_ui_{{.name = "web-ui", .threads_max = kWebUiThreadsMax, .queue_max = 256}};
  std::unique_ptr<orchestrator::apiserver::ApiServer> api_;
  std::unique_ptr<net::http::Server> listener_;
  std::atomic<int> port_{0};  // of the listener; requests ask for it
  std::optional<store::server::Compactor> compactor_;
  std::unique_ptr<net::Loop::Timer> compaction_;  // its task runs on the loop and makes the next one
};

}  // namespace appliance::node
