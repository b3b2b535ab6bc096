#include "node/worker.h"

#include <unistd.h>

#include <atomic>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "base/fs.h"
#include "base/metrics.h"
#include "base/pause.h"
#include "node/agent/agent.h"
#include "node/bootstrap/notify.h"
#include "node/control/control.h"
#include "node/join/certificates.h"
#include "node/stop_request.h"
#include "node/version.h"
#include "orchestrator/client/remote_informers.h"

namespace appliance::node {
namespace {

namespace orch = orchestrator;

constexpr int kNetThreads = 1;
constexpr int kBlockingThreads = 2;
constexpr std::chrono::seconds kCallDeadline{10};
constexpr std::chrono::seconds kRangeWait{30};  // for the first pod range of this node

class Worker final : public Server {
 public:
  Worker(Config config, Membership membership, const base::Clock& clock, base::Random& random, base::Log log)
      : config_(std::move(config)),
        membership_(std::move(membership)),
        clock_(clock),
        random_(random),
        log_(std::move(log)),
        fs_(base::make_real_fs()),
        loop_({.name = "net", .threads = kNetThreads}),
        blocking_({.name = "blocking", .threads = kBlockingThreads, .queue_max = 4096}),
        agent_({.config = config_, .clock = clock, .random = random, .log = log_, .metrics = metrics_, .loop = loop_}) {
  }
  ~Worker() override { (void)stop(StopKind::kKeepPods); }  // stop() logs what it could not do

  Result<> open() {
    TRY(make_folders(config_));
    lock_ = TRY(fs_->lock(config_.data_dir + "/worker.lock"));
    TRY(base::write_file(config_.pid_file(), std::to_string(getpid()) + '\n'));
    const auto keys = TRY_CTX(read_node_keys(config_), "keys of this node");
    connect(keys);
    TRY(open_control());
    notify("READY=1\nSTATUS=joining " + membership_.server);
    if (membership_.pod_cidr.empty()) TRY(fetch_pod_cidr());
    refresh_facts();
    TRY(agent_.open_machine(membership_.pod_cidr));
    TRY(agent_.start(*client_, *informers_));
    certificates_.emplace(NodeCertificates::Deps{.config = config_,
                                                 .clock = clock_,
                                                 .log = log_.with({{"component", "certificates"}}),
                                                 .client = *client_,
                                                 .registered = [this] { return agent_.node_ready(); },
                                                 .serve = [this](const NodeKeys& k) { return serve_kubelet_api(k); },
                                                 .identify = [this](const NodeKeys& k) { identify(k); }});
    certificates_->start();
    notify("STATUS=a worker of " + membership_.server);
    return {};
  }

  StopKind wait() override { return asked_.wait(); }
  void request_stop(StopKind kind) override { asked_.request(kind); }

  Result<> stop(StopKind kind) override {
    if (stopped_.exchange(true)) return {};
    notify("STOPPING=1");
    if (certificates_) certificates_->stop();
    auto worst = agent_.stop(kind);
    if (control_) control_->stop();
    if (informers_) informers_->stop();
    blocking_.stop();
    agent_.close();
    loop_.stop();
    if (lock_) {
      (void)::unlink(config_.control_socket().c_str());  // the next server makes it anew
      (void)::unlink(config_.pid_file().c_str());
    }
    return worst;
  }

 private:
  void connect(const NodeKeys& keys) {
    ca_pem_ = keys.ca_pem;
    auto https = https_options(membership_, keys);
    https.deadline = kCallDeadline;
    client_ = orch::client::https_client(https);
    informers_.emplace(
        orch::client::RemoteInformerOptions{
            .https = https,
            .resources = {"pods", "nodes", "services", "endpointslices.discovery.k8s.io"},
            .field_selectors = {{"pods", "spec.nodeName=" + config_.node_name}},
            .kinds = {},
            .log = log_.with({{"component", "informers"}})},
        clock_, random_);
  }

  Result<> open_control() {
    net::http::ServerOptions control;
    control.unix_path = config_.control_socket();
    control.log = log_.with({{"component", "control"}});
    control_ = TRY_CTX(net::http::Server::listen(loop_, control,
                                                 control_handler({.config = config_,
                                                                  .kv = nullptr,
                                                                  .informers = *informers_,
                                                                  .api = {},
                                                                  .images = [this] { return agent_.images(); },
                                                                  .node_ready = [this] { return agent_.node_ready(); },
                                                                  .stop = [this](StopKind kind) { request_stop(kind); },
                                                                  .blocking = blocking_,
                                                                  .client = *client_,
                                                                  .ca_pem = ca_pem_,
                                                                  .clock = clock_,
                                                                  .random = random_,
                                                                  .api_url = membership_.server,
                                                                  .problem = [this] { return problem(); },
                                                                  .stopping = [this] { return stopped_.load(); }})),
                       "control socket");
    return {};
  }

  // The Node is made here the first time, so that the cluster can give it a range before any pod comes; the kubelet
  // fills it in. Known ranges are kept on disk: a worker that restarts without its servers adopts what runs.
  Result<> fetch_pod_cidr() {
    const auto deadline = clock_.monotonic() + kRangeWait;
    const json::Value node = json::Object{{"metadata", json::Object{{"name", config_.node_name}}}};
    for (;;) {
      auto live = client_->get("nodes", {"", config_.node_name});
      if (!live && live.error().code == Code::kNotFound) live = client_->create("nodes", "", node, {});
      if (live) membership_.pod_cidr = json::string_at(*live, {"spec", "podCIDR"});
      if (!membership_.pod_cidr.empty()) return write_membership(config_, membership_);
      if (clock_.monotonic() >= deadline) {
        const std::string why = live ? "no range of pod addresses was given to it" : live.error().message;
        return fail(Code::kDeadlineExceeded, "node " + config_.node_name + ": " + why);
      }
      if (!starting_.wait()) return fail(Code::kCancelled, "asked to stop while joining");
    }
  }

  // What may have changed at the server since; the API may be away, then what was known counts.
  void refresh_facts() {
    const auto map = client_->get("configmaps", cluster_facts_key());
    if (!map) return log_.warn("the server does not answer, what was known counts", {{"error", map.error()}});
    const auto before = membership_.grace_seconds;
    read_facts(*map, membership_);
    apply_membership(config_, membership_);
    if (membership_.grace_seconds == before) return;
    if (auto written = write_membership(config_, membership_); !written)
      log_.warn("facts of the cluster not kept", {{"error", written.error()}});
  }

  Result<> serve_kubelet_api(const NodeKeys& keys) {
    const auto done = agent_.serve_kubelet_api({.certificate_pem = keys.kubelet_pem + keys.ca_pem,
                                                .key_pem = keys.kubelet_key_pem,
                                                .client_ca_pem = keys.ca_pem});
    if (!done) log_.warn("the kubelet API does not serve: no logs, no exec", {{"error", done.error()}});
    return done;
  }

  void identify(const NodeKeys& keys) {
    client_->set_credentials(keys.node_pem, keys.node_key_pem);
    informers_->set_credentials(keys.node_pem, keys.node_key_pem);
  }

  std::string problem() {
    return informers_->connected() ? "" : "the server at " + membership_.server + " does not answer; pods go on";
  }

  Config config_;
  Membership membership_;
  const base::Clock& clock_;
  base::Random& random_;
  base::Log log_;
  base::Metrics metrics_;
  std::unique_ptr<base::Fs> fs_;
  std::unique_ptr<base::FileLock> lock_;
  net::Loop loop_;
  base::ThreadPool blocking_;
  std::string ca_pem_;
  std::unique_ptr<orch::client::HttpsClient> client_;
  std::optional<orch::client::RemoteInformers> informers_;
  std::unique_ptr<net::http::Server> control_;
  Agent agent_;
  std::optional<NodeCertificates> certificates_;
  base::Pause starting_;
  StopRequest asked_{[this] { starting_.call_off(); }};
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Server>> start_worker(Config config, Membership membership, const base::Clock& clock,
                                             base::Random& random, base::Log log) {
  apply_membership(config, membership);
  auto worker = std::make_unique<Worker>(std::move(config), std::move(membership), clock, random, std::move(log));
  TRY(worker->open());
  return std::unique_ptr<Server>(std::move(worker));
}

}  // namespace appliance::node
