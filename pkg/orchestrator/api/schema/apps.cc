// Deployment and ReplicaSet (apps/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::apps {

constexpr Field kRollingUpdateDeploymentFields[] = {
    int_or_string("maxUnavailable", 1).pointer().desc("Pods that may be missing."),
    int_or_string("maxSurge", 2).pointer().desc("Pods that may be too many."),
};
constinit const Schema kRollingUpdateDeployment = {
    .id = "io.k8s.api.apps.v1.RollingUpdateDeployment",
    .name = "RollingUpdateDeployment",
    .description = "Limits of a rolling update, as numbers or percentages.",
    .fields = kRollingUpdateDeploymentFields};

constexpr Field kDeploymentStrategyFields[] = {
    str("type", 1)
        .go("v1.DeploymentStrategyType")
        .def("\"RollingUpdate\"")
        .one_of("Recreate|RollingUpdate")
        .desc("RollingUpdate, or Recreate: all old ones go first."),
    obj("rollingUpdate", 2, kRollingUpdateDeployment).pointer().desc("Limits of a rolling update."),
};
constinit const Schema kDeploymentStrategy = {.id = "io.k8s.api.apps.v1.DeploymentStrategy",
                                              .name = "DeploymentStrategy",
                                              .description = "How old pods are replaced by new ones.",
                                              .fields = kDeploymentStrategyFields,
                                              .defaults = default_deployment_strategy};

constexpr Field kDeploymentSpecFields[] = {
    i32("replicas", 1).pointer().def("1").desc("Number of pods."),
    obj("selector", 2, meta::kLabelSelector)
        .pointer()
        .always()
        .required()
        .desc("Labels of its pods; can't be changed."),
    obj("template", 3, core::kPodTemplateSpec).always().required().desc("What each pod is made from."),
    obj("strategy", 4, kDeploymentStrategy).retain_keys().def("{}").desc("How old pods are replaced by new ones."),
    i32("minReadySeconds", 5).desc("Seconds that a pod must be ready to count as available."),
    i32("revisionHistoryLimit", 6).pointer().def("10").desc("Old ReplicaSets that are kept for going back."),
    boolean("paused", 7).desc("Whether changes of the template wait."),
    i32("progressDeadlineSeconds", 9)
        .pointer()
        .def("600")
        .desc("Seconds without progress after which the rollout counts as failed."),
};
constinit const Schema kDeploymentSpec = {.id = "io.k8s.api.apps.v1.DeploymentSpec",
                                          .name = "DeploymentSpec",
                                          .description = "What a deployment keeps.",
                                          .fields = kDeploymentSpecFields};

constexpr Field kDeploymentConditionFields[] = {
    str("type", 1).always().required().go("v1.DeploymentConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    time("lastUpdateTime", 6).desc("When the condition was last written."),
    time("lastTransitionTime", 7).desc("When the status of the condition last changed."),
    str("reason", 4).desc("Why, in one word for programs."),
    str("message", 5).desc("Why, in words for people."),
};
constinit const Schema kDeploymentCondition = {.id = "io.k8s.api.apps.v1.DeploymentCondition",
                                               .name = "DeploymentCondition",
                                               .fields = kDeploymentConditionFields};

constexpr Field kDeploymentStatusFields[] = {
    i64("observedGeneration", 1).desc("The metadata.generation that the status is about."),
    i32("replicas", 2).desc("Pods that exist."),
    i32("updatedReplicas", 3).desc("Pods made from the current template."),
    i32("readyReplicas", 7).desc("Pods that are ready."),
    i32("availableReplicas", 4).desc("Pods that have been ready for minReadySeconds."),
    i32("unavailableReplicas", 5).desc("Pods that are missing."),
    obj("conditions", 6, kDeploymentCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
    i32("collisionCount", 8).pointer(),
};
constinit const Schema kDeploymentStatus = {.id = "io.k8s.api.apps.v1.DeploymentStatus",
                                            .name = "DeploymentStatus",
                                            .description = "State of a deployment.",
                                            .fields = kDeploymentStatusFields};

constexpr Field kDeploymentFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kDeploymentSpec).desc("What is wanted."),
    obj("status", 3, kDeploymentStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kDeployment = {.id = "io.k8s.api.apps.v1.Deployment",
                                      .name = "Deployment",
                                      .description = "Keeps a set of equal pods, and changes them step by step.",
                                      .fields = kDeploymentFields};

constexpr Field kReplicaSetSpecFields[] = {
    i32("replicas", 1).pointer().def("1").desc("Number of pods."),
    i32("minReadySeconds", 4).desc("Seconds that a pod must be ready to count as available."),
    obj("selector", 2, meta::kLabelSelector)
        .pointer()
        .always()
        .required()
        .desc("Labels of its pods; can't be changed."),
    obj("template", 3, core::kPodTemplateSpec).desc("What each pod is made from."),
};
constinit const Schema kReplicaSetSpec = {.id = "io.k8s.api.apps.v1.ReplicaSetSpec",
                                          .name = "ReplicaSetSpec",
                                          .description = "What a replica set keeps.",
                                          .fields = kReplicaSetSpecFields};

constexpr Field kReplicaSetConditionFields[] = {
    str("type", 1).always().required().go("v1.ReplicaSetConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    time("lastTransitionTime", 3).desc("When the status of the condition last changed."),
    str("reason", 4).desc("Why, in one word for programs."),
    str("message", 5).desc("Why, in words for people."),
};
constinit const Schema kReplicaSetCondition = {.id = "io.k8s.api.apps.v1.ReplicaSetCondition",
                                               .name = "ReplicaSetCondition",
                                               .fields = kReplicaSetConditionFields};

constexpr Field kReplicaSetStatusFields[] = {
    i32("replicas", 1).always().required(),
    i32("fullyLabeledReplicas", 2),
    i32("readyReplicas", 4),
    i32("availableReplicas", 5),
    i64("observedGeneration", 3).desc("The metadata.generation that the status is about."),
    obj("conditions", 6, kReplicaSetCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
};
constinit const Schema kReplicaSetStatus = {.id = "io.k8s.api.apps.v1.ReplicaSetStatus",
                                            .name = "ReplicaSetStatus",
                                            .description = "State of a replica set.",
                                            .fields = kReplicaSetStatusFields};

constexpr Field kReplicaSetFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kReplicaSetSpec).desc("What is wanted."),
    obj("status", 3, kReplicaSetStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kReplicaSet = {.id = "io.k8s.api.apps.v1.ReplicaSet",
                                      .name = "ReplicaSet",
                                      .description = "Keeps a number of equal pods.",
                                      .fields = kReplicaSetFields};

}  // namespace appliance::orchestrator::api::apps
