#include "node/server.h"

#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "base/crypto/x509.h"
#include "base/fs.h"
#include "base/metrics.h"
#include "base/strings.h"
#include "net/tls/context.h"
#include "node/addresses.h"
#include "node/agent/agent.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/bootstrap/notify.h"
#include "node/control/control.h"
#include "node/pki/pki.h"
#include "node/stop_request.h"
#include "node/version.h"
#include "node/worker.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/front.h"
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
#include "store/server/compactor.h"
#include "store/server/embedded_store.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

constexpr int kNetThreads = 2;
constexpr int kBlockingThreads = 4;
constexpr int kReconcileThreads = 4;
// Over the API's own 3 MiB, so that it is the API that refuses, with a Status that clients understand.
constexpr size_t kListenerBodyBytesMax = 8U << 20U;

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
        agent_({.config = config_, .clock = clock, .random = random, .log = log_, .metrics = metrics_, .loop = loop_}) {
  }
  ~Composition() override { (void)stop(StopKind::kKeepPods); }  // stop() logs what it could not do

  Result<> open() {
    TRY(make_folders(config_));
    for (const auto& dir : {config_.store_dir(), config_.pki_dir()}) TRY(base::make_dirs(dir, 0700));
    api_service_ip_ = TRY(nth_address(config_.service_cidr, 1));
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
    compactor_.emplace(*kv_, clock_, log_);
    compact_later();
    return {};
  }

  StopKind wait() override { return asked_.wait(); }
  void request_stop(StopKind kind) override { asked_.request(kind); }

  Result<> stop(StopKind kind) override {
    if (stopped_.exchange(true)) return {};
    notify("STOPPING=1");
    if (api_) api_->set_node_streams(nullptr);
    auto worst = agent_.stop(kind);
    if (runner_) runner_->stop();
    if (listener_) listener_->stop();
    if (control_) control_->stop();
    if (api_) api_->stop();
    blocking_.stop();
    streams_.reset();  // nothing of the API asks it any more, and what it leads to is still there
    agent_.close();
    runner_.reset();
    api_.reset();
    loop_.stop();
    compaction_.reset();
    if (kv_) kv_->stop();
    if (owner_) {
      (void)::unlink(config_.control_socket().c_str());  // the next server makes it anew
      (void)::unlink(config_.pid_file().c_str());
    }
    return worst;
  }

 private:
  Result<> open_store() {
    store::server::StoreOptions store_options{.dir = config_.store_dir(), .fs = *fs_, .clock = clock_};
    store_options.log = log_.with({{"component", "store"}});
    store_options.metrics = &metrics_;
    store_options.version = version().appliance;
    kv_ = TRY_CTX(store::server::EmbeddedStore::open(std::move(store_options)), "store");
    TRY(base::write_file(config_.pid_file(),
                         std::to_string(getpid()) + '\n'));  // after the store's lock: one server a folder
    owner_ = true;
    return {};
  }

  Result<> open_control_plane() {
    pki_ = TRY_CTX(open_pki(config_.pki_dir(),
                            {.node_name = config_.node_name,
                             .node_ip = config_.node_ip,
                             .api_service_ip = api_service_ip_,
                             .cluster_domain = config_.cluster_domain,
                             .more = config_.tls_san},
                            clock_),
                   "pki");
    // Only when it says something else: a full disk keeps no server from starting.
    if (const auto is = base::read_file(config_.admin_kubeconfig()); !is || *is != kubeconfig_text())
      TRY(base::write_file_atomic(config_.admin_kubeconfig(), kubeconfig_text(), 0600));

    orch::apiserver::Options options;
    options.kv = kv_.get();
    options.clock = &clock_;
    options.random = &random_;
    options.log = log_.with({{"component", "api"}});
    options.metrics = &metrics_;
    options.service_account_key_pem = pki_.service_account_key_pem;
    options.service_account_issuer = "https://kubernetes.default.svc." + config_.cluster_domain;
    options.service_cidr = config_.service_cidr;
    const auto range = base::split(config_.service_node_port_range, '-');
    options.node_port_first = base::parse_int<int>(range[0]).value_or(30000);
    options.node_port_last = base::parse_int<int>(range[1]).value_or(32767);
    options.advertise_address = config_.node_ip;
    options.advertise_port = config_.https_listen_port;
    options.unreachable_toleration_seconds = config_.default_unreachable_toleration_seconds;
    options.version.git_version = version().kubernetes;
    options.version.git_commit = version().commit;
    api_ = TRY_CTX(orch::apiserver::ApiServer::create(std::move(options)), "api");
    TRY_CTX(api_->start(), "api");

    net::http::ServerOptions control;
    control.unix_path = config_.control_socket();
    control.log = log_.with({{"component", "control"}});
    control_ = TRY_CTX(net::http::Server::listen(loop_, control, control_handler(control_deps())), "control socket");

    net::http::ServerOptions https;
    https.address = config_.bind_address;
    https.port = config_.https_listen_port;
    https.tls = TRY_CTX(net::tls::ServerContext::create({.certificate_pem = pki_.server_pem + pki_.ca_pem,
                                                         .key_pem = pki_.server_key_pem,
                                                         .client_ca_pem = pki_.ca_pem}),
                        "api certificate");
    https.log = log_.with({{"component", "https"}});
    https.metrics = &metrics_;
    https.body_bytes_max = kListenerBodyBytesMax;
    listener_ = TRY_CTX(net::http::Server::listen(loop_, https, api_->handler()), "api listener");
    notify("READY=1\nSTATUS=the API serves");
    log_.info("api serves", {{"address", config_.bind_address}, {"port", config_.https_listen_port}});
    return {};
  }

  Result<> start_controllers() {
    auto reserved = TRY(reserved_names());
    runner_ = std::make_unique<orch::controllers::Runner>(
        orch::controllers::Runner::Options{
            .threads = kReconcileThreads, .log = log_.with({{"component", "controllers"}}), .metrics = &metrics_},
        api_->internal_client(), api_->informers(), clock_, random_);
    namespace c = orch::controllers;
    const auto kinds = orch::api::builtin_kinds();
    runner_->add(orch::scheduler::make_scheduler());
    runner_->add(c::make_deployment_controller());
    runner_->add(c::make_replicaset_controller());
    runner_->add(c::make_endpoints_controller());
    runner_->add(c::make_namespace_controller(kinds));
    runner_->add(c::make_service_account_controller());
    runner_->add(c::make_root_ca_controller(pki_.ca_pem));
    runner_->add(c::make_node_lifecycle_controller(
        {.monitor_grace_period = std::chrono::seconds(config_.node_monitor_grace_period_seconds),
         .default_unreachable_toleration = std::chrono::seconds(config_.default_unreachable_toleration_seconds)}));
    runner_->add(c::make_node_ipam_controller({.cluster_cidr = config_.cluster_cidr,
                                               .node_bits = kPodSubnetBits,
                                               .reserved = {{config_.node_name, pod_cidr_}}}));
    runner_->add(c::make_certificate_controller({.ca_pem = pki_.ca_pem,
                                                 .ca_key_pem = pki_.ca_key_pem,
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
    const auto facts = TRY_CTX(crypto::parse_certificate(pki_.server_pem), "api certificate");
    std::vector<std::string> out = facts.dns_names;
    out.insert(out.end(), facts.ip_addresses.begin(), facts.ip_addresses.end());
    out.insert(out.end(), {".svc", '.' + config_.cluster_domain});
    return out;
  }

  Result<> start_node() {
    write_cluster_facts();
    auto& client =
        api_->client_as(std::string(orch::api::kNodeUser) + config_.node_name, {std::string(orch::api::kNodesGroup)});
    TRY(agent_.start(client, api_->informers()));
    TRY(agent_.serve_kubelet_api({.certificate_pem = pki_.kubelet_pem + pki_.ca_pem,
                                  .key_pem = pki_.kubelet_key_pem,
                                  .client_ca_pem = pki_.ca_pem}));
    streams_ = orch::client::make_stream_router({.local_node = config_.node_name,
                                                 .local = &agent_.streams(),
                                                 .credentials = {.ca_pem = pki_.ca_pem,
                                                                 .certificate_pem = pki_.kubelet_client_pem,
                                                                 .key_pem = pki_.kubelet_client_key_pem},
                                                 .log = log_.with({{"component", "streams"}})},
                                                api_->informers(), loop_);
    api_->set_node_streams(streams_.get());
    return {};
  }

  // What a machine must know before it can join, for everybody who holds a token. A full disk keeps nobody from
  // starting.
  void write_cluster_facts() {
    auto& client = api_->internal_client();
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
            .kv = kv_.get(),
            .informers = api_->informers(),
            .api = api_->handler(),
            .images = [this] { return agent_.images(); },
            .node_ready = [this] { return agent_.node_ready(); },
            .stop = [this](StopKind kind) { request_stop(kind); },
            .blocking = blocking_,
            .client = api_->internal_client(),
            .ca_pem = pki_.ca_pem,
            .clock = clock_,
            .random = random_,
            .api_url = "https://127.0.0.1:" + std::to_string(config_.https_listen_port),
            .problem = {},
            .stopping = [this] { return stopped_.load(); }};
  }

  void compact_later() {
    compaction_ = loop_.after(compactor_->tick(), [this] { compact_later(); });
  }

  [[nodiscard]] std::string kubeconfig_text() const {
    return json::serialize_pretty(
               admin_kubeconfig(pki_, "https://127.0.0.1:" + std::to_string(config_.https_listen_port))) +
           '\n';
  }

  const Config& config_;
  const base::Clock& clock_;
  base::Random& random_;
  base::Log log_;
  base::Metrics metrics_;
  std::unique_ptr<base::Fs> fs_;
  net::Loop loop_;
  base::ThreadPool blocking_;
  std::string api_service_ip_;
  std::string pod_cidr_;
  Pki pki_;
  std::unique_ptr<store::server::EmbeddedStore> kv_;
  std::unique_ptr<orch::apiserver::ApiServer> api_;
  std::unique_ptr<net::http::Server> control_;
  std::unique_ptr<net::http::Server> listener_;
  Result<> machine_;
  std::unique_ptr<orch::controllers::Runner> runner_;
  Agent agent_;
  std::unique_ptr<orch::client::NodeStreams> streams_;
  std::unique_ptr<net::Loop::Timer> compaction_;  // its task runs on the loop and makes the next one
  std::optional<store::server::Compactor> compactor_;
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
