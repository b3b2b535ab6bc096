#include "node/server.h"

#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>

#include "base/crypto/x509.h"
#include "base/fs.h"
#include "base/metrics.h"
#include "node/addresses.h"
#include "node/agent/agent.h"
#include "node/bootstrap/notify.h"
#include "node/control/control.h"
#include "node/control_plane.h"
#include "node/stop_request.h"
#include "node/version.h"
#include "node/worker.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/client/remote_stats.h"
#include "orchestrator/client/remote_streams.h"
#include "orchestrator/controllers/certificates.h"
#include "orchestrator/controllers/deployment.h"
#include "orchestrator/controllers/endpoints.h"
#include "orchestrator/controllers/garbage.h"
#include "orchestrator/controllers/join_secrets.h"
#include "orchestrator/controllers/namespaces.h"
#include "orchestrator/controllers/node_ipam.h"
#include "orchestrator/controllers/node_lifecycle.h"
#include "orchestrator/controllers/replicaset.h"
#include "orchestrator/controllers/runner.h"
#include "orchestrator/scheduler/scheduler.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

constexpr int kNetThreads = 2;
constexpr int kBlockingThreads = 4;
constexpr int kReconcileThreads = 4;

class Composition final : public Server {
 public:
  Composition(const Config& config, const base::Clock& clock, base::Random& random, base::Log log)
      : config_(config),
        clock_(clock),
        random_(random),
        log_(std::move(log)),
        fs_(base::make_real_fs()),
        loop_({.name = "net", .threads = kNetThreads}),
        blocking_({.name = "blocking", .threads = kBlockingThreads, .queue_max = 4096}),
        plane_({.config = config_,
                .clock = clock,
                .random = random,
                .log = log_,
                .metrics = metrics_,
                .fs = *fs_,
                .loop = loop_}),
        agent_({.config = config_, .clock = clock, .random = random, .log = log_, .metrics = metrics_, .loop = loop_}) {
  }
  ~Composition() override { (void)stop(StopKind::kKeepPods); }  // stop() logs what it could not do

  Result<> open() {
    TRY(make_folders(config_));
    for (const auto& dir : {config_.store_dir(), config_.pki_dir()}) TRY(base::make_dirs(dir, 0700));
    TRY(nth_address(config_.service_cidr, 1));  // the control plane takes it: said before anything is touched
    pod_cidr_ = TRY(nth_subnet(config_.cluster_cidr, kPodSubnetBits, 0));
    notify("STATUS=opening the store");
    TRY(open_store());  // takes the lock of the data folder: before it nothing of another server's may be touched
    // The runtime and the network need nothing of the API: they open beside it.
    std::thread machine([this] { machine_ = agent_.open_machine(pod_cidr_); });
    auto plane = open_control_plane();
    machine.join();
    TRY(plane);
    TRY(machine_);
    TRY(start_controllers());
    TRY(start_node());
    plane_.start_compaction();
    return {};
  }

  StopKind wait() override { return asked_.wait(); }
  void request_stop(StopKind kind) override { asked_.request(kind); }

  Result<> stop(StopKind kind) override {
    if (stopped_.exchange(true)) return {};
    notify("STOPPING=1");
    if (plane_.serves()) {
      plane_.api().set_node_streams(nullptr);
      plane_.api().set_node_stats(nullptr);
    }
    auto worst = agent_.stop(kind);
    if (runner_) runner_->stop();
    plane_.stop_listener();
    if (control_) control_->stop();
    plane_.stop_api();
    blocking_.stop();
    stats_.reset();
    streams_.reset();  // nothing of the API asks it any more, and what it leads to is still there
    agent_.close();
    runner_.reset();
    plane_.close_api();
    loop_.stop();
    plane_.stop_store();
    if (owner_) {
      (void)::unlink(config_.control_socket().c_str());  // the next server makes it anew
      (void)::unlink(config_.pid_file().c_str());
    }
    return worst;
  }

 private:
  Result<> open_store() {
    TRY(plane_.open_store());
    TRY(base::write_file(config_.pid_file(),
                         std::to_string(getpid()) + '\n'));  // after the store's lock: one server a folder
    owner_ = true;
    return {};
  }

  Result<> open_control_plane() {
    TRY(plane_.open_api());
    net::http::ServerOptions control;
    control.unix_path = config_.control_socket();
    control.log = log_.with({{"component", "control"}});
    control_ = TRY_CTX(net::http::Server::listen(loop_, control, control_handler(control_deps())), "control socket");

    TRY(plane_.listen());
    notify("READY=1\nSTATUS=the API serves");
    log_.info("api serves", {{"address", config_.bind_address}, {"port", config_.https_listen_port}});
    return {};
  }

  Result<> start_controllers() {
    auto reserved = TRY(reserved_names());
    runner_ = std::make_unique<orch::controllers::Runner>(
        orch::controllers::Runner::Options{
            .threads = kReconcileThreads, .log = log_.with({{"component", "controllers"}}), .metrics = &metrics_},
        plane_.api().internal_client(), plane_.api().informers(), clock_, random_);
    namespace c = orch::controllers;
    const auto kinds = orch::api::builtin_kinds();
    runner_->add(orch::scheduler::make_scheduler());
    runner_->add(c::make_deployment_controller());
    runner_->add(c::make_replicaset_controller());
    runner_->add(c::make_endpoints_controller());
    runner_->add(c::make_namespace_controller(kinds));
    runner_->add(c::make_service_account_controller());
    runner_->add(c::make_root_ca_controller(plane_.pki().ca_pem));
    runner_->add(c::make_node_lifecycle_controller(
        {.monitor_grace_period = std::chrono::seconds(config_.node_monitor_grace_period_seconds),
         .default_unreachable_toleration = std::chrono::seconds(config_.default_unreachable_toleration_seconds)}));
    runner_->add(c::make_node_ipam_controller({.cluster_cidr = config_.cluster_cidr,
                                               .node_bits = kPodSubnetBits,
                                               .reserved = {{config_.node_name, pod_cidr_}}}));
    runner_->add(c::make_certificate_controller({.ca_pem = plane_.pki().ca_pem,
                                                 .ca_key_pem = plane_.pki().ca_key_pem,
                                                 .reserved_names = std::move(reserved),
                                                 .reserved_networks = {config_.cluster_cidr, config_.service_cidr}}));
    runner_->add(c::make_join_secret_cleaner());
    runner_->add(c::make_garbage_collector(kinds));
    runner_->add(c::make_event_expiry());
    runner_->start();
    return {};
  }

  // What the API server's certificate is for, and the names of Services: no node's certificate may be for it too.
  [[nodiscard]] Result<std::vector<std::string>> reserved_names() const {
    const auto facts = TRY_CTX(crypto::parse_certificate(plane_.pki().server_pem), "api certificate");
    std::vector<std::string> out = facts.dns_names;
    out.insert(out.end(), facts.ip_addresses.begin(), facts.ip_addresses.end());
    out.insert(out.end(), {".svc", '.' + config_.cluster_domain});
    return out;
  }

  Result<> start_node() {
    write_cluster_facts();
    auto& client = plane_.api().client_as(std::string(orch::api::kNodeUser) + config_.node_name,
                                          {std::string(orch::api::kNodesGroup)});
    TRY(agent_.start(client, plane_.api().informers()));
    TRY(agent_.serve_kubelet_api({.certificate_pem = plane_.pki().kubelet_pem + plane_.pki().ca_pem,
                                  .key_pem = plane_.pki().kubelet_key_pem,
                                  .client_ca_pem = plane_.pki().ca_pem}));
    const orch::client::StreamCredentials credentials{.ca_pem = plane_.pki().ca_pem,
                                                      .certificate_pem = plane_.pki().kubelet_client_pem,
                                                      .key_pem = plane_.pki().kubelet_client_key_pem};
    streams_ = orch::client::make_stream_router({.local_node = config_.node_name,
                                                 .local = &agent_.streams(),
                                                 .credentials = credentials,
                                                 .log = log_.with({{"component", "streams"}})},
                                                plane_.api().informers(), loop_);
    plane_.api().set_node_streams(streams_.get());
    stats_ = orch::client::make_stats_router(
        {.local_node = config_.node_name, .local = &agent_.stats(), .credentials = credentials},
        plane_.api().informers());
    plane_.api().set_node_stats(stats_.get());
    return {};
  }

  // What a machine must know before it can join, for everybody who holds a token. A full disk keeps nobody from
  // starting.
  void write_cluster_facts() {
    auto& client = plane_.api().internal_client();
    const auto key = cluster_facts_key();
    const auto map = facts_map(config_, version().appliance);
    auto done = client.get("configmaps", key);
    const auto* data = done ? json::find(*done, {"data"}) : nullptr;
    if (data != nullptr && *data == *json::find(map, {"data"})) return;
    done = done ? client.patch("configmaps", key, orch::client::PatchType::kMerge, map)
                : client.create("configmaps", key.ns, map);
    if (!done) log_.warn("facts of the cluster not written: no machine can join yet", {{"error", done.error()}});
  }

  ControlDeps control_deps() {
    return {.config = config_,
            .kv = &plane_.kv(),
            .informers = plane_.api().informers(),
            .api = plane_.api().handler(),
            .images = [this] { return agent_.images(); },
            .node_ready = [this] { return agent_.node_ready(); },
            .stop = [this](StopKind kind) { request_stop(kind); },
            .blocking = blocking_,
            .client = plane_.api().internal_client(),
            .ca_pem = plane_.pki().ca_pem,
            .clock = clock_,
            .random = random_,
            .api_url = plane_.url(),
            .problem = {},
            .stopping = [this] { return stopped_.load(); }};
  }

  const Config& config_;
  const base::Clock& clock_;
  base::Random& random_;
  base::Log log_;
  base::Metrics metrics_;
  std::unique_ptr<base::Fs> fs_;
  net::Loop loop_;
  base::ThreadPool blocking_;
  std::string pod_cidr_;
  ControlPlane plane_;
  std::unique_ptr<net::http::Server> control_;
  Result<> machine_;
  std::unique_ptr<orch::controllers::Runner> runner_;
  Agent agent_;
  std::unique_ptr<orch::client::NodeStreams> streams_;
  std::unique_ptr<orch::client::NodeStats> stats_;
  StopRequest asked_;
  std::atomic<bool> stopped_{false};
  bool owner_ = false;  // the data folder is ours: socket and pid file are too
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Config& config, const base::Clock& clock, base::Random& random,
                                              base::Log log) {
  if (auto membership = TRY(read_membership(config)))
    return start_worker(config, std::move(*membership), clock, random, std::move(log));
  auto server = std::make_unique<Composition>(config, clock, random, std::move(log));
  TRY(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace appliance::node
