// PodWorker: the thin part. sync() observes one pod, plans, applies, until there is nothing to do at once. It may run
// on several threads for different pods; the WorkQueue sees to it that one pod has one thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/elastic_pool.h"
#include "base/log.h"
#include "base/metrics.h"
#include "orchestrator/kubelet/api_reader.h"
#include "orchestrator/kubelet/events.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/kubelet/pod_state.h"
#include "orchestrator/kubelet/prober.h"
#include "orchestrator/kubelet/status.h"
#include "orchestrator/kubelet/volumes.h"
#include "orchestrator/kubelet/work_queue.h"

namespace appliance::orchestrator::kubelet {

struct WorkerMetrics {
  base::Counter& syncs;
  base::Counter& containers_started;
  base::Counter& errors;
  base::Histogram& pod_start_seconds;
  explicit WorkerMetrics(base::Metrics& m);
};

struct NodeSize {
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
};

class PodWorker {
 public:
  struct Deps {
    const Options& options;
    client::Client& client;
    ApiReader& reader;
    runtime::cri::Runtime& runtime;
    podnet::PodNet& net;
    const base::Clock& clock;
    EventRecorder& events;
    Prober& prober;
    base::ElasticPool& slow;   // stops, hooks
    base::ElasticPool& pulls;  // few at a time
    WorkQueue& queue;
    NodeSize node;
    base::Log log;
    base::Metrics& metrics;
    std::function<void(const std::string& uid)> forget;
    std::function<void(const std::string& sandbox_id, const std::string& uid)> note_sandbox;  // for runtime events
    std::function<void(const std::string& uid)> changed;  // a container's life changed: log followers look again
  };
  explicit PodWorker(Deps deps) : d_(std::move(deps)), metrics_(d_.metrics) {}

  void sync(const std::shared_ptr<PodState>& pod);
  void drain_until(WallTime deadline);  // from now on every pod is stopped, its object stays
  void on_verdict(PodState& pod, const ProbeReport& report);
  void on_probe_failure(PodState& pod, const ProbeReport& report);

 private:
  enum class Outcome : unsigned char { kProgress, kNothing, kFailed };
  struct Frame;  // one sync: pod, spec, desired, earliest wait

  // pod_worker.cc, pod_observe.cc
  bool refresh_spec(PodState& pod);
  Desired desired_of(PodState& pod, std::string& failed_reason, std::string& failed_message);
  Observed observe(Frame& f);
  void observe_container(Frame& f, Observed& out, const ContainerSpec& spec);
  void publish_lives(Frame& f, Observed& observed);
  void read_termination_messages(Frame& f, Observed& observed);
  json::Value status_of(const Frame& f, const Observed& observed) const;
  Outcome apply(Frame& f, const Observed& observed, const Action& action);
  Outcome report(Frame& f, const Observed& observed);
  void set_probes(Frame& f, const Observed& observed);
  void refresh_volumes(Frame& f);
  void wake_at(Frame& f, WallTime when);
  void tell_backoff(Frame& f, const Action& action);
  void setup_failed(Frame& f, const std::string& reason, const Error& error);

  // pod_setup.cc
  Outcome run_sandbox(Frame& f, const Action& action);
  Outcome attach_net(Frame& f);
  Outcome setup_volumes(Frame& f);
  Result<> make_volumes(Frame& f);
  Result<> make_etc_files(Frame& f);
  Outcome remove_sandbox(Frame& f, const std::string& id);
  Outcome teardown_volumes(Frame& f);
  Outcome final_delete(Frame& f);

  // pod_containers.cc
  Outcome ensure_image(Frame& f, const Action& action);
  void pull(Frame& f, const ContainerSpec& c, uint32_t attempt, const runtime::image::Reference& reference);
  void image_failed(PodState& pod, const ContainerSpec& c, uint32_t attempt, std::string reason, std::string message);
  Outcome create_container(Frame& f, const Action& action);
  Outcome start_container(Frame& f, const Action& action);
  Outcome stop_container(Frame& f, const Action& action);
  Result<std::vector<runtime::cri::Mount>> mounts_of(Frame& f, const ContainerSpec& c, uint32_t attempt);
  Result<std::string> create(Frame& f, const ContainerSpec& c, const Action& action, std::string& reason);
  void container_failed(Frame& f, const ContainerSpec& c, std::string reason, std::string message);
  void link_log(const Frame& f, const ContainerSpec& c, const std::string& id, uint32_t attempt);
  void unlink_logs(const Frame& f, std::string_view inside);  // links to files whose path begins so
  void drop_logs(const Frame& f, const std::string& container, uint32_t attempt);

  [[nodiscard]] EventObject about(const PodSpec& pod, const ContainerSpec* container = nullptr) const;
  [[nodiscard]] DownwardFacts facts(const Frame& f) const;

  Deps d_;
  WorkerMetrics metrics_;
  std::atomic<int64_t> drain_deadline_ns_{0};  // 0 = not draining
};

// One sync of one pod.
struct PodWorker::Frame {
  std::shared_ptr<PodState> shared;
  PodState& pod;
  const PodSpec& spec;
  PodDir dir;
  Desired desired;
  std::string failed_reason;
  std::string failed_message;
  bool gone = false;
  std::optional<WallTime> wake;
};

}  // namespace appliance::orchestrator::kubelet
