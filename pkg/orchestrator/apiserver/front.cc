#include "orchestrator/apiserver/front.h"

#include <future>

#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/api.h"
#include "orchestrator/apiserver/bootstrap.h"
#include "orchestrator/apiserver/inprocess.h"
#include "orchestrator/apiserver/live/hub.h"

namespace appliance::orchestrator::apiserver {
namespace {

Result<> check(const Options& options) {
  if (options.kv == nullptr || options.clock == nullptr || options.random == nullptr)
    return fail(Code::kInvalidArgument, "api server: kv, clock and random are needed");
  TRY_CTX(parse_ipv4_block(options.service_cidr), "service-cidr");
  if (options.node_port_first < 1 || options.node_port_last > 65535 ||
      options.node_port_first > options.node_port_last) {
    return fail(Code::kInvalidArgument, "service-node-port-range: not a range of ports");
  }
  return {};
}

class Front final : public ApiServer {
 public:
  explicit Front(Options options) : core_(std::move(options)), api_(core_), informers_(core_.cache) {}
  ~Front() override { Front::stop(); }

  Result<> init() { return core_.tokens.init(); }

  Result<> start() override {
    auto synced = std::make_shared<std::promise<Result<>>>();
    auto answer = synced->get_future();
    core_.cache.start([synced](Result<> result) { synced->set_value(std::move(result)); });
    TRY(answer.get());
    watch_services();
    core_.tabs->serve_usage({.queue = core_.cache.queue(),
                             .clock = core_.clock,
                             .stats = [this] { return core_.stats.load(); },
                             .nodes = [this] { return node_names(); }});
    TRY(bootstrap_objects(internal_client(), core_.options));
    ready_ = true;
    return {};
  }

  void stop() override {
    ready_ = false;
    core_.tabs->stop();
    core_.in_flight.wait_idle();
    core_.cache.stop();
    core_.pool.stop();
    core_.in_flight.wait_idle();  // of writes that the last tasks began
  }

  [[nodiscard]] bool ready() const override { return ready_; }
  [[nodiscard]] net::http::Handler handler() override {
    return [this](std::shared_ptr<net::http::Exchange> exchange) { api_.handle(std::move(exchange)); };
  }

  client::Client& client_as(const std::string& user, const std::vector<std::string>& groups) override {
    const std::lock_guard lock(mutex_);
    auto& slot = clients_[{user, groups}];
    if (!slot) {
      User identity{.name = user, .uid = {}, .groups = groups, .extra = {}};
      identity.groups.emplace_back(kGroupAuthenticated);
      slot = std::make_unique<client::RestClient>(in_process_transport(api_, std::move(identity)));
    }
    return *slot;
  }
  client::Client& internal_client() override { return client_as("system:apiserver", {std::string(kGroupMasters)}); }
  client::InformerSource& informers() override { return informers_; }
  void set_node_streams(client::NodeStreams* streams) override { core_.streams = streams; }
  void set_node_stats(client::NodeStats* stats) override { core_.stats = stats; }
  [[nodiscard]] int64_t store_revision() const override { return core_.cache.revision(); }

 private:
  // Numbers that the store has are taken before the first Service can ask for one.
  void watch_services() {
    std::promise<void> done;
    (void)core_.cache.queue().post([this, &done] {
      (void)core_.cache.add_watcher(core_.kind("services"), core_.cache.revision(), service_numbers(core_));
      done.set_value();
    });
    done.get_future().wait();
  }

  [[nodiscard]] std::vector<std::string> node_names() const {
    std::vector<std::string> out;
    for (const auto& node : core_.cache.list(core_.kind("nodes"), "").objects) out.push_back(node->key.name);
    return out;
  }

  Core core_;
  Api api_;
  CacheInformers informers_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::vector<std::string>>, std::unique_ptr<client::Client>> clients_;
  std::atomic<bool> ready_{false};
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::create(Options options) {
  TRY(check(options));
  if (!options.kinds) options.kinds = api::builtin_kinds();
  auto front = std::make_unique<Front>(std::move(options));
  TRY(front->init());
  return front;
}

}  // namespace appliance::orchestrator::apiserver
