// Runs the probes of all pods: one thread that knows when each is due, the tries in a pool. The pod's worker says which
// probes a pod needs now (set), the prober says when a verdict changes (on_verdict) or a try failed (on_failure).
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/elastic_pool.h"
#include "base/random.h"
#include "orchestrator/kubelet/probe.h"

namespace appliance::orchestrator::kubelet {

struct ProbeTarget {
  std::string container;
  std::string container_id;
  ProbeType type = ProbeType::kLiveness;
  Probe probe;
  base::WallTime started{};  // of the container: initialDelaySeconds counts from it
  std::string pod_ip;
};

struct ProbeReport {
  std::string uid;
  std::string container;
  std::string container_id;
  ProbeType type = ProbeType::kLiveness;
  bool success = false;
  std::string output;
  std::optional<int64_t> grace_seconds;  // of the probe
};

class Prober {
 public:
  struct Callbacks {
    std::function<void(const ProbeReport&)> on_verdict;  // the verdict is new or has changed
    std::function<void(const ProbeReport&)> on_failure;  // one try failed (event Unhealthy)
  };
  Prober(runtime::cri::Runtime& runtime, base::ElasticPool& pool, const base::Clock& clock, Callbacks callbacks)
      : runtime_(runtime), pool_(pool), clock_(clock), callbacks_(std::move(callbacks)) {}
  ~Prober() { stop(); }
  void start();
  void stop();
  // All probes of the pod from now on; those that go on keep their state. Empty = none.
  void set(const std::string& uid, const std::vector<ProbeTarget>& targets);

 private:
  struct Entry {
    std::string uid;
    ProbeTarget target;
    ProbeState state;
    base::MonoTime due;
    int early = 0;  // tries before the first success of readiness, closer together than the period
    bool running = false;
    bool gone = false;
  };
  using EntryPtr = std::shared_ptr<Entry>;
  void run();
  void try_once(const EntryPtr& entry);
  void schedule_locked(Entry& entry, bool success);

  runtime::cri::Runtime& runtime_;
  base::ElasticPool& pool_;
  const base::Clock& clock_;
  const Callbacks callbacks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::vector<EntryPtr>> pods_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::kubelet
