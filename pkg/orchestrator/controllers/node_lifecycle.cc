#include "orchestrator/controllers/node_lifecycle.h"

#include <map>
#include <mutex>

namespace appliance::orchestrator::controllers {
namespace {

constexpr std::string_view kUnreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view kNotReady = "node.kubernetes.io/not-ready";
constexpr std::string_view kUnschedulable = "node.kubernetes.io/unschedulable";

std::string_view ready_status(const json::Value& node) {
  for (const auto& condition : json::array_at(node, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == "Ready") return json::string_at(condition, {"status"});
  return {};
}

bool ours(std::string_view key) {
  return key == kUnreachable || key == kNotReady || key == kUnschedulable ||
         key == "node.kubernetes.io/memory-pressure" || key == "node.kubernetes.io/disk-pressure" ||
         key == "node.kubernetes.io/pid-pressure";
}

bool tolerates(const json::Value& toleration, const json::Value& taint) {
  const auto effect = json::string_at(toleration, {"effect"});
  if (!effect.empty() && effect != json::string_at(taint, {"effect"})) return false;
  const auto key = json::string_at(toleration, {"key"});
  const bool exists = json::string_at(toleration, {"operator"}) == "Exists";
  if (key.empty()) return exists;
  if (key != json::string_at(taint, {"key"})) return false;
  return exists || json::string_at(toleration, {"value"}) == json::string_at(taint, {"value"});
}

}  // namespace

json::Array plan_taints(const json::Value& node, bool lease_fresh, const std::string& now) {
  json::Array out;
  const auto& old = json::array_at(node, {"spec", "taints"});
  for (const auto& taint : old)
    if (!ours(json::string_at(taint, {"key"}))) out.push_back(taint);
  const auto add = [&](std::string_view key, std::string_view effect, bool timed) {
    for (const auto& taint : old) {
      if (json::string_at(taint, {"key"}) == key && json::string_at(taint, {"effect"}) == effect) {
        out.push_back(taint);  // keeps timeAdded
        return;
      }
    }
    json::Object taint{{"key", key}, {"effect", effect}};
    if (timed) taint["timeAdded"] = now;
    out.push_back(std::move(taint));
  };
  const auto ready = ready_status(node);
  if (json::bool_at(node, {"spec", "unschedulable"})) add(kUnschedulable, "NoSchedule", true);
  if (!lease_fresh || ready == "Unknown") {
    add(kUnreachable, "NoSchedule", true);
    add(kUnreachable, "NoExecute", true);
  } else if (ready != "True") {
    add(kNotReady, "NoSchedule", true);
    add(kNotReady, "NoExecute", true);
  }
  for (const auto& condition : json::array_at(node, {"status", "conditions"})) {
    if (json::string_at(condition, {"status"}) != "True") continue;
    const auto type = json::string_at(condition, {"type"});
    if (type == "MemoryPressure") add("node.kubernetes.io/memory-pressure", "NoSchedule", true);
    if (type == "DiskPressure") add("node.kubernetes.io/disk-pressure", "NoSchedule", true);
    if (type == "PIDPressure") add("node.kubernetes.io/pid-pressure", "NoSchedule", true);
  }
  return out;
}

std::optional<int64_t> eviction_delay_seconds(const json::Value& pod, const json::Array& taints, int64_t now_seconds) {
  std::optional<int64_t> soonest;
  for (const auto& taint : taints) {
    if (json::string_at(taint, {"effect"}) != "NoExecute") continue;
    std::optional<int64_t> stay = 0;  // untolerated: leave now
    for (const auto& toleration : json::array_at(pod, {"spec", "tolerations"})) {
      if (!tolerates(toleration, taint)) continue;
      const auto* seconds = json::find(toleration, {"tolerationSeconds"});
      stay = seconds == nullptr ? std::nullopt : std::optional(json::int_at(toleration, {"tolerationSeconds"}));
      break;
    }
    if (!stay) continue;
    int64_t left = *stay;
    if (*stay > 0) {
      const auto added = base::parse_rfc3339(json::string_at(taint, {"timeAdded"}));
      if (added)
        left = std::max<int64_t>(
            0,
            *stay + std::chrono::duration_cast<std::chrono::seconds>(added->time_since_epoch()).count() - now_seconds);
    }
    soonest = soonest ? std::min(*soonest, left) : left;
  }
  return soonest;
}

namespace {

class NodeLifecycle final : public Reconciler {
 public:
  explicit NodeLifecycle(NodeLifecycleOptions options) : options_(options) {}
  std::string_view name() const override { return "node-lifecycle"; }
  std::vector<Watch> watches() const override {
    return {{"nodes", self_key},
            {"leases.coordination.k8s.io",
             [](const Notice& n, client::InformerSource&) {
               return n.object->key.ns == "kube-node-lease" ? std::vector<ObjectKey>{{"", n.object->key.name}}
                                                            : std::vector<ObjectKey>{};
             }},
            {"pods", [](const Notice& n, client::InformerSource&) {
               const bool fresh_binding = n.change != client::Change::kDeleted && !n.object->pod().node.empty() &&
                                          (!n.old || n.old->pod().node.empty());
               return fresh_binding ? std::vector<ObjectKey>{{"", n.object->pod().node}} : std::vector<ObjectKey>{};
             }}};
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("nodes").get(key);
    if (!object) return remove_pods_of_vanished(key.name, context);
    auto node = object->document();
    const bool fresh = lease_fresh(key.name, context);
    const std::string now = base::format_rfc3339(context.clock().now());
    if (!fresh && ready_status(node) != "Unknown") {
      TRY(mark_unknown(node, key, now, context));
      context.event(node, false, "NodeNotReady", "Node " + key.name + " status is now: NodeNotReady");
    }
    const auto taints = plan_taints(node, fresh, now);
    if (taints != json::array_at(node, {"spec", "taints"}))
      TRY(context.patch("nodes", key,
                        json::Object{{"spec", json::Object{{"taints", taints.empty() ? json::Value(nullptr)
                                                                                     : json::Value(taints)}}}}));
    const auto next = evict(key.name, taints, context);
    return Outcome{
        .requeue_after = std::min<std::chrono::nanoseconds>(
            next, std::max<std::chrono::seconds>(options_.monitor_grace_period / 8, std::chrono::seconds(1)))};
  }

 private:
  // By our own clock since the renewal was seen: the node's clock may differ, and ours may jump.
  bool lease_fresh(const std::string& node, Context& context) {
    const auto lease = context.informer("leases.coordination.k8s.io").get({"kube-node-lease", node});
    const std::lock_guard lock(mutex_);
    auto& seen = seen_[node];
    const int64_t revision = lease ? lease->revision : 0;
    const auto now = context.clock().monotonic();
    if (seen.first != revision || seen.second == base::MonoTime{}) seen = {revision, now};
    return now - seen.second < options_.monitor_grace_period;
  }

  static Result<> mark_unknown(json::Value& node, const ObjectKey& key, const std::string& now, Context& context) {
    auto& conditions = json::ensure(node, {"status", "conditions"});
    if (!conditions.is_array()) conditions.emplace_array();
    for (auto& condition : conditions.get_array()) {
      auto& c = condition.as_object();
      c["status"] = "Unknown";
      c["reason"] = "NodeStatusUnknown";
      c["message"] = "Kubelet stopped posting node status.";
      c["lastTransitionTime"] = now;
    }
    TRY(context.patch("nodes", key, json::Object{{"status", json::Object{{"conditions", conditions}}}}, "status"));
    return {};
  }

  static std::chrono::nanoseconds evict(const std::string& node, const json::Array& taints, Context& context) {
    std::chrono::nanoseconds next = std::chrono::hours(1);
    bool any = false;
    for (const auto& taint : taints) any = any || json::string_at(taint, {"effect"}) == "NoExecute";
    if (!any) return next;
    for (const auto& pod : context.informer("pods").by_node(node)) {
      if (pod->meta.deletion_seconds) continue;
      const auto document = pod->document();
      const auto delay = eviction_delay_seconds(document, taints, context.now_seconds());
      if (!delay) continue;
      if (*delay > 0) {
        next = std::min<std::chrono::nanoseconds>(next, std::chrono::seconds(*delay));
        continue;
      }
      context.event(document, false, "TaintManagerEviction", "Marking for deletion Pod " + pod->key.string());
      (void)context.remove("pods", pod->key,
                           {.grace_seconds = {},
                            .uid = pod->meta.uid,
                            .resource_version = {},
                            .propagation = {}});  // tried again with the next look
    }
    return next;
  }

  Result<Outcome> remove_pods_of_vanished(const std::string& node, Context& context) {
    {
      const std::lock_guard lock(mutex_);
      seen_.erase(node);
    }
    for (const auto& pod : context.informer("pods").by_node(node)) {
      auto removed = context.remove(
          "pods", pod->key, {.grace_seconds = 0, .uid = pod->meta.uid, .resource_version = {}, .propagation = {}});
      if (!removed && removed.error().code != Code::kNotFound) return fail(removed.error());
    }
    return Outcome{};
  }

  NodeLifecycleOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::pair<int64_t, base::MonoTime>>
      seen_;  // node -> revision of its lease, and when we saw that
};

}  // namespace

std::unique_ptr<Reconciler> make_node_lifecycle_controller(NodeLifecycleOptions options) {
  return std::make_unique<NodeLifecycle>(options);
}

}  // namespace appliance::orchestrator::controllers
