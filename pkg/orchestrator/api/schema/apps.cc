// Deployment and ReplicaSet (apps/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::apps {

constexpr Field kRollingUpdateDeploymentFields[] = {
    int_or_string("maxUnavailable", 1).pointer(),
    int_or_string("maxSurge", 2).pointer(),
};
constinit const Schema kRollingUpdateDeployment = {.id = "io.k8s.api.apps.v1.RollingUpdateDeployment",
                                                   .name = "RollingUpdateDeployment",
                                                   .fields = kRollingUpdateDeploymentFields};

constexpr Field kDeploymentStrategyFields[] = {
    str("type", 1).go("v1.DeploymentStrategyType").def("\"RollingUpdate\"").one_of("Recreate|RollingUpdate"),
    obj("rollingUpdate", 2, kRollingUpdateDeployment).pointer(),
};
constinit const Schema kDeploymentStrategy = {.id = "io.k8s.api.apps.v1.DeploymentStrategy",
                                              .name = "DeploymentStrategy",
                                              .fields = kDeploymentStrategyFields,
                                              .defaults = default_deployment_strategy};

constexpr Field kDeploymentSpecFields[] = {
    i32("replicas", 1).pointer().def("1"),
    obj("selector", 2, meta::kLabelSelector).pointer().always().required(),
    obj("template", 3, core::kPodTemplateSpec).always().required(),
    obj("strategy", 4, kDeploymentStrategy).retain_keys().def("{}"),
    i32("minReadySeconds", 5),
    i32("revisionHistoryLimit", 6).pointer().def("10"),
    boolean("paused", 7),
    i32("progressDeadlineSeconds", 9).pointer().def("600"),
};
constinit const Schema kDeploymentSpec = {
    .id = "io.k8s.api.apps.v1.DeploymentSpec", .name = "DeploymentSpec", .fields = kDeploymentSpecFields};

constexpr Field kDeploymentConditionFields[] = {
    str("type", 1).always().required().go("v1.DeploymentConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus"),
    time("lastUpdateTime", 6),
    time("lastTransitionTime", 7),
    str("reason", 4),
    str("message", 5),
};
constinit const Schema kDeploymentCondition = {.id = "io.k8s.api.apps.v1.DeploymentCondition",
                                               .name = "DeploymentCondition",
                                               .fields = kDeploymentConditionFields};

constexpr Field kDeploymentStatusFields[] = {
    i64("observedGeneration", 1),
    i32("replicas", 2),
    i32("updatedReplicas", 3),
    i32("readyReplicas", 7),
    i32("availableReplicas", 4),
    i32("unavailableReplicas", 5),
    obj("conditions", 6, kDeploymentCondition).list().keyed("type").merge("type"),
    i32("collisionCount", 8).pointer(),
};
constinit const Schema kDeploymentStatus = {
    .id = "io.k8s.api.apps.v1.DeploymentStatus", .name = "DeploymentStatus", .fields = kDeploymentStatusFields};

constexpr Field kDeploymentFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kDeploymentSpec),
    obj("status", 3, kDeploymentStatus),
};
constinit const Schema kDeployment = {
    .id = "io.k8s.api.apps.v1.Deployment", .name = "Deployment", .fields = kDeploymentFields};

constexpr Field kReplicaSetSpecFields[] = {
    i32("replicas", 1).pointer().def("1"),
    i32("minReadySeconds", 4),
    obj("selector", 2, meta::kLabelSelector).pointer().always().required(),
    obj("template", 3, core::kPodTemplateSpec),
};
constinit const Schema kReplicaSetSpec = {
    .id = "io.k8s.api.apps.v1.ReplicaSetSpec", .name = "ReplicaSetSpec", .fields = kReplicaSetSpecFields};

constexpr Field kReplicaSetConditionFields[] = {
    str("type", 1).always().required().go("v1.ReplicaSetConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus"),
    time("lastTransitionTime", 3),
    str("reason", 4),
    str("message", 5),
};
constinit const Schema kReplicaSetCondition = {.id = "io.k8s.api.apps.v1.ReplicaSetCondition",
                                               .name = "ReplicaSetCondition",
                                               .fields = kReplicaSetConditionFields};

constexpr Field kReplicaSetStatusFields[] = {
    i32("replicas", 1).always().required(),
    i32("fullyLabeledReplicas", 2),
    i32("readyReplicas", 4),
    i32("availableReplicas", 5),
    i64("observedGeneration", 3),
    obj("conditions", 6, kReplicaSetCondition).list().keyed("type").merge("type"),
};
constinit const Schema kReplicaSetStatus = {
    .id = "io.k8s.api.apps.v1.ReplicaSetStatus", .name = "ReplicaSetStatus", .fields = kReplicaSetStatusFields};

constexpr Field kReplicaSetFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kReplicaSetSpec),
    obj("status", 3, kReplicaSetStatus),
};
constinit const Schema kReplicaSet = {
    .id = "io.k8s.api.apps.v1.ReplicaSet", .name = "ReplicaSet", .fields = kReplicaSetFields};

}  // namespace appliance::orchestrator::api::apps
