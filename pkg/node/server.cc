#include "node/server.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/fs.h"
#include "base/metrics.h"
#include "base/strings.h"
#include "net/tls/context.h"
#include "node/addresses.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/bootstrap/notify.h"
#include "node/control/control.h"
#include "node/pki/pki.h"
#include "node/version.h"
#include "orchestrator/apiserver/front.h"
#include "orchestrator/controllers/certificates.h"
#include "orchestrator/controllers/deployment.h"
#include "orchestrator/controllers/endpoints.h"
#include "orchestrator/controllers/garbage.h"
#include "orchestrator/controllers/join_secrets.h"
#include "orchestrator/controllers/namespaces.h"
#include "orchestrator/controllers/node_lifecycle.h"
#include "orchestrator/controllers/replicaset.h"
#include "orchestrator/controllers/runner.h"
#include "orchestrator/dns/server.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/podnet/podnet.h"
#include "orchestrator/proxy/proxy.h"
#include "orchestrator/scheduler/scheduler.h"
#include "runtime/cri/runtime.h"
#include "store/server/compactor.h"
#include "store/server/embedded_store.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

constexpr int kNetThreads = 2;
constexpr int kBlockingThreads = 4;
constexpr int kReconcileThreads = 4;
constexpr std::chrono::seconds kStopPodsDeadline{40};  // a default grace of 30 s and what comes after
constexpr int kPodSubnetBits = 24;
// Over the API's own 3 MiB, so that it is the API that refuses, with a Status that clients understand.
constexpr size_t kListenerBodyBytesMax = 8U << 20U;

orch::podnet::Options podnet_options(const Config& config, const std::string& pod_cidr, const base::Log& log) {
  orch::podnet::Options options;
  options.pod_cidr = pod_cidr;
  options.cluster_cidr = config.cluster_cidr;
  options.service_cidr = config.service_cidr;
  options.state_dir = config.run_dir + "/net";
  options.log = log.with({{"component", "podnet"}});
  return options;
}

runtime::cri::RuntimeOptions runtime_options(const Config& config, const base::Clock& clock, const base::Log& log) {
  return {.run_dir = config.run_dir,
          .data_dir = config.data_dir,
          .cgroup_parent = config.cgroup_parent(),
          .clock = &clock,
          .log = log.with({{"component", "runtime"}})};
}

Result<std::unique_ptr<runtime::image::ImageStore>> open_images(const Config& config, const base::Log& log) {
  runtime::image::StoreOptions options;
  options.data_dir = config.images_dir();
  options.run_dir = config.run_dir + "/layers";
  options.log = log.with({{"component", "images"}});
  for (const auto& mirror : config.registry_mirrors) {
    const auto equals = mirror.find('=');
    if (equals == std::string::npos)
      return fail(Code::kInvalidArgument, "registry-mirror: \"" + mirror + "\" is not HOST=URL");
    options.mirrors[mirror.substr(0, equals)].push_back(mirror.substr(equals + 1));
  }
  return runtime::image::ImageStore::open(std::move(options));
}

class Composition final : public Server {
 public:
  Composition(const Config& config, const base::Clock& clock, base::Random& random, base::Log log)
      : config_(config),
        clock_(clock),
        random_(random),
        log_(std::move(log)),
        fs_(base::make_real_fs()),
        loop_({.name = "net", .threads = kNetThreads}),
        blocking_({.name = "blocking", .threads = kBlockingThreads, .queue_max = 4096}) {}
  ~Composition() override { (void)stop(StopKind::kKeepPods); }  // stop() logs what it could not do

  Result<> open() {
    TRY(make_folders());
    api_service_ip_ = TRY(nth_address(config_.service_cidr, 1));
    pod_cidr_ = TRY(nth_subnet(config_.cluster_cidr, kPodSubnetBits, 0));
    notify("STATUS=opening the store");
    TRY(open_store());  // takes the lock of the data folder: before it nothing of another server's may be touched
    // The runtime and the network need nothing of the API: they open beside it.
    std::thread machine([this] { machine_ = open_machine(); });
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

  StopKind wait() override {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    const base::Fd signals(signalfd(-1, &set, SFD_CLOEXEC));
    std::thread watcher([this, &signals] {
      signalfd_siginfo info;
      if (::read(signals.get(), &info, sizeof info) == sizeof info) request_stop(StopKind::kKeepPods);
    });
    std::unique_lock lock(mutex_);
    asked_.wait(lock, [this] { return stop_asked_; });
    lock.unlock();
    // The watcher may still be reading: a signal to ourselves ends it.
    (void)::kill(getpid(), SIGINT);
    watcher.join();
    return stop_kind_;
  }

  void request_stop(StopKind kind) override {
    const std::lock_guard lock(mutex_);
    if (stop_asked_) return;
    stop_asked_ = true;
    stop_kind_ = kind;
    asked_.notify_all();
  }

  Result<> stop(StopKind kind) override {
    if (stopped_) return {};
    stopped_ = true;
    notify("STOPPING=1");
    Result<> worst;
    const auto note = [&](std::string_view what, const Result<>& done) {
      if (done) return;
      log_.error("could not be undone", {{"what", what}, {"error", done.error()}});
      worst = done;
    };
    if (kind == StopKind::kPods && kubelet_) note("pods", kubelet_->stop_all_pods(kStopPodsDeadline));
    if (dns_) dns_->stop();
    if (proxy_) proxy_->stop();
    if (kubelet_) kubelet_->stop();
    if (api_) api_->set_node_streams(nullptr);
    if (runner_) runner_->stop();
    if (kind == StopKind::kPods) {
      if (dns_) note("dns", dns_->teardown());
      if (proxy_) note("proxy", proxy_->teardown());
      if (podnet_) note("network", podnet_->teardown());
    }
    if (listener_) listener_->stop();
    if (control_) control_->stop();
    if (api_) api_->stop();
    blocking_.stop();
    kubelet_.reset();
    dns_.reset();
    proxy_.reset();
    podnet_.reset();
    runtime_.reset();
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
  Result<> make_folders() {
    for (const auto& dir : {config_.data_dir, config_.run_dir}) TRY(base::make_dirs(dir, 0711));
    for (const auto& dir : {config_.store_dir(), config_.images_dir(), config_.pki_dir()})
      TRY(base::make_dirs(dir, 0700));
    TRY(base::make_dirs(config_.pods_dir(), 0711));
    TRY(base::make_dirs(config_.pod_log_dir(), 0755));
    TRY(base::make_dirs(config_.container_log_dir(), 0755));
    return {};
  }

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

  Result<> open_machine() {
    auto images = TRY_CTX(open_images(config_, log_), "images");
    runtime_ =
        TRY_CTX(runtime::cri::open_runtime(runtime_options(config_, clock_, log_), std::move(images)), "runtime");
    images_ = &runtime_->images();
    // The demo image is the binary itself: cheap, and needed before anything can run without a network.
    std::jthread demo([this] {
      if (auto made = images_.load()->make_demo("/proc/self/exe", std::string(kDemoImage)); !made)
        log_.warn("the demo image could not be made", {{"error", made.error()}});
    });
    podnet_ = TRY_CTX(orch::podnet::PodNet::open(podnet_options(config_, pod_cidr_, log_), clock_), "network");
    return {};
  }

  Result<> start_controllers() {
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
    runner_->add(c::make_garbage_collector(kinds));
    runner_->add(c::make_event_expiry());
    runner_->add(c::make_certificate_controller({.ca_pem = pki_.ca_pem, .ca_key_pem = pki_.ca_key_pem}));
    runner_->add(c::make_join_secret_cleaner());
    runner_->start();
    return {};
  }

  Result<> start_node() {
    orch::kubelet::Options options;
    options.node_name = config_.node_name;
    options.node_ip = config_.node_ip;
    options.data_dir = config_.data_dir;
    options.run_dir = config_.run_dir;
    options.pod_log_root = config_.pod_log_dir();
    options.container_log_links = config_.container_log_dir();
    options.cgroup_parent = config_.cgroup_parent();
    options.cluster_dns = config_.cluster_dns;
    options.cluster_domain = config_.cluster_domain;
    options.version = version().kubernetes;
    options.kubelet_port = config_.kubelet_port;
    auto& client = api_->client_as("system:node:" + config_.node_name, {"system:nodes"});
    kubelet_ = std::make_unique<orch::kubelet::Kubelet>(options, client, api_->informers(), *runtime_, *podnet_, clock_,
                                                        random_, log_.with({{"component", "kubelet"}}), metrics_);
    TRY_CTX(kubelet_->start(), "kubelet");
    api_->set_node_streams(&kubelet_->streams());
    TRY(start_services());
    return {};
  }

  Result<> start_services() {
    orch::proxy::Options proxy;
    proxy.node_name = config_.node_name;
    proxy.cluster_cidr = config_.cluster_cidr;
    proxy.service_cidr = config_.service_cidr;
    proxy.log = log_.with({{"component", "proxy"}});
    proxy_ = std::make_unique<orch::proxy::Proxy>(proxy, api_->informers(), clock_);
    TRY_CTX(proxy_->start(), "proxy");
    orch::dns::Options dns;
    dns.listen_addresses = {config_.cluster_dns};
    dns.cluster_domain = config_.cluster_domain;
    dns.private_cidrs = {config_.cluster_cidr, config_.service_cidr};
    dns.log = log_.with({{"component", "dns"}});
    dns_ = std::make_unique<orch::dns::DnsServer>(dns, api_->informers(), clock_);
    TRY_CTX(dns_->start(), "dns");
    return {};
  }

  ControlDeps control_deps() {
    return {.config = config_,
            .kv = *kv_,
            .informers = api_->informers(),
            .api = api_->handler(),
            .images = [this] { return images_.load(); },
            .node_ready = [this] { return kubelet_ && kubelet_->node_ready(); },
            .stop = [this](StopKind kind) { request_stop(kind); },
            .blocking = blocking_,
            .client = api_->internal_client(),
            .ca_pem = pki_.ca_pem,
            .clock = clock_,
            .random = random_};
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
  std::atomic<runtime::image::ImageStore*> images_{nullptr};
  std::unique_ptr<runtime::cri::Runtime> runtime_;
  std::unique_ptr<orch::podnet::PodNet> podnet_;
  std::unique_ptr<orch::controllers::Runner> runner_;
  std::unique_ptr<orch::kubelet::Kubelet> kubelet_;
  std::unique_ptr<orch::proxy::Proxy> proxy_;
  std::unique_ptr<orch::dns::DnsServer> dns_;
  std::unique_ptr<net::Loop::Timer> compaction_;  // its task runs on the loop and makes the next one
  std::optional<store::server::Compactor> compactor_;
  std::mutex mutex_;
  std::condition_variable asked_;
  bool stop_asked_ = false;
  StopKind stop_kind_ = StopKind::kKeepPods;
  bool stopped_ = false;
  bool owner_ = false;  // the data folder is ours: socket and pid file are too
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Config& config, const base::Clock& clock, base::Random& random,
                                              base::Log log) {
  auto server = std::make_unique<Composition>(config, clock, random, std::move(log));
  TRY(server->open());
  return std::unique_ptr<Server>(std::move(server));
}

namespace {

// What a crash may leave: empty groups. Only rmdir: a group with a process in it stays, and says so by staying.
void remove_groups(const std::string& parent) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<fs::path> roots{"/sys/fs/cgroup"};
  for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup", ignored))
    if (entry.is_directory(ignored)) roots.push_back(entry.path());
  for (const auto& root : roots) {
    const fs::path top = root / parent;
    std::vector<fs::path> groups;
    for (const auto& entry : fs::recursive_directory_iterator(top, ignored))
      if (entry.is_directory(ignored)) groups.push_back(entry.path());
    for (auto group = groups.rbegin(); group != groups.rend(); ++group) (void)::rmdir(group->c_str());
    (void)::rmdir(top.c_str());
  }
}

}  // namespace

Result<> clean_machine(const Config& config, const base::Clock& clock, const base::Log& log) {
  auto images = TRY_CTX(open_images(config, log), "images");
  auto runtime = TRY_CTX(runtime::cri::open_runtime(runtime_options(config, clock, log), std::move(images)), "runtime");
  for (const auto& sandbox : TRY(runtime->list_sandboxes())) {
    TRY_CTX(runtime->stop_sandbox(sandbox.id), "stop pod " + sandbox.config.name);
    TRY_CTX(runtime->remove_sandbox(sandbox.id), "remove pod " + sandbox.config.name);
  }
  runtime->images().reconcile({});
  remove_groups(config.cgroup_parent());
  TRY_CTX(orch::proxy::remove_all(), "service tables");
  TRY_CTX(orch::dns::remove_addresses({config.cluster_dns}), "dns address");
  TRY_CTX(
      orch::podnet::remove_all(podnet_options(config, TRY(nth_subnet(config.cluster_cidr, kPodSubnetBits, 0)), log)),
      "network");
  return {};
}

}  // namespace appliance::node
