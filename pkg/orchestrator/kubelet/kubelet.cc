#include "orchestrator/kubelet/kubelet.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "base/fs.h"
#include "orchestrator/kubelet/node_agent.h"
#include "orchestrator/kubelet/node_status.h"
#include "orchestrator/kubelet/pod_worker.h"
#include "orchestrator/kubelet/stats.h"
#include "orchestrator/kubelet/streams.h"

namespace appliance::orchestrator::kubelet {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kSlowThreadsMax = 256;  // a container that is being stopped or probed holds one
constexpr size_t kPullThreadsMax = 4;    // parallel pulls: more only share the same line
constexpr auto kOrphanRetry = milliseconds(500);
constexpr std::string_view kPollSources = "*sources";     // in the queue of pod uids, none of which has a star
constexpr auto kSourcesEvery = std::chrono::seconds(60);  // as kubelets look again at what they mount

}  // namespace

// The runtime keeps its event callback longer than a kubelet may live: the door is closed by stop().
struct EventDoor {
  std::mutex mutex;
  std::function<void(const std::string& sandbox)> open;  // GUARDED_BY(mutex)
};

struct Kubelet::Core {
  Core(Options o, client::Client& c, client::InformerSource& i, runtime::cri::Runtime& r, podnet::PodNet& n,
       const base::Clock& k, base::Log l, base::Metrics& m)
      : options(std::move(o)),
        client(c),
        informers(i),
        runtime(r),
        net(n),
        clock(k),
        log(std::move(l)),
        reader(c, i, k),
        events(c, options.node_name, k, log),
        queue(k),
        prober(r, slow, k,
               {.on_verdict =
                    [this](const ProbeReport& report) {
                      if (auto pod = find_uid(report.uid)) worker.on_verdict(*pod, report);
                    },
                .on_failure =
                    [this](const ProbeReport& report) {
                      if (auto pod = find_uid(report.uid)) worker.on_probe_failure(*pod, report);
                    }}),
        machine(read_machine(options.data_dir)),
        worker({.options = options,
                .client = c,
                .reader = reader,
                .runtime = r,
                .net = n,
                .clock = k,
                .events = events,
                .prober = prober,
                .slow = slow,
                .pulls = pulls,
                .queue = queue,
                .node = {.cpu_millis = machine.cpus * 1000, .memory_bytes = machine.memory_bytes},
                .log = log,
                .metrics = m,
                .forget = [this](const std::string& uid) { forget(uid); },
                .note_sandbox =
                    [this](const std::string& id, const std::string& uid) {
                      const std::lock_guard lock(mutex);
                      sandbox_uids[id] = uid;
                    },
                .changed = [](const std::string&) {}}),
        node(options, c, r, k, events, log),
        streams(
            options, r, [this](const std::string& ns, const std::string& name) { return find_name(ns, name); }, log),
        stats({.node = options.node_name, .data_dir = options.data_dir, .cores = static_cast<int>(machine.cpus)}, r,
              k) {}

  std::shared_ptr<PodState> find_uid(const std::string& uid) {
    const std::lock_guard lock(mutex);
    const auto found = pods.find(uid);
    return found == pods.end() ? nullptr : found->second;
  }

  std::shared_ptr<PodState> find_name(const std::string& ns, const std::string& name) {
    std::shared_ptr<PodState> best;
    const std::lock_guard lock(mutex);
    for (const auto& [uid, pod] : pods) {
      const std::lock_guard pod_lock(pod->mutex);
      if (!pod->object || pod->object->key.name != name || pod->object->key.ns != ns) continue;
      if (!best || !pod->gone) best = pod;
    }
    return best;
  }

  void forget(const std::string& uid) {
    {
      const std::lock_guard lock(mutex);
      pods.erase(uid);
      std::erase_if(sandbox_uids, [&](const auto& entry) { return entry.second == uid; });
    }
    queue.forget(uid);
    emptied.notify_all();
  }

  void on_pod(const client::Notice& notice) {
    const auto* facts = std::get_if<api::PodFacts>(&notice.object->facts);
    if (facts == nullptr || facts->node != options.node_name) return;
    const std::string& uid = notice.object->meta.uid;
    std::shared_ptr<PodState> pod;
    {
      const std::lock_guard lock(mutex);
      auto& slot = pods[uid];
      if (!slot && notice.change == client::Change::kDeleted) {
        pods.erase(uid);
        return;
      }
      if (!slot) slot = std::make_shared<PodState>(uid);
      pod = slot;
    }
    {
      const std::lock_guard lock(pod->mutex);
      pod->object = notice.object;
      pod->gone = notice.change == client::Change::kDeleted;
    }
    queue.add(uid);
  }

  void on_source(std::string_view resource, const client::Notice& notice) {
    const std::string key = std::string(resource) + '/' + notice.object->key.string();
    refresh_sources([&](const PodState& pod, bool waits) {
      return pod.object->key.ns == notice.object->key.ns && (waits || pod.sources.contains(key));
    });
  }

  // Where ConfigMaps and Secrets cannot be watched, pods that use them are looked at from time to time.
  void poll_sources() {
    refresh_sources([](const PodState& pod, bool waits) { return waits || !pod.sources.empty(); });
    queue.add_at(std::string(kPollSources), clock.monotonic() + kSourcesEvery);
  }

  // Looks again at the pods of which `uses` says so; `waits`: one of its containers could not be made.
  void refresh_sources(const std::function<bool(const PodState& pod, bool waits)>& uses) {
    std::vector<std::string> touched;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [uid, pod] : pods) {
        const std::lock_guard pod_lock(pod->mutex);
        if (!pod->object) continue;
        const bool waits = std::any_of(pod->memos.begin(), pod->memos.end(),
                                       [](const auto& memo) { return !memo.second.error_reason.empty(); });
        if (!uses(*pod, waits)) continue;
        pod->sources_changed = true;
        touched.push_back(uid);
      }
    }
    for (const auto& uid : touched) queue.add(uid);
  }

  void on_runtime_event(const std::string& sandbox) {
    std::string uid;
    {
      const std::lock_guard lock(mutex);
      const auto found = sandbox_uids.find(sandbox);
      if (found == sandbox_uids.end()) return;
      uid = found->second;
    }
    queue.add(uid);
  }

  // Pods that run here and whose object may be gone: asked for, one by one, until the API has answered.
  void check_orphans() {
    std::vector<std::shared_ptr<PodState>> asked;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [uid, pod] : pods) {
        const std::lock_guard pod_lock(pod->mutex);
        if (!pod->object && !pod->gone) asked.push_back(pod);
      }
    }
    for (const auto& pod : asked) {
      const auto names = adopted_names.find(pod->uid);
      if (names == adopted_names.end()) continue;
      for (;;) {
        {
          std::unique_lock lock(mutex);
          if (stopping) return;
        }
        {
          const std::lock_guard lock(pod->mutex);
          if (pod->object) break;
        }
        const auto object = client.get("pods", names->second);
        if (object && json::string_at(*object, {"metadata", "uid"}) == pod->uid &&
            json::string_at(*object, {"spec", "nodeName"}) == options.node_name)
          break;  // the informer will bring it
        const bool refused = !object && object.error().code == Code::kPermissionDenied;
        if (object || object.error().code == Code::kNotFound ||
            (refused && reader.pod_is_gone(names->second, pod->uid))) {
          log.info("pod is gone from the API, its containers are stopped", {{"pod", names->second.string()}});
          {
            const std::lock_guard lock(pod->mutex);
            if (!pod->object) pod->gone = true;
          }
          queue.add(pod->uid);
          break;
        }
        std::unique_lock lock(mutex);
        emptied.wait_for(lock, kOrphanRetry, [&] { return stopping; });
      }
    }
  }

  Result<> adopt() {
    auto sandboxes = TRY_CTX(runtime.list_sandboxes(), "list sandboxes");
    std::sort(sandboxes.begin(), sandboxes.end(),
              [](const auto& a, const auto& b) { return a.config.attempt > b.config.attempt; });
    std::vector<std::string> uids;
    {
      const std::lock_guard lock(mutex);
      for (auto& s : sandboxes) {
        auto& pod = pods[s.config.uid];
        if (!pod) pod = std::make_shared<PodState>(s.config.uid);
        sandbox_uids[s.id] = s.config.uid;
        adopted_names[s.config.uid] = {s.config.namespace_, s.config.name};
        uids.push_back(s.config.uid);
        pod->sandboxes.push_back(std::move(s));
      }
    }
    if (!uids.empty()) log.info("adopted what runs", {{"pods", pods.size()}});
    TRY_CTX(net.reconcile(uids), "reconcile pod network");
    return {};
  }

  Result<> start() {
    events.start();
    prober.start();
    door->open = [this](const std::string& sandbox) { on_runtime_event(sandbox); };
    runtime.on_event([shared = door](const std::string& sandbox) {
      const std::lock_guard lock(shared->mutex);
      if (shared->open) shared->open(sandbox);
    });
    TRY(adopt());
    for (int i = 0; i < options.workers; ++i)
      workers.emplace_back([this] {
        base::set_thread_name("kubelet-pod");
        while (auto uid = queue.take()) {
          if (*uid == kPollSources) {
            poll_sources();
          } else if (auto pod = find_uid(*uid)) {
            worker.sync(pod);
          }
          queue.done(*uid);
        }
      });
    for (const auto* resource : {"configmaps", "secrets"}) {
      auto* informer = informers.find(resource);
      if (informer == nullptr) {
        queue.add_at(std::string(kPollSources), clock.monotonic() + kSourcesEvery);
        continue;
      }
      subscriptions.push_back(
          informer->subscribe([this, resource](const client::Notice& notice) { on_source(resource, notice); }));
    }
    subscriptions.push_back(
        informers.informer("pods").subscribe([this](const client::Notice& notice) { on_pod(notice); }));
    if (options.register_node) node.start();
    if (!slow.post([this] { check_orphans(); })) return fail(Code::kUnavailable, "the kubelet is stopping");
    started = true;
    return {};
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      stopping = true;
    }
    emptied.notify_all();
    {
      const std::lock_guard lock(door->mutex);
      door->open = nullptr;
    }
    node.stop();
    subscriptions.clear();
    queue.stop();
    for (auto& thread : workers) thread.join();
    workers.clear();
    prober.stop();
    streams.stop();
    stats.stop();
    slow.stop();
    pulls.stop();
    events.stop();
  }

  Result<> stop_all_pods(seconds deadline) {
    if (!started) return {};
    node.stop();
    worker.drain_until(clock.now() + deadline);
    std::vector<std::string> uids;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [uid, pod] : pods) uids.push_back(uid);
    }
    for (const auto& uid : uids) queue.add(uid);
    std::unique_lock lock(mutex);
    // Two seconds more than the deadline: SIGKILL and the removal of sandboxes come after it.
    const bool all = emptied.wait_for(lock, deadline + seconds(2), [&] { return pods.empty() || stopping; });
    lock.unlock();
    if (all) return {};
    log.warn("pods did not stop in time, killing them");
    for (const auto& s : TRY(runtime.list_sandboxes())) {
      TRY(runtime.stop_sandbox(s.id));
      if (!s.config.host_network) TRY(net.detach(s.config.uid));
      TRY(runtime.remove_sandbox(s.id));
    }
    return {};
  }

  const Options options;
  client::Client& client;
  client::InformerSource& informers;
  runtime::cri::Runtime& runtime;
  podnet::PodNet& net;
  const base::Clock& clock;
  const base::Log log;
  std::mutex mutex;
  std::condition_variable emptied;
  std::map<std::string, std::shared_ptr<PodState>> pods;   // GUARDED_BY(mutex); by uid
  std::map<std::string, std::string> sandbox_uids;         // GUARDED_BY(mutex)
  std::map<std::string, client::ObjectKey> adopted_names;  // written before any thread runs
  bool stopping = false;                                   // GUARDED_BY(mutex)
  bool started = false;
  std::shared_ptr<EventDoor> door = std::make_shared<EventDoor>();  // outlives the kubelet in the runtime's callback
  ApiReader reader;
  EventRecorder events;
  WorkQueue queue;
  base::ElasticPool slow{{.name = "kubelet-slow", .threads_max = kSlowThreadsMax}};
  base::ElasticPool pulls{{.name = "kubelet-pull", .threads_max = kPullThreadsMax}};
  Prober prober;
  Machine machine;
  PodWorker worker;
  NodeAgent node;
  Streams streams;
  LocalStats stats;
  std::vector<std::thread> workers;
  std::vector<std::unique_ptr<client::Subscription>> subscriptions;
};

Kubelet::Kubelet(Options options, client::Client& client, client::InformerSource& informers,
                 runtime::cri::Runtime& runtime, podnet::PodNet& net, const base::Clock& clock, base::Random&,
                 base::Log log, base::Metrics& metrics)
    : core_(std::make_unique<Core>(std::move(options), client, informers, runtime, net, clock, std::move(log),
                                   metrics)) {}

Kubelet::~Kubelet() { stop(); }
Result<> Kubelet::start() { return core_->start(); }
void Kubelet::stop() { core_->stop(); }
Result<> Kubelet::stop_all_pods(seconds deadline) { return core_->stop_all_pods(deadline); }
client::NodeStreams& Kubelet::streams() { return core_->streams; }
client::NodeStats& Kubelet::stats() { return core_->stats; }
bool Kubelet::node_ready() const { return core_->node.ready(); }
void Kubelet::poke() { core_->queue.poke(); }

}  // namespace appliance::orchestrator::kubelet
