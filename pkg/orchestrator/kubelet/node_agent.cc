#include "orchestrator/kubelet/node_agent.h"

#include <algorithm>

#include "base/executor.h"

namespace appliance::orchestrator::kubelet {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr milliseconds kRegisterRetryFirst{20};
constexpr milliseconds kRegisterRetryMax{1000};
constexpr auto kStatusEvery = minutes(5);
constexpr std::string_view kLeases = "leases.coordination.k8s.io";

}  // namespace

void NodeAgent::start() {
  thread_ = std::thread([this] { run(); });
}

void NodeAgent::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool NodeAgent::wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [&] { return stopping_; });
}

void NodeAgent::run() {
  base::set_thread_name("kubelet-node");
  auto retry = kRegisterRetryFirst;
  bool told = false;
  for (;;) {
    const auto done = register_node();
    if (done) break;
    if (!told)
      log_.warn("node not registered yet, trying again", {{"node", options_.node_name}, {"error", done.error()}});
    told = true;
    if (!wait(retry)) return;
    retry = std::min(retry * 2, kRegisterRetryMax);
  }
  ready_ = true;
  log_.info("node is ready", {{"node", options_.node_name}});
  const EventObject node{.kind = "Node", .ns = {}, .name = options_.node_name, .uid = uid_};
  events_.normal(node, "Starting", "Starting kubelet.");
  events_.normal(node, "NodeReady", "Node " + options_.node_name + " status is now: NodeReady");
  const auto every = std::chrono::duration_cast<milliseconds>(options_.lease_duration) / 4;
  bool failing = false;
  auto pause = milliseconds(0);
  while (wait(pause)) {
    auto done = renew_lease();
    if (done) done = write_status(false);
    if (!done && done.error().code == Code::kNotFound) {  // the Node was deleted, and its machine lives
      done = register_node();
      if (done) log_.warn("the Node was deleted, registered again", {{"node", options_.node_name}});
    }
    if (!done && !failing) log_.warn("node heartbeat failed, trying again", {{"error", done.error()}});
    if (done && failing) log_.info("node heartbeat works again");
    failing = !done;
    pause = done ? every : std::min<milliseconds>(every, milliseconds(1000));
  }
}

Result<> NodeAgent::register_node() {
  const auto machine = read_machine(options_.data_dir);
  const auto images = TRY_CTX(runtime_.images().list(), "list images");
  NodeInput in{.machine = machine,
               .name = options_.node_name,
               .ip = options_.node_ip,
               .version = options_.version,
               .not_ready = {},
               .pod_cidr = options_.pod_cidr,
               .kubelet_port = options_.kubelet_port,
               .pods_max = options_.pods_max,
               .now = clock_.now(),
               .images = images};
  auto node = client_.get("nodes", {"", options_.node_name});
  if (!node && node.error().code == Code::kNotFound) {
    node = client_.create("nodes", "", node_document(in));
    if (!node && node.error().code == Code::kAlreadyExists) node = client_.get("nodes", {"", options_.node_name});
  } else if (node) {
    json::Value labels(json::Object{{"metadata", json::Object{{"labels", node_labels(in)}}}});
    node = client_.patch("nodes", {"", options_.node_name}, client::PatchType::kMerge, labels);
  }
  if (!node) return fail(node.error());
  uid_ = json::string_at(*node, {"metadata", "uid"});
  if (const auto* status = json::find(*node, {"status"})) status_ = *status;
  return write_status(true);
}

Result<> NodeAgent::write_status(bool force) {
  const auto machine = read_machine(options_.data_dir);
  const auto images = runtime_.images().list();
  const std::vector<runtime::image::Image> none;
  const NodeInput in{.machine = machine,
                     .name = options_.node_name,
                     .ip = options_.node_ip,
                     .version = options_.version,
                     .not_ready = images ? "" : "image store: " + images.error().message,
                     .pod_cidr = options_.pod_cidr,
                     .kubelet_port = options_.kubelet_port,
                     .pods_max = options_.pods_max,
                     .now = clock_.now(),
                     .images = images ? *images : none};
  // Others write here too (NetworkUnavailable, Unknown after a lost lease): look at what is there before comparing.
  if (!force) {
    auto node = TRY(client_.get("nodes", {"", options_.node_name}));
    const auto* status = json::find(node, {"status"});
    status_ = status == nullptr ? json::Value(nullptr) : *status;
  }
  json::Value status = node_status(in, status_);
  const auto now = clock_.monotonic();
  if (!force && same_node_status(status, status_) && now - status_written_ < kStatusEvery) return {};
  client::WriteOptions options;
  options.subresource = "status";
  options.field_manager = "kubelet";
  TRY(client_.patch("nodes", {"", options_.node_name}, client::PatchType::kMerge,
                    json::Value(json::Object{{"status", status}}), options));
  status_ = std::move(status);
  status_written_ = now;
  ready_ = in.not_ready.empty();
  return {};
}

Result<> NodeAgent::renew_lease() {
  const client::ObjectKey key{"kube-node-lease", options_.node_name};
  const json::Value lease = lease_document(options_.node_name, uid_, options_.lease_duration.count(), clock_.now());
  const json::Value patch(json::Object{{"spec", *json::find(lease, {"spec"})}});
  const auto renewed = client_.patch(kLeases, key, client::PatchType::kMerge, patch);
  if (renewed) return {};
  if (renewed.error().code != Code::kNotFound) return fail(renewed.error());
  TRY(client_.create(kLeases, "kube-node-lease", lease));
  return {};
}

}  // namespace appliance::orchestrator::kubelet
