#include "node/control_plane.h"

#include <utility>

#include "base/strings.h"
#include "net/tls/context.h"
#include "node/addresses.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/version.h"
#include "node/webui/webui.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

// Over the API's own 3 MiB, so that it is the API that refuses, with a Status that clients understand.
constexpr size_t kListenerBodyBytesMax = 8U << 20U;
constexpr int kApiPort = 6443;  // what the `kubernetes` Service says where the port is not known yet

}  // namespace

ControlPlane::ControlPlane(ControlPlaneDeps deps) : deps_(std::move(deps)) {}

ControlPlane::~ControlPlane() {
  stop_listener();
  stop_api();
  close_api();
  stop_store();
}

Result<> ControlPlane::open_store() {
  store::server::StoreOptions options{.dir = deps_.config.store_dir(), .fs = deps_.fs, .clock = deps_.clock};
  options.log = deps_.log.with({{"component", "store"}});
  options.metrics = &deps_.metrics;
  options.version = version().appliance;
  kv_ = TRY_CTX(store::server::EmbeddedStore::open(std::move(options)), "store");
  return {};
}

Result<> ControlPlane::open_api() {
  const Config& config = deps_.config;
  const auto service_ip = TRY(nth_address(config.service_cidr, 1));
  pki_ = TRY_CTX(open_pki(config.pki_dir(),
                          {.node_name = config.node_name,
                           .node_ip = config.node_ip,
                           .api_service_ip = service_ip,
                           .cluster_domain = config.cluster_domain,
                           .more = config.tls_san},
                          deps_.clock),
                 "pki");
  if (config.https_listen_port != 0) TRY(write_admin_kubeconfig());
  api_ = TRY_CTX(orch::apiserver::ApiServer::create(api_options()), "api");
  TRY_CTX(api_->start(), "api");
  return {};
}

orch::apiserver::Options ControlPlane::api_options() {
  const Config& config = deps_.config;
  orch::apiserver::Options options;
  options.kv = kv_.get();
  options.clock = &deps_.clock;
  options.random = &deps_.random;
  options.log = deps_.log.with({{"component", "api"}});
  options.metrics = &deps_.metrics;
  options.service_account_key_pem = pki_.service_account_key_pem;
  options.service_account_issuer = "https://kubernetes.default.svc." + config.cluster_domain;
  options.service_cidr = config.service_cidr;
  const auto range = base::split(config.service_node_port_range, '-');
  options.node_port_first = base::parse_int<int>(range[0]).value_or(30000);
  options.node_port_last = base::parse_int<int>(range[1]).value_or(32767);
  options.advertise_address = config.node_ip;
  options.advertise_port = config.https_listen_port != 0 ? config.https_listen_port : kApiPort;
  options.unreachable_toleration_seconds = config.default_unreachable_toleration_seconds;
  options.version.git_version = version().kubernetes;
  options.version.git_commit = version().commit;
  options.version.pages = webui::webui_build();
  options.node_name = config.node_name;
  options.web_ui = webui::make_web_ui({.config = config,
                                       .kv = *kv_,
                                       .client = [this] { return api_ ? &api_->internal_client() : nullptr; },
                                       .port = [this] { return port(); },
                                       .ca_pem = pki_.ca_pem,
                                       .clock = deps_.clock,
                                       .random = deps_.random,
                                       .executor = web_ui_,
                                       .log = deps_.log.with({{"component", "web-ui"}})});
  return options;
}

Result<> ControlPlane::listen() {
  net::http::ServerOptions https;
  https.address = deps_.config.bind_address;
  https.port = deps_.config.https_listen_port;
  https.tls = TRY_CTX(net::tls::ServerContext::create({.certificate_pem = pki_.server_pem + pki_.ca_pem,
                                                       .key_pem = pki_.server_key_pem,
                                                       .client_ca_pem = pki_.ca_pem}),
                      "api certificate");
  https.log = deps_.log.with({{"component", "https"}});
  https.metrics = &deps_.metrics;
  https.body_bytes_max = kListenerBodyBytesMax;
  listener_ = TRY_CTX(net::http::Server::listen(deps_.loop, https, api_->handler()), "api listener");
  port_ = listener_->port();
  if (deps_.config.https_listen_port == 0) TRY(write_admin_kubeconfig());
  return {};
}

void ControlPlane::start_compaction() {
  compactor_.emplace(*kv_, deps_.clock, deps_.log);
  compact_later();
}

void ControlPlane::compact_later() {
  compaction_ = deps_.loop.after(compactor_->tick(), [this] { compact_later(); });
}

void ControlPlane::stop_listener() {
  if (listener_) listener_->stop();
}

void ControlPlane::stop_api() {
  if (api_) api_->stop();
  web_ui_.stop();  // whoever of it waits for the API has been answered
}

void ControlPlane::close_api() { api_.reset(); }

void ControlPlane::stop_store() {
  compaction_.reset();
  if (kv_) kv_->stop();
}

std::string ControlPlane::url() const { return "https://127.0.0.1:" + std::to_string(port()); }

int ControlPlane::port() const { return port_ != 0 ? port_.load() : deps_.config.https_listen_port; }

Result<> ControlPlane::write_admin_kubeconfig() const {
  const auto text = json::serialize_pretty(admin_kubeconfig(pki_, url())) + '\n';
  const auto path = deps_.config.admin_kubeconfig();
  // Only when it says something else: a full disk keeps no server from starting.
  if (const auto is = base::read_file(path); is && *is == text) return {};
  return base::write_file_atomic(path, text, 0600);
}

}  // namespace appliance::node
