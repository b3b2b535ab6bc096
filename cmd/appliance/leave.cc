// appliance leave: takes this machine out of its cluster: drained, removed, cleaned. Each step is fine to repeat: after
// a kill at any point it is run again.
#include <unistd.h>

#include <set>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/pause.h"
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/server_process.h"
#include "cmd/appliance/verbs.h"
#include "node/join/membership.h"
#include "node/server.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/client/rest.h"

namespace appliance::cmd {
namespace {

namespace client = orchestrator::client;
using std::chrono::seconds;

Result<std::unique_ptr<client::Client>> as_node(const node::Config& config, const node::Membership& membership) {
  const auto keys = TRY(node::read_node_keys(config));
  return client::https_client(node::https_options(membership, keys));
}

// The Node is not there any more; with it went the right to ask.
bool gone(const Error& error) {
  return error.code == Code::kNotFound ||
         (error.code == Code::kUnauthenticated && orchestrator::api::is_shut_out(error.message));
}

// What stays with the node whatever is drained.
bool stays(const json::Value& pod) {
  for (const auto& owner : json::array_at(pod, {"metadata", "ownerReferences"}))
    if (json::string_at(owner, {"kind"}) == "DaemonSet") return true;
  return json::find(pod, {"metadata", "annotations", "kubernetes.io/config.mirror"}) != nullptr;
}

Result<> evict(client::Client& api, const json::Value& pod) {
  const auto name = json::string_at(pod, {"metadata", "name"});
  const auto ns = json::string_at(pod, {"metadata", "namespace"});
  const json::Value eviction = json::Object{
      {"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", json::Object{{"name", name}, {"namespace", ns}}}};
  const auto done = api.create("pods", ns, eviction, {.subresource = "eviction", .field_manager = {}});
  if (!done && done.error().code != Code::kNotFound)
    return fail(done.error().wrap("evict pod " + std::string(ns) + '/' + std::string(name)));
  return {};
}

// Nothing new comes, and what is here leaves with its grace. The number of pods that left.
Result<size_t> drain(client::Client& api, const std::string& node, seconds timeout) {
  const json::Value cordon = json::Object{{"spec", json::Object{{"unschedulable", true}}}};
  const auto cordoned = api.patch("nodes", {"", node}, client::PatchType::kMerge, cordon);
  if (!cordoned && gone(cordoned.error())) return size_t{0};
  if (!cordoned) return fail(cordoned.error());
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::set<std::string> evicted;
  base::Pause pause({.first = std::chrono::milliseconds(20), .longest = std::chrono::milliseconds(500)});
  for (;;) {
    const auto pods = TRY(api.list("pods", "", {.label_selector = {}, .field_selector = "spec.nodeName=" + node}));
    size_t left = 0;
    for (const auto& pod : json::array_at(pods, {"items"})) {
      if (stays(pod)) continue;
      ++left;
      if (evicted.insert(std::string(json::string_at(pod, {"metadata", "uid"}))).second) TRY(evict(api, pod));
    }
    if (left == 0) return evicted.size();
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(Error{
          .code = Code::kDeadlineExceeded,
          .message = std::to_string(left) + " pods have not left within " + std::to_string(timeout.count()) + " s",
          .errno_value = 0,
          .hint = "run it again, or leave --force stops them"});
    pause.wait();
  }
}

Result<> remove_node(client::Client& api, const std::string& node) {
  const auto done = api.remove("nodes", {"", node});
  if (!done && !gone(done.error())) return fail(done.error().wrap("remove node " + node));
  return {};
}

Result<> clean(const node::Config& config) {
  const base::SystemClock clock;
  const base::Log log(
      std::make_shared<base::LogSink>(STDERR_FILENO, base::LogLevel::kWarn, base::LogFormat::kText, clock));
  TRY(stop_whoever(config, {}));
  TRY(node::clean_machine(config, clock, log));
  for (const auto& path : {config.run_dir, config.pods_dir(), config.pod_log_dir(), config.container_log_dir()})
    TRY(base::remove_tree(path));
  return {};
}

// The membership goes last: while it is there, leave can be run again.
Result<> forget(const node::Config& config) {
  for (const auto& name : TRY(base::make_real_fs()->list(config.data_dir)))
    if (name != "cluster.json") TRY(base::remove_tree(config.data_dir + '/' + name));
  TRY(node::remove_membership(config));
  return base::remove_tree(config.data_dir);
}

}  // namespace

int leave(Argv argv) {
  bool force = false;
  int timeout = 120;
  Args args("leave", "takes this machine out of its cluster: drained, removed, cleaned",
            {"sudo appliance leave", "sudo appliance leave --force"});
  args.flag("--force", force, "also when the server does not answer or pods do not leave: the cluster keeps the node");
  args.option("--timeout", timeout, "seconds for the pods to leave (120)");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  auto config = target.config();
  if (!config) return report("leave", config.error());
  if (timeout < 1) return usage_error("leave", "--timeout: must be at least 1 second");
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "leave: must run as root",
                        .errno_value = 0,
                        .hint = "sudo appliance leave"});
  auto membership = node::read_membership(*config);
  if (!membership && !force) return report("leave", membership.error());
  if (membership && !membership->has_value()) {
    print("Nothing to do: this machine joined no cluster (" + config->data_dir + "/cluster.json).\n");
    return kDone;
  }
  Steps steps;
  if (membership) {
    node::apply_membership(*config, **membership);
    auto api = as_node(*config, **membership);
    const bool keyless = !api && api.error().code == Code::kNotFound;  // forget() was killed, or somebody took them
    if (!api && !keyless && !force) return report("leave", api.error());
    if (keyless) steps.skip("pods left", "the node's keys are gone; if the cluster has it still: kubectl delete node");
    if (api) {
      steps.begin("pods left");
      const auto left = drain(**api, config->node_name, seconds(timeout));
      steps.done(left ? std::to_string(*left) : "no: " + left.error().message);
      if (!left && !force) return report("leave", left.error());
    }
    steps.begin("worker stopped");
    if (auto stopped = clean(*config); !stopped) {
      print("\n");
      return report("leave", stopped.error());
    }
    steps.done();
    if (api) {
      steps.begin("node " + config->node_name + " removed");
      const auto removed = remove_node(**api, config->node_name);
      steps.done(removed ? "" : "no: " + removed.error().message);
      if (!removed && !force) return report("leave", removed.error());
    }
  } else if (auto stopped = clean(*config); !stopped) {
    return report("leave", stopped.error());
  }
  if (auto done = forget(*config); !done) return report("leave", done.error());
  print("\nThis machine is in no cluster any more; nothing is left of it here.\n");
  return kDone;
}

}  // namespace appliance::cmd
