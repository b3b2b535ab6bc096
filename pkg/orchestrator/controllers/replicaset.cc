#include "orchestrator/controllers/replicaset.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "orchestrator/controllers/ownership.h"

namespace appliance::orchestrator::controllers {
namespace {

bool active(const api::Object& pod) {
  return !pod.meta.deletion_seconds && pod.pod().phase != "Succeeded" && pod.pod().phase != "Failed";
}

// Smaller goes first: the order in which a real ReplicaSet picks its victims (kube-api page, section 7).
auto victim_rank(const api::Object& pod, int64_t neighbours, int64_t deletion_cost) {
  const auto& f = pod.pod();
  const int phase = f.phase == "Pending" ? 0 : f.phase == "Unknown" ? 1 : 2;
  return std::tuple(!f.node.empty(), phase, f.ready, deletion_cost, -neighbours, -f.ready_since_seconds,
                    -int64_t{f.restarts}, -pod.meta.creation_seconds, pod.key.name);
}

bool matches_template(const api::Object& pod, const json::Object& template_labels) {
  for (const auto& label : template_labels)
    if (!label.value().is_string() ||
        api::label_value(pod.meta.labels, label.key()) != std::string_view(label.value().get_string()))
      return false;
  return true;
}

}  // namespace

ReplicaSetPlan plan_replicaset(const json::Value& replicaset, const std::vector<ObjectPtr>& pods, int64_t now_seconds) {
  const int64_t wanted = json::int_at(replicaset, {"spec", "replicas"}, 1);
  const int64_t min_ready_seconds = json::int_at(replicaset, {"spec", "minReadySeconds"});
  const auto& template_labels = json::object_at(replicaset, {"spec", "template", "metadata", "labels"});
  const bool deleted = !json::string_at(replicaset, {"metadata", "deletionTimestamp"}).empty();

  std::vector<ObjectPtr> live;
  std::map<std::string, int64_t> per_node;
  int64_t ready = 0;
  int64_t available = 0;
  int64_t labeled = 0;
  for (const auto& pod : pods) {
    if (!active(*pod)) continue;
    live.push_back(pod);
    ++per_node[pod->pod().node];
    if (pod->pod().ready) {
      ++ready;
      if (pod->pod().ready_since_seconds + min_ready_seconds <= now_seconds) ++available;
    }
    if (matches_template(*pod, template_labels)) ++labeled;
  }

  ReplicaSetPlan plan;
  const auto have = static_cast<int64_t>(live.size());
  if (!deleted && have < wanted) plan.create = std::min(wanted - have, kBurstReplicas);
  if (!deleted && have > wanted) {
    const auto cost = [](const api::Object& pod) -> int64_t {
      const auto document = pod.document();
      return base::parse_int<int64_t>(
                 json::string_at(document, {"metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"}))
          .value_or(0);
    };
    std::vector<std::pair<decltype(victim_rank(*live[0], 0, 0)), ObjectPtr>> ranked;
    for (const auto& pod : live) ranked.emplace_back(victim_rank(*pod, per_node[pod->pod().node], cost(*pod)), pod);
    std::sort(ranked.begin(), ranked.end());
    for (int64_t i = 0; i < std::min(have - wanted, kBurstReplicas); ++i)
      plan.remove.push_back(ranked[static_cast<size_t>(i)].second);
  }

  plan.status["replicas"] = have;
  if (labeled > 0) plan.status["fullyLabeledReplicas"] = labeled;
  if (ready > 0) plan.status["readyReplicas"] = ready;
  if (available > 0) plan.status["availableReplicas"] = available;
  plan.status["observedGeneration"] = json::int_at(replicaset, {"metadata", "generation"});
  return plan;
}

json::Value pod_from_template(const json::Value& owner, const json::Value& pod_template) {
  json::Object meta{{"generateName", std::string(json::string_at(owner, {"metadata", "name"})) + '-'},
                    {"namespace", json::string_at(owner, {"metadata", "namespace"})},
                    {"ownerReferences", json::Array{controller_reference(owner)}}};
  for (const auto key : {"labels", "annotations", "finalizers"})
    if (const auto* value = json::find(pod_template, {"metadata", key}); value != nullptr) meta[key] = *value;
  json::Object pod{{"kind", "Pod"}, {"apiVersion", "v1"}, {"metadata", std::move(meta)}};
  if (const auto* spec = json::find(pod_template, {"spec"}); spec != nullptr) pod["spec"] = *spec;
  return pod;
}

namespace {

class ReplicaSets final : public Reconciler {
 public:
  std::string_view name() const override { return "replicaset"; }
  std::vector<Watch> watches() const override { return {{"replicasets.apps", self_key}, {"pods", owner_or_matching}}; }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("replicasets.apps").get(key);
    if (!object) return Outcome{};
    const auto replicaset = object->document();
    const bool deleted = object->meta.deletion_seconds.has_value();
    const auto claimed = claim(object->meta.uid, deleted, json::object_at(replicaset, {"spec", "selector"}),
                               context.informer("pods").list(key.ns));
    TRY(apply_claim(context, "pods", replicaset, claimed));
    auto plan = plan_replicaset(replicaset, claimed.owned, context.now_seconds());
    const auto failure = apply(context, key, replicaset, plan);
    if (!failure) set_failure(plan.status, replicaset, failure.error(), context);
    TRY(context.write_status("replicasets.apps", key, replicaset, plan.status));
    TRY(failure);
    return outcome(replicaset, plan);
  }

 private:
  // A change of a pod concerns its controller; an orphan concerns every ReplicaSet of its namespace that may adopt it.
  static std::vector<ObjectKey> owner_or_matching(const Notice& notice, client::InformerSource& informers) {
    static const auto by_owner = controller_key("ReplicaSet");
    auto keys = by_owner(notice, informers);
    if (controller_of(*notice.object) == nullptr && notice.change != client::Change::kDeleted &&
        !notice.object->meta.labels.empty())
      for (const auto& set : informers.informer("replicasets.apps").list(notice.object->key.ns))
        keys.push_back(set->key);
    return keys;
  }

  static Result<> apply(Context& context, const ObjectKey& key, const json::Value& replicaset,
                        const ReplicaSetPlan& plan) {
    const auto pod = pod_from_template(replicaset, json::object_at(replicaset, {"spec", "template"}));
    for (int64_t i = 0; i < plan.create; ++i) {  // one by one: the first refusal (quota, validation) ends the round
      auto created = context.create("pods", key.ns, pod);
      if (!created) {
        context.event(replicaset, true, "FailedCreate", "Error creating: " + created.error().message);
        return fail(created.error().wrap("create a pod of " + key.string()));
      }
      context.event(replicaset, false, "SuccessfulCreate",
                    "Created pod: " + std::string(json::string_at(*created, {"metadata", "name"})));
    }
    for (const auto& victim : plan.remove) {
      auto removed =
          context.remove("pods", victim->key,
                         {.grace_seconds = {}, .uid = victim->meta.uid, .resource_version = {}, .propagation = {}});
      if (!removed && removed.error().code != Code::kNotFound)
        return fail(removed.error().wrap("delete pod " + victim->key.string()));
      if (removed) context.event(replicaset, false, "SuccessfulDelete", "Deleted pod: " + victim->key.name);
    }
    if (!plan.remove.empty()) TRY(context.read_back("pods", plan.remove.back()->key));  // or one more might go
    return {};
  }

  static void set_failure(json::Object& status, const json::Value& replicaset, const Error& error,
                          const Context& context) {
    std::string since = base::format_rfc3339(context.clock().now());
    for (const auto& old : json::array_at(replicaset, {"status", "conditions"}))
      if (json::string_at(old, {"type"}) == "ReplicaFailure") since = json::string_at(old, {"lastTransitionTime"});
    status["conditions"] = json::Array{json::Object{{"type", "ReplicaFailure"},
                                                    {"status", "True"},
                                                    {"reason", "FailedCreate"},
                                                    {"message", error.message},
                                                    {"lastTransitionTime", since}}};
  }

  // With minReadySeconds a ready pod becomes available by time alone.
  static Outcome outcome(const json::Value& replicaset, const ReplicaSetPlan& plan) {
    const auto min_ready = json::int_at(replicaset, {"spec", "minReadySeconds"});
    const json::Value status = plan.status;
    if (min_ready > 0 && json::int_at(status, {"availableReplicas"}) < json::int_at(status, {"readyReplicas"}))
      return {.requeue_after = std::chrono::seconds(1)};
    return {};
  }
};

}  // namespace

std::unique_ptr<Reconciler> make_replicaset_controller() { return std::make_unique<ReplicaSets>(); }

}  // namespace appliance::orchestrator::controllers
