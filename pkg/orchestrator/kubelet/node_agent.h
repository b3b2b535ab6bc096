// Keeps the Node object and its Lease: registers as soon as it can (again when the Node was deleted), renews the lease
// at a quarter of its duration, writes the status when something changed or every five minutes. One thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "orchestrator/kubelet/events.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/kubelet/node_status.h"

namespace appliance::orchestrator::kubelet {

class NodeAgent {
 public:
  NodeAgent(const Options& options, client::Client& client, runtime::cri::Runtime& runtime, const base::Clock& clock,
            EventRecorder& events, base::Log log)
      : options_(options), client_(client), runtime_(runtime), clock_(clock), events_(events), log_(std::move(log)) {}
  ~NodeAgent() { stop(); }
  void start();
  void stop();
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  void run();
  Result<> register_node();
  Result<> write_status(bool force);
  Result<> renew_lease();
  bool wait(std::chrono::milliseconds time);  // false: stopping

  const Options& options_;
  client::Client& client_;
  runtime::cri::Runtime& runtime_;
  const base::Clock& clock_;
  EventRecorder& events_;
  const base::Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::atomic<bool> ready_{false};
  std::thread thread_;
  // Of the thread.
  std::string uid_;
  json::Value status_;
  base::MonoTime status_written_{};
};

}  // namespace appliance::orchestrator::kubelet
