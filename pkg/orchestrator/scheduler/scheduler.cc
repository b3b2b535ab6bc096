#include "orchestrator/scheduler/scheduler.h"

#include <map>
#include <mutex>

#include "orchestrator/scheduler/core.h"

namespace appliance::orchestrator::scheduler {
namespace {

using controllers::Context;
using controllers::Notice;
using controllers::Outcome;
using controllers::Watch;

constexpr std::string_view kName = "default-scheduler";

bool pending(const api::Object& pod) {
  return pod.pod().node.empty() && !pod.meta.deletion_seconds && pod.pod().phase != "Succeeded" &&
         pod.pod().phase != "Failed";
}

std::vector<api::ObjectKey> all_pending(client::InformerSource& informers) {
  std::vector<api::ObjectKey> keys;
  for (const auto& pod : informers.informer("pods").list())
    if (pending(*pod)) keys.push_back(pod->key);
  return keys;
}

class Scheduler final : public controllers::Reconciler {
 public:
  std::string_view name() const override { return "scheduler"; }
  std::vector<Watch> watches() const override {
    return {{"pods",
             [](const Notice& n, client::InformerSource& informers) {
               // Room that a pod leaves may be what another one waits for.
               const bool left = n.change == client::Change::kDeleted || n.object->pod().phase == "Succeeded" ||
                                 n.object->pod().phase == "Failed";
               if (left && !n.object->pod().node.empty()) return all_pending(informers);
               return pending(*n.object) ? std::vector<api::ObjectKey>{n.object->key} : std::vector<api::ObjectKey>{};
             }},
            {"nodes", [](const Notice&, client::InformerSource& informers) { return all_pending(informers); }}};
  }

  Result<Outcome> reconcile(const api::ObjectKey& key, Context& context) override {
    const auto object = context.informer("pods").get(key);
    if (!object || !pending(*object)) return Outcome{};
    const auto pod = object->document();
    if (json::string_at(pod, {"spec", "schedulerName"}, kName) != kName) return Outcome{};
    const auto decision = decide(*object, pod, context);
    if (decision.node.empty()) return report(key, pod, decision, context);
    auto bound = bind(key, *object, decision.node, context);
    if (!bound) {
      const std::lock_guard lock(mutex_);
      assumed_.erase(object->meta.uid);
      if (bound.error().code == Code::kNotFound || bound.error().code == Code::kAborted)
        return Outcome{};  // gone, or bound by another
      return fail(bound.error());
    }
    context.event(pod, false, "Scheduled", "Successfully assigned " + key.string() + " to " + decision.node);
    return Outcome{};
  }

 private:
  struct Assumed {
    std::string node;
    Request request;
  };

  Decision decide(const api::Object& object, const json::Value& pod, Context& context) {
    const std::lock_guard lock(mutex_);
    auto& pods = context.informer("pods");
    std::vector<NodeState> nodes;
    for (const auto& node : context.informer("nodes").list()) {
      if (node->meta.deletion_seconds) continue;
      const auto on_node = pods.by_node(node->key.name);
      for (const auto& p : on_node) assumed_.erase(p->meta.uid);
      nodes.push_back(node_state(node->document(), on_node));
    }
    for (auto it = assumed_.begin(); it != assumed_.end();) {
      bool placed = false;
      for (auto& node : nodes) {
        if (node.name != it->second.node) continue;
        assume(node, it->second.request);
        placed = true;
      }
      it = placed ? std::next(it) : assumed_.erase(it);
    }
    auto decision = schedule(pod, request_of(object), nodes);
    if (!decision.node.empty()) assumed_[object.meta.uid] = {decision.node, request_of(object)};
    return decision;
  }

  static Result<> bind(const api::ObjectKey& key, const api::Object& object, const std::string& node,
                       Context& context) {
    const json::Value binding =
        json::Object{{"kind", "Binding"},
                     {"apiVersion", "v1"},
                     {"metadata", json::Object{{"name", key.name}, {"namespace", key.ns}, {"uid", object.meta.uid}}},
                     {"target", json::Object{{"kind", "Node"}, {"apiVersion", "v1"}, {"name", node}}}};
    TRY_CTX(context.create_at("pods", key.ns, binding, "binding"), "bind " + key.string() + " to " + node);
    return {};
  }

  static Result<Outcome> report(const api::ObjectKey& key, const json::Value& pod, const Decision& decision,
                                Context& context) {
    for (const auto& condition : json::array_at(pod, {"status", "conditions"}))
      if (json::string_at(condition, {"type"}) == "PodScheduled" &&
          json::string_at(condition, {"message"}) == decision.message)
        return Outcome{};
    context.event(pod, true, "FailedScheduling", decision.message);
    json::Array conditions;
    for (const auto& condition : json::array_at(pod, {"status", "conditions"}))
      if (json::string_at(condition, {"type"}) != "PodScheduled") conditions.push_back(condition);
    conditions.push_back(json::Object{{"type", "PodScheduled"},
                                      {"status", "False"},
                                      {"lastProbeTime", nullptr},
                                      {"lastTransitionTime", base::format_rfc3339(context.clock().now())},
                                      {"reason", "Unschedulable"},
                                      {"message", decision.message}});
    auto patched = context.patch(
        "pods", key,
        json::Object{{"status", json::Object{{"phase", "Pending"}, {"conditions", std::move(conditions)}}}}, "status");
    if (!patched && patched.error().code != Code::kNotFound) return fail(patched.error());
    return Outcome{};
  }

  std::mutex mutex_;
  std::map<std::string, Assumed> assumed_;  // pod uid -> where we put it; until the cache shows it
};

}  // namespace

std::unique_ptr<controllers::Reconciler> make_scheduler() { return std::make_unique<Scheduler>(); }

}  // namespace appliance::orchestrator::scheduler
