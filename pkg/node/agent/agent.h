// What every machine of a cluster runs, server or worker: container runtime, pod network, kubelet with its API, service
// proxy, DNS, routes to the pods of other nodes. How it reaches the API is the caller's: in process or over HTTPS.
//
//   Agent agent({config, clock, random, log, metrics, loop});
//   TRY(agent.open_machine("10.42.0.0/24"));         // needs nothing of the API
//   TRY(agent.start(client, informers));
//   TRY(agent.serve_kubelet_api({.certificate_pem = …, .key_pem = …, .client_ca_pem = …}));
//   TRY(agent.stop(StopKind::kKeepPods));
//
// Thread: one owner; images() and node_ready() from any.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "net/http/server.h"
#include "net/loop/loop.h"
#include "net/tls/context.h"
#include "node/config/config.h"
#include "node/server.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/node_stats.h"
#include "orchestrator/client/node_streams.h"
#include "orchestrator/podnet/podnet.h"
#include "runtime/cri/runtime.h"

namespace appliance::node {

struct AgentDeps {
  const Config& config;
  const base::Clock& clock;
  base::Random& random;
  base::Log log;
  base::Metrics& metrics;
  net::Loop& loop;
};

class Agent {
 public:
  explicit Agent(AgentDeps deps);
  ~Agent();  // stop(kKeepPods)
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  Result<> open_machine(const std::string& pod_cidr);
  Result<> start(orchestrator::client::Client& client, orchestrator::client::InformerSource& informers);
  // Replaces the listener of an earlier call: for a certificate that was renewed.
  Result<> serve_kubelet_api(const net::tls::ServerOptions& tls);

  // Two steps, so that the owner can end in between what feeds the agent. Idempotent. What could not be undone is
  // logged, and the last of it is the error.
  Result<> stop(StopKind kind);  // nothing of it runs any more; with kPods nothing of it is left
  void close();                  // runtime and network are let go of

  [[nodiscard]] runtime::image::ImageStore* images() const { return images_.load(); }  // null until it is open
  [[nodiscard]] bool node_ready() const;
  [[nodiscard]] orchestrator::client::NodeStreams& streams();  // after start()
  [[nodiscard]] orchestrator::client::NodeStats& stats();      // likewise

 private:
  struct Parts;
  AgentDeps deps_;
  std::unique_ptr<Parts> parts_;
  std::atomic<runtime::image::ImageStore*> images_{nullptr};
};

// The folders that an agent needs, below data and run folder and for logs.
Result<> make_folders(const Config& config);

// What uninstall and a failed start need without an agent.
orchestrator::podnet::Options podnet_options(const Config& config, const std::string& pod_cidr, const base::Log& log);
runtime::cri::RuntimeOptions runtime_options(const Config& config, const base::Clock& clock, const base::Log& log);
Result<std::unique_ptr<runtime::image::ImageStore>> open_images(const Config& config, const base::Log& log);

}  // namespace appliance::node
