#include "node/agent/agent.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/fs.h"
#include "node/control/control.h"
#include "node/version.h"
#include "orchestrator/dns/server.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/kubelet/kubelet_api.h"
#include "orchestrator/kubelet/peer_routes.h"
#include "orchestrator/proxy/proxy.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

constexpr std::chrono::seconds kStopPodsDeadline{40};  // a default grace of 30 s and what comes after

orch::kubelet::Options kubelet_options(const Config& config, const std::string& pod_cidr) {
  orch::kubelet::Options options;
  options.node_name = config.node_name;
  options.node_ip = config.node_ip;
  options.data_dir = config.data_dir;
  options.run_dir = config.run_dir;
  options.pod_log_root = config.pod_log_dir();
  options.container_log_links = config.container_log_dir();
  options.cgroup_parent = config.cgroup_parent();
  options.cluster_dns = config.cluster_dns;
  options.cluster_domain = config.cluster_domain;
  options.version = version().kubernetes;
  options.kubelet_port = config.kubelet_port;
  options.pod_cidr = pod_cidr;
  // Four renewals fit into it; never slower than Kubernetes' own 40 s.
  options.lease_duration =
      std::min(options.lease_duration, std::chrono::seconds(config.node_monitor_grace_period_seconds));
  return options;
}

}  // namespace

struct Agent::Parts {
  std::string pod_cidr;
  std::unique_ptr<runtime::cri::Runtime> runtime;
  std::unique_ptr<orch::podnet::PodNet> podnet;
  std::unique_ptr<orch::kubelet::Kubelet> kubelet;
  std::unique_ptr<orch::kubelet::PeerRoutes> routes;
  std::unique_ptr<orch::proxy::Proxy> proxy;
  std::unique_ptr<orch::dns::DnsServer> dns;
  std::shared_ptr<net::tls::ServerContext> tls;
  std::unique_ptr<net::http::Server> kubelet_api;
  std::atomic<orch::kubelet::Kubelet*> ready_of{nullptr};
  bool stopped = false;
};

Agent::Agent(AgentDeps deps) : deps_(std::move(deps)), parts_(std::make_unique<Parts>()) {}

Agent::~Agent() {
  (void)stop(StopKind::kKeepPods);  // logs what it could not do
  close();
}

Result<> Agent::open_machine(const std::string& pod_cidr) {
  parts_->pod_cidr = pod_cidr;
  auto images = TRY_CTX(open_images(deps_.config, deps_.log), "images");
  parts_->runtime = TRY_CTX(
      runtime::cri::open_runtime(runtime_options(deps_.config, deps_.clock, deps_.log), std::move(images)), "runtime");
  images_ = &parts_->runtime->images();
  // The demo image is the binary itself: cheap, and needed before anything can run without a network.
  std::jthread demo([this] {
    if (auto made = images_.load()->make_demo("/proc/self/exe", std::string(kDemoImage)); !made)
      deps_.log.warn("the demo image could not be made", {{"error", made.error()}});
  });
  parts_->podnet =
      TRY_CTX(orch::podnet::PodNet::open(podnet_options(deps_.config, pod_cidr, deps_.log), deps_.clock), "network");
  return {};
}

Result<> Agent::start(orch::client::Client& client, orch::client::InformerSource& informers) {
  const auto& config = deps_.config;
  parts_->kubelet = std::make_unique<orch::kubelet::Kubelet>(
      kubelet_options(config, parts_->pod_cidr), client, informers, *parts_->runtime, *parts_->podnet, deps_.clock,
      deps_.random, deps_.log.with({{"component", "kubelet"}}), deps_.metrics);
  parts_->ready_of = parts_->kubelet.get();
  TRY_CTX(parts_->kubelet->start(), "kubelet");
  parts_->routes = std::make_unique<orch::kubelet::PeerRoutes>(config.node_name, informers, *parts_->podnet,
                                                               deps_.log.with({{"component", "routes"}}));
  parts_->routes->start();

  orch::proxy::Options proxy;
  proxy.node_name = config.node_name;
  proxy.cluster_cidr = config.cluster_cidr;
  proxy.service_cidr = config.service_cidr;
  proxy.log = deps_.log.with({{"component", "proxy"}});
  parts_->proxy = std::make_unique<orch::proxy::Proxy>(proxy, informers, deps_.clock);
  TRY_CTX(parts_->proxy->start(), "proxy");

  orch::dns::Options dns;
  dns.listen_addresses = {config.cluster_dns};
  dns.cluster_domain = config.cluster_domain;
  dns.private_cidrs = {config.cluster_cidr, config.service_cidr};
  dns.log = deps_.log.with({{"component", "dns"}});
  parts_->dns = std::make_unique<orch::dns::DnsServer>(dns, informers, deps_.clock);
  TRY_CTX(parts_->dns->start(), "dns");
  return {};
}

Result<> Agent::serve_kubelet_api(const net::tls::ServerOptions& tls) {
  if (parts_->tls) return parts_->tls->reload(tls);
  auto context = TRY_CTX(net::tls::ServerContext::create(tls), "kubelet certificate");
  net::http::ServerOptions options;
  options.address = deps_.config.bind_address;
  options.port = deps_.config.kubelet_port;
  options.tls = context;
  options.log = deps_.log.with({{"component", "kubelet-api"}});
  options.metrics = &deps_.metrics;
  parts_->kubelet_api =
      TRY_CTX(net::http::Server::listen(
                  deps_.loop, options,
                  orch::kubelet::kubelet_api_handler(parts_->kubelet->streams(), {.metrics = &deps_.metrics,
                                                                                  .log = options.log,
                                                                                  .stats = &parts_->kubelet->stats(),
                                                                                  .node = deps_.config.node_name})),
              "kubelet API");
  parts_->tls = std::move(context);
  return {};
}

Result<> Agent::stop(StopKind kind) {
  if (std::exchange(parts_->stopped, true)) return {};
  Result<> worst;
  const auto note = [&](std::string_view what, const Result<>& done) {
    if (done) return;
    deps_.log.error("could not be undone", {{"what", what}, {"error", done.error()}});
    worst = done;
  };
  auto& p = *parts_;
  if (kind == StopKind::kPods && p.kubelet) note("pods", p.kubelet->stop_all_pods(kStopPodsDeadline));
  if (p.kubelet_api) p.kubelet_api->stop();
  if (p.dns) p.dns->stop();
  if (p.proxy) p.proxy->stop();
  if (p.routes) p.routes->stop();
  if (p.kubelet) p.kubelet->stop();
  if (kind != StopKind::kPods) return worst;
  if (p.dns) note("dns", p.dns->teardown());
  if (p.proxy) note("proxy", p.proxy->teardown());
  if (p.podnet) note("network", p.podnet->teardown());
  return worst;
}

void Agent::close() {
  auto& p = *parts_;
  p.ready_of = nullptr;
  images_ = nullptr;
  p.kubelet_api.reset();
  p.kubelet.reset();
  p.routes.reset();
  p.dns.reset();
  p.proxy.reset();
  p.podnet.reset();
  p.runtime.reset();
}

bool Agent::node_ready() const {
  const auto* kubelet = parts_->ready_of.load();
  return kubelet != nullptr && kubelet->node_ready();
}

orch::client::NodeStreams& Agent::streams() { return parts_->kubelet->streams(); }
orch::client::NodeStats& Agent::stats() { return parts_->kubelet->stats(); }

Result<> make_folders(const Config& config) {
  for (const auto& dir : {config.data_dir, config.run_dir}) TRY(base::make_dirs(dir, 0711));
  TRY(base::make_dirs(config.images_dir(), 0700));
  TRY(base::make_dirs(config.pods_dir(), 0711));
  TRY(base::make_dirs(config.pod_log_dir(), 0755));
  return base::make_dirs(config.container_log_dir(), 0755);
}

orch::podnet::Options podnet_options(const Config& config, const std::string& pod_cidr, const base::Log& log) {
  orch::podnet::Options options;
  options.pod_cidr = pod_cidr;
  options.cluster_cidr = config.cluster_cidr;
  options.service_cidr = config.service_cidr;
  options.state_dir = config.run_dir + "/net";
  options.node_name = config.node_name;
  options.node_ip = config.node_ip;
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

}  // namespace appliance::node
