// A worker's certificates while it runs: asks for the kubelet's serving certificate once the Node is registered, and
// renews both when less than a third of their life is left. One thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "node/config/config.h"
#include "node/join/membership.h"
#include "orchestrator/client/client.h"

namespace appliance::node {

class NodeCertificates {
 public:
  struct Deps {
    const Config& config;
    const base::Clock& clock;
    base::Log log;
    orchestrator::client::Client& client;
    std::function<bool()> registered;                // the Node says its addresses
    std::function<Result<>(const NodeKeys&)> serve;  // the serving certificate is new
    std::function<void(const NodeKeys&)> identify;   // the client certificate is new
  };
  explicit NodeCertificates(Deps deps) : deps_(std::move(deps)) {}
  ~NodeCertificates() { stop(); }
  NodeCertificates(const NodeCertificates&) = delete;
  NodeCertificates& operator=(const NodeCertificates&) = delete;
  void start();
  void stop();  // idempotent

 private:
  void run();
  Result<> refresh();
  bool wait(std::chrono::milliseconds time);  // false: stopping
  const Deps deps_;
  bool served_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // GUARDED_BY(mutex_)
  base::Pause issue_;      // of the thread, for what it asked the cluster to sign
  std::thread thread_;
};

// Is this certificate to be made anew? True when it is absent, does not parse, lacks the address, or has less than a
// third of its life left. Pure.
bool is_due(const std::string& pem, const std::string& ip_address, base::WallTime now);

}  // namespace appliance::node
