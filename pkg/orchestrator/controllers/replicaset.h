// ReplicaSet: keeps `spec.replicas` pods that match the selector. Semantics: apps/v1 ReplicaSet.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

// What to do about one ReplicaSet, given its pods (already claimed). Pure.
struct ReplicaSetPlan {
  int64_t create = 0;
  std::vector<ObjectPtr> remove;  // in the order in which to delete
  json::Object status;            // the whole new status
};
ReplicaSetPlan plan_replicaset(const json::Value& replicaset, const std::vector<ObjectPtr>& pods, int64_t now_seconds);

// The pod of a template: labels, annotations, finalizers and spec of it, an owner reference, generateName "NAME-".
json::Value pod_from_template(const json::Value& owner, const json::Value& pod_template);

inline constexpr int64_t kBurstReplicas =
    500;  // pods created or deleted in one go; the rest follows with the next change

std::unique_ptr<Reconciler> make_replicaset_controller();

}  // namespace appliance::orchestrator::controllers
