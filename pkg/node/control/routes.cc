#include "node/control/routes.h"

#include <condition_variable>
#include <mutex>

#include "net/http/status_of.h"
#include "node/version.h"

namespace appliance::node {
namespace {

using net::http::Exchange;
namespace client = orchestrator::client;

constexpr std::chrono::seconds kWaitMax{30};  // one /control/wait; the command line asks again
constexpr std::chrono::milliseconds kStoppingLook{200};

void ping(ControlDeps&, const std::shared_ptr<Exchange>& exchange) {
  respond_json(*exchange, json::Object{{"version", version().appliance}});
}

void stop(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  const auto body = json::parse(exchange->request().body);
  if (!body) return respond_error(*exchange, body.error());
  respond_json(*exchange, json::Object{{"stopping", true}});
  deps.stop(json::bool_at(*body, {"pods"}) ? StopKind::kPods : StopKind::kKeepPods);
}

// Answers when the node is Ready: woken by changes of nodes; a timer looks only whether this server stops.
void wait_node(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
  };
  auto shared = std::make_shared<Shared>();
  const auto subscription =
      deps.informers.informer("nodes").subscribe([shared, name = deps.config.node_name](const client::Notice& notice) {
        if (notice.change == client::Change::kDeleted || notice.object->key.name != name) return;
        const auto* facts = std::get_if<orchestrator::api::NodeFacts>(&notice.object->facts);
        const std::lock_guard lock(shared->mutex);
        shared->ready = facts != nullptr && facts->ready;
        shared->changed.notify_all();
      });
  std::unique_lock lock(shared->mutex);
  // The Node may still say Ready from before a crash: the kubelet of this process must have said so too.
  const auto deadline = std::chrono::steady_clock::now() + kWaitMax;
  while (!(shared->ready && deps.node_ready())) {
    const auto step = std::min(
        deadline, std::chrono::steady_clock::now() + (shared->ready ? std::chrono::milliseconds(5) : kStoppingLook));
    shared->changed.wait_until(lock, step);
    if (deps.stopping && deps.stopping())
      return respond_error(
          *exchange, Error{.code = Code::kUnavailable, .message = "the server stops", .errno_value = 0, .hint = {}});
    if (std::chrono::steady_clock::now() >= deadline)
      return respond_error(*exchange, Error{.code = Code::kDeadlineExceeded,
                                            .message = "node " + deps.config.node_name + " is not Ready yet",
                                            .errno_value = 0,
                                            .hint = "appliance status says what is wrong"});
  }
  respond_json(*exchange, json::Object{{"ready", true}});
}

std::string node_problem(const json::Value& node) {
  for (const auto& condition : json::array_at(node, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == "Ready" && json::string_at(condition, {"status"}) != "True")
      return std::string(json::string_at(condition, {"message"}, "not ready"));
  return {};
}

json::Value store_facts(ControlDeps& deps, json::Array& problems) {
  const auto store = deps.kv->status();
  if (!store.problem.empty()) problems.emplace_back("store: " + store.problem);
  return json::Object{{"voters", 1},
                      {"leader", deps.config.node_name},
                      {"revision", store.revision},
                      {"keys", static_cast<int64_t>(store.keys)},
                      {"db_bytes", static_cast<int64_t>(store.db_bytes)},
                      {"log_bytes", static_cast<int64_t>(store.log_bytes)}};
}

void status(ControlDeps& deps, const std::shared_ptr<Exchange>& exchange) {
  json::Array problems;
  json::Array nodes;
  for (const auto& object : deps.informers.informer("nodes").list()) {
    const auto document = object->document();
    const auto problem = node_problem(document);
    if (!problem.empty()) problems.emplace_back("node " + object->key.name + ": " + problem);
    nodes.push_back(json::Object{{"name", object->key.name},
                                 {"ready", problem.empty()},
                                 {"version", json::string_at(document, {"status", "nodeInfo", "kubeletVersion"})}});
  }
  json::Object pods{{"total", 0}, {"running", 0}, {"ready", 0}};
  int64_t total = 0;
  int64_t running = 0;
  int64_t ready = 0;
  for (const auto& object : deps.informers.informer("pods").list()) {
    const auto& facts = object->pod();
    ++total;
    if (facts.phase == "Running") ++running;
    if (facts.ready) ++ready;
    if (!facts.ready && facts.phase != "Succeeded" && !object->meta.deletion_seconds && problems.size() < 20)
      problems.emplace_back("pod " + object->key.string() + ": " + facts.phase + ", not ready");
  }
  pods["total"] = total;
  pods["running"] = running;
  pods["ready"] = ready;
  if (auto why = deps.problem ? deps.problem() : std::string(); !why.empty()) problems.emplace_back(std::move(why));
  json::Value store(nullptr);
  if (deps.kv != nullptr) store = store_facts(deps, problems);
  const auto v = version();
  respond_json(*exchange, json::Object{{"version", v.appliance},
                                       {"kubernetes", v.kubernetes},
                                       {"role", deps.kv != nullptr ? "server" : "worker"},
                                       {"node", deps.config.node_name},
                                       {"address", deps.config.node_ip},
                                       {"api", deps.api_url},
                                       {"problems", std::move(problems)},
                                       {"nodes", std::move(nodes)},
                                       {"pods", std::move(pods)},
                                       {"store", std::move(store)}});
}

constexpr Route kRoutes[] = {
    {"GET", "/ping", false, ping},
    {"POST", "/stop", false, stop},
    {"GET", "/wait", true, wait_node},
    {"GET", "/status", true, status},
    {"GET", "/images", true, images_list},
    {"POST", "/images/pull", true, images_pull},
    {"POST", "/images/import", true, images_import},
    {"POST", "/images/export", true, images_export},
    {"POST", "/images/demo", true, images_demo},
    {"DELETE", "/images", true, images_remove},
    {"GET", "/store/status", true, store_status},
    {"POST", "/store/range", true, store_range},
    {"POST", "/store/put", true, store_put},
    {"POST", "/store/del", true, store_del},
    {"GET", "/store/watch", false, store_watch},
    {"GET", "/tokens", true, tokens_list},
    {"POST", "/tokens", true, tokens_create},
    {"DELETE", "/tokens", true, tokens_delete},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

void respond_json(Exchange& exchange, const json::Value& document, int status) {
  net::http::Response response;
  response.status = status;
  response.body.push_back(net::http::Chunk::of(json::serialize(document) + '\n'));
  exchange.respond(std::move(response));
}

void respond_error(Exchange& exchange, const Error& error) {
  respond_json(exchange,
               json::Object{{"message", error.message}, {"hint", error.hint}, {"reason", code_name(error.code)}},
               net::http::status_of(error.code));
}

}  // namespace appliance::node
