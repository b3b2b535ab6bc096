// Deployment: one ReplicaSet per pod template, scaled against each other within maxSurge and maxUnavailable.
// Semantics: apps/v1 Deployment; kube-controller texts of conditions and events.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

// A ReplicaSet of the deployment, as the plan sees it.
struct Revision {
  ObjectPtr object;
  json::Value document;
  int64_t number = 0;    // annotation deployment.kubernetes.io/revision
  int64_t wanted = 0;    // spec.replicas
  int64_t replicas = 0;  // status
  int64_t ready = 0;
  int64_t available = 0;
};

struct Scale {
  ObjectKey replicaset;
  int64_t from = 0;
  int64_t to = 0;
};

struct DeploymentPlan {
  bool create_new = false;   // no ReplicaSet has the current template
  int64_t new_replicas = 0;  // for create_new
  int64_t new_number = 0;    // revision that the current template has or gets
  std::vector<Scale> scales;
  std::vector<ObjectKey> prune;  // beyond revisionHistoryLimit
  json::Object status;
  bool deadline_running = false;  // look again: progressDeadlineSeconds may pass without an event
};

// Resolved maxSurge (rounded up) and maxUnavailable (rounded down; 1 when both would be 0).
struct Limits {
  int64_t surge = 0;
  int64_t unavailable = 0;
};
Limits rollout_limits(const json::Value& deployment);

// `revisions`: all ReplicaSets of the deployment; `current`: index of the one with the deployment's template, or -1;
// `pods_of_old`: pods of other revisions that still run (Recreate waits for them). Pure.
DeploymentPlan plan_deployment(const json::Value& deployment, const std::vector<Revision>& revisions, int current,
                               int64_t pods_of_old, base::WallTime now);

// Opaque to clients and stable: a hash of the template, in the alphabet of generated names.
std::string template_hash(const json::Value& pod_template, int64_t collision_count);

std::unique_ptr<Reconciler> make_deployment_controller();

}  // namespace appliance::orchestrator::controllers
