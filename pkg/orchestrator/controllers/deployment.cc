#include "orchestrator/controllers/deployment.h"

#include <map>

#include "base/strings.h"
#include "orchestrator/controllers/ownership.h"

namespace appliance::orchestrator::controllers {
namespace {

constexpr std::string_view kHashLabel = "pod-template-hash";
constexpr std::string_view kRevisionAnnotation = "deployment.kubernetes.io/revision";
constexpr std::string_view kHistoryAnnotation = "deployment.kubernetes.io/revision-history";

// Key order must not matter for equality of templates, nor for the hash.
json::Value sorted(const json::Value& value) {
  if (const auto* object = value.if_object()) {
    std::map<std::string, const json::Value*> members;
    for (const auto& member : *object) members[std::string(member.key())] = &member.value();
    json::Object out;
    for (const auto& [key, member] : members) out[key] = sorted(*member);
    return out;
  }
  if (const auto* array = value.if_array()) {
    json::Array out;
    for (const auto& element : *array) out.push_back(sorted(element));
    return out;
  }
  return value;
}

json::Value without_hash(json::Value pod_template) {
  auto& labels = json::ensure(pod_template, {"metadata", "labels"});
  if (!labels.is_object()) labels.emplace_object();
  labels.get_object().erase(kHashLabel);
  return pod_template;
}

bool same_template(const json::Value& a, const json::Value& b) {
  return sorted(without_hash(a)) == sorted(without_hash(b));
}

Revision read_revision(const ObjectPtr& object) {
  Revision r;
  r.object = object;
  r.document = object->document();
  r.number = base::parse_int<int64_t>(json::string_at(r.document, {"metadata", "annotations", kRevisionAnnotation}))
                 .value_or(0);
  r.wanted = json::int_at(r.document, {"spec", "replicas"}, 1);
  r.replicas = json::int_at(r.document, {"status", "replicas"});
  r.ready = json::int_at(r.document, {"status", "readyReplicas"});
  r.available = json::int_at(r.document, {"status", "availableReplicas"});
  return r;
}

json::Object annotations_for(const json::Value& deployment, int64_t number) {
  json::Object out;
  for (const auto& a : json::object_at(deployment, {"metadata", "annotations"})) {
    const std::string_view key = a.key();
    if (key != "kubectl.kubernetes.io/last-applied-configuration" && key != kRevisionAnnotation &&
        key != kHistoryAnnotation)
      out[a.key()] = a.value();
  }
  const int64_t wanted = json::int_at(deployment, {"spec", "replicas"}, 1);
  out["deployment.kubernetes.io/desired-replicas"] = std::to_string(wanted);
  out["deployment.kubernetes.io/max-replicas"] = std::to_string(wanted + rollout_limits(deployment).surge);
  out[kRevisionAnnotation] = std::to_string(number);
  return out;
}

json::Value new_replicaset(const json::Value& deployment, const std::string& hash, int64_t replicas, int64_t number) {
  json::Value pod_template = *json::find(deployment, {"spec", "template"});
  json::ensure(pod_template, {"metadata", "labels", kHashLabel}) = hash;
  json::Value selector = json::object_at(deployment, {"spec", "selector"});
  json::ensure(selector, {"matchLabels", kHashLabel}) = hash;
  json::Object spec{{"replicas", replicas}, {"selector", std::move(selector)}, {"template", pod_template}};
  if (const auto min_ready = json::int_at(deployment, {"spec", "minReadySeconds"}); min_ready > 0)
    spec["minReadySeconds"] = min_ready;
  return json::Object{
      {"kind", "ReplicaSet"},
      {"apiVersion", "apps/v1"},
      {"metadata", json::Object{{"name", std::string(json::string_at(deployment, {"metadata", "name"})) + '-' + hash},
                                {"namespace", json::string_at(deployment, {"metadata", "namespace"})},
                                {"labels", json::object_at(pod_template, {"metadata", "labels"})},
                                {"annotations", annotations_for(deployment, number)},
                                {"ownerReferences", json::Array{controller_reference(deployment)}}}},
      {"spec", std::move(spec)}};
}

class Deployments final : public Reconciler {
 public:
  std::string_view name() const override { return "deployment"; }
  std::vector<Watch> watches() const override {
    return {{"deployments.apps", self_key},
            {"replicasets.apps", controller_key("Deployment")},
            {"pods", deployments_that_recreate}};
  }

  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const auto object = context.informer("deployments.apps").get(key);
    if (!object || object->meta.deletion_seconds) return Outcome{};
    const auto deployment = object->document();
    const auto claimed = claim(object->meta.uid, false, json::object_at(deployment, {"spec", "selector"}),
                               context.informer("replicasets.apps").list(key.ns));
    TRY(apply_claim(context, "replicasets.apps", deployment, claimed));

    std::vector<Revision> revisions;
    int current = -1;
    const json::Value pod_template = json::object_at(deployment, {"spec", "template"});
    for (const auto& set : claimed.owned) {
      revisions.push_back(read_revision(set));
      if (!set->meta.deletion_seconds &&
          same_template(pod_template, json::object_at(revisions.back().document, {"spec", "template"})) &&
          (current < 0 ||
           set->meta.creation_seconds < revisions[static_cast<size_t>(current)].object->meta.creation_seconds))
        current = static_cast<int>(revisions.size()) - 1;
    }
    const auto plan = plan_deployment(deployment, revisions, current, running_pods_of_old(context, revisions, current),
                                      context.clock().now());
    TRY(apply(context, key, deployment, revisions, current, plan));
    return Outcome{.requeue_after = plan.deadline_running
                                        ? std::optional<std::chrono::nanoseconds>(std::chrono::seconds(10))
                                        : std::nullopt};
  }

 private:
  static std::vector<ObjectKey> deployments_that_recreate(const Notice& notice, client::InformerSource& informers) {
    if (notice.change != client::Change::kDeleted) return {};
    const auto* owner = controller_of(*notice.object);
    if (owner == nullptr || owner->kind != "ReplicaSet") return {};
    const auto set = informers.informer("replicasets.apps").get({notice.object->key.ns, owner->name});
    if (!set) return {};
    const auto* deployment = controller_of(*set);
    if (deployment == nullptr) return {};
    return {{notice.object->key.ns, deployment->name}};
  }

  static int64_t running_pods_of_old(Context& context, const std::vector<Revision>& revisions, int current) {
    int64_t n = 0;
    for (size_t i = 0; i < revisions.size(); ++i) {
      if (static_cast<int>(i) == current) continue;
      for (const auto& pod : context.informer("pods").by_owner(revisions[i].object->meta.uid))
        if (pod->pod().phase != "Succeeded" && pod->pod().phase != "Failed") ++n;
    }
    return n;
  }

  static Result<> apply(Context& context, const ObjectKey& key, const json::Value& deployment,
                        const std::vector<Revision>& revisions, int current, const DeploymentPlan& plan) {
    if (current >= 0) TRY(number_current(context, deployment, revisions[static_cast<size_t>(current)], plan));
    if (plan.create_new) TRY(create_new(context, key, deployment, plan));
    for (const auto& scale : plan.scales) {
      TRY_CTX(context.patch(
                  "replicasets.apps", scale.replicaset,
                  json::Object{{"metadata", json::Object{{"annotations",
                                                          json::Object{{"deployment.kubernetes.io/desired-replicas",
                                                                        std::to_string(json::int_at(
                                                                            deployment, {"spec", "replicas"}, 1))}}}}},
                               {"spec", json::Object{{"replicas", scale.to}}}}),
              "scale " + scale.replicaset.string());
      context.event(deployment, false, "ScalingReplicaSet",
                    std::string("Scaled ") + (scale.to > scale.from ? "up" : "down") + " replica set " +
                        scale.replicaset.name + " from " + std::to_string(scale.from) + " to " +
                        std::to_string(scale.to));
    }
    for (const auto& old : plan.prune)
      if (auto removed =
              context.remove("replicasets.apps", old,
                             {.grace_seconds = {}, .uid = {}, .resource_version = {}, .propagation = "Background"});
          !removed && removed.error().code != Code::kNotFound)
        return fail(removed.error());
    return context.write_status("deployments.apps", key, deployment, plan.status);
  }

  static Result<> create_new(Context& context, const ObjectKey& key, const json::Value& deployment,
                             const DeploymentPlan& plan) {
    const auto hash = template_hash(json::object_at(deployment, {"spec", "template"}),
                                    json::int_at(deployment, {"status", "collisionCount"}));
    auto created = context.create("replicasets.apps", key.ns,
                                  new_replicaset(deployment, hash, plan.new_replicas, plan.new_number));
    if (!created && created.error().code == Code::kAlreadyExists) {
      // Ours, seen late by the cache, or a collision of hashes: the count makes the next hash another one.
      const auto existing = context.informer("replicasets.apps").get({key.ns, key.name + '-' + hash});
      const auto* owner = existing ? controller_of(*existing) : nullptr;
      if (existing && (owner == nullptr || owner->uid != json::string_at(deployment, {"metadata", "uid"}))) {
        auto status = plan.status;
        status["collisionCount"] = json::int_at(deployment, {"status", "collisionCount"}) + 1;
        TRY(context.write_status("deployments.apps", key, deployment, status));
      }
      return fail(Code::kAborted, "replica set " + key.name + '-' + hash + " exists already");
    }
    TRY_CTX(created, "create replica set");
    context.event(deployment, false, "ScalingReplicaSet",
                  "Scaled up replica set " + key.name + '-' + hash + " from 0 to " + std::to_string(plan.new_replicas));
    return set_revision(context, key, deployment, plan.new_number);
  }

  // A template that is used again gets the newest number; its old ones are remembered.
  static Result<> number_current(Context& context, const json::Value& deployment, const Revision& current,
                                 const DeploymentPlan& plan) {
    const auto number = std::to_string(plan.new_number);
    const int64_t wanted = json::int_at(deployment, {"spec", "replicas"}, 1);
    json::Object annotations;
    if (current.number != plan.new_number) {
      std::string history(json::string_at(current.document, {"metadata", "annotations", kHistoryAnnotation}));
      if (current.number > 0) history += (history.empty() ? "" : ",") + std::to_string(current.number);
      annotations[kRevisionAnnotation] = number;
      if (!history.empty()) annotations[kHistoryAnnotation] = history;
    }
    const auto max = std::to_string(wanted + rollout_limits(deployment).surge);
    if (json::string_at(current.document, {"metadata", "annotations", "deployment.kubernetes.io/max-replicas"}) != max)
      annotations["deployment.kubernetes.io/max-replicas"] = max;
    if (!annotations.empty())
      TRY(context.patch("replicasets.apps", current.object->key,
                        json::Object{{"metadata", json::Object{{"annotations", std::move(annotations)}}}}));
    return set_revision(context,
                        {current.object->key.ns, std::string(json::string_at(deployment, {"metadata", "name"}))},
                        deployment, plan.new_number);
  }

  static Result<> set_revision(Context& context, const ObjectKey& key, const json::Value& deployment, int64_t number) {
    const auto text = std::to_string(number);
    if (json::string_at(deployment, {"metadata", "annotations", kRevisionAnnotation}) == text) return {};
    TRY(context.patch(
        "deployments.apps", key,
        json::Object{{"metadata", json::Object{{"annotations", json::Object{{kRevisionAnnotation, text}}}}}}));
    return {};
  }
};

}  // namespace

std::string template_hash(const json::Value& pod_template, int64_t collision_count) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  uint64_t hash =
      base::fnv1a64(json::serialize(sorted(without_hash(pod_template))) + '#' + std::to_string(collision_count));
  std::string out;
  for (int i = 0; i < 10; ++i) {
    out += kAlphabet[hash % kAlphabet.size()];
    hash /= kAlphabet.size();
  }
  return out;
}

std::unique_ptr<Reconciler> make_deployment_controller() { return std::make_unique<Deployments>(); }

}  // namespace appliance::orchestrator::controllers
