// Pod and its status (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kPodConditionFields[] = {
    str("type", 1).always().required().go("v1.PodConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    time("lastProbeTime", 3).desc("When the condition was last checked."),
    time("lastTransitionTime", 4).desc("When the status of the condition last changed."),
    str("reason", 5).desc("Why, in one word for programs."),
    str("message", 6).desc("Why, in words for people."),
};
constinit const Schema kPodCondition = {
    .id = "io.k8s.api.core.v1.PodCondition", .name = "PodCondition", .fields = kPodConditionFields};

constexpr Field kHostIPFields[] = {
    str("ip", 1).always().required(),
};
constinit const Schema kHostIP = {.id = "io.k8s.api.core.v1.HostIP", .name = "HostIP", .fields = kHostIPFields};

constexpr Field kPodIPFields[] = {
    str("ip", 1).always().required(),
};
constinit const Schema kPodIP = {.id = "io.k8s.api.core.v1.PodIP", .name = "PodIP", .fields = kPodIPFields};

constexpr Field kContainerStateWaitingFields[] = {
    str("reason", 1).desc("Why, in one word for programs."),
    str("message", 2).desc("Why, in words for people."),
};
constinit const Schema kContainerStateWaiting = {.id = "io.k8s.api.core.v1.ContainerStateWaiting",
                                                 .name = "ContainerStateWaiting",
                                                 .fields = kContainerStateWaitingFields};

constexpr Field kContainerStateRunningFields[] = {
    time("startedAt", 1),
};
constinit const Schema kContainerStateRunning = {.id = "io.k8s.api.core.v1.ContainerStateRunning",
                                                 .name = "ContainerStateRunning",
                                                 .fields = kContainerStateRunningFields};

constexpr Field kContainerStateTerminatedFields[] = {
    i32("exitCode", 1).always().required(),
    i32("signal", 2),
    str("reason", 3).desc("Why, in one word for programs."),
    str("message", 4).desc("Why, in words for people."),
    time("startedAt", 5),
    time("finishedAt", 6),
    str("containerID", 7),
};
constinit const Schema kContainerStateTerminated = {.id = "io.k8s.api.core.v1.ContainerStateTerminated",
                                                    .name = "ContainerStateTerminated",
                                                    .fields = kContainerStateTerminatedFields};

constexpr Field kContainerStateFields[] = {
    obj("waiting", 1, kContainerStateWaiting).pointer(),
    obj("running", 2, kContainerStateRunning).pointer(),
    obj("terminated", 3, kContainerStateTerminated).pointer(),
};
constinit const Schema kContainerState = {
    .id = "io.k8s.api.core.v1.ContainerState", .name = "ContainerState", .fields = kContainerStateFields};

constexpr Field kVolumeMountStatusFields[] = {
    str("name", 1).always().required(),
    str("mountPath", 2).always().required(),
    boolean("readOnly", 3).desc("Whether writing is refused."),
    str("recursiveReadOnly", 4).pointer().go("v1.RecursiveReadOnlyMode"),
};
constinit const Schema kVolumeMountStatus = {
    .id = "io.k8s.api.core.v1.VolumeMountStatus", .name = "VolumeMountStatus", .fields = kVolumeMountStatusFields};

constexpr Field kLinuxContainerUserFields[] = {
    i64("uid", 1).always().required().desc("Identity of the object, unique in space and time."),
    i64("gid", 2).always().required(),
    i64("supplementalGroups", 3).list().atomic(),
};
constinit const Schema kLinuxContainerUser = {
    .id = "io.k8s.api.core.v1.LinuxContainerUser", .name = "LinuxContainerUser", .fields = kLinuxContainerUserFields};

constexpr Field kContainerUserFields[] = {
    obj("linux", 1, kLinuxContainerUser).pointer(),
};
constinit const Schema kContainerUser = {
    .id = "io.k8s.api.core.v1.ContainerUser", .name = "ContainerUser", .fields = kContainerUserFields};

constexpr Field kResourceHealthFields[] = {
    str("resourceID", 1).always().required().go("v1.ResourceID"),
    str("health", 2).go("v1.ResourceHealthStatus"),
};
constinit const Schema kResourceHealth = {
    .id = "io.k8s.api.core.v1.ResourceHealth", .name = "ResourceHealth", .fields = kResourceHealthFields};

constexpr Field kResourceStatusFields[] = {
    str("name", 1).always().required().go("v1.ResourceName"),
    obj("resources", 2, kResourceHealth).list().keyed("resourceID"),
};
constinit const Schema kResourceStatus = {
    .id = "io.k8s.api.core.v1.ResourceStatus", .name = "ResourceStatus", .fields = kResourceStatusFields};

constexpr Field kContainerStatusFields[] = {
    str("name", 1).always().required(),
    obj("state", 2, kContainerState).desc("What it does now."),
    obj("lastState", 3, kContainerState).desc("How it ended the last time."),
    boolean("ready", 4).always().required().desc("Whether its readiness probe succeeds."),
    i32("restartCount", 5).always().required().desc("How often it was restarted."),
    str("image", 6).always().required(),
    str("imageID", 7).always().required().desc("Digest of the image that runs."),
    str("containerID", 8).desc("Identity at the runtime."),
    boolean("started", 9).pointer().desc("Whether its startup probe has succeeded."),
    quantity("allocatedResources", 10).map().go("v1.ResourceList"),
    obj("resources", 11, kResourceRequirements).pointer(),
    obj("volumeMounts", 12, kVolumeMountStatus).list().keyed("mountPath").merge("mountPath"),
    obj("user", 13, kContainerUser).pointer(),
    obj("allocatedResourcesStatus", 14, kResourceStatus).list().keyed("name").merge("name"),
};
constinit const Schema kContainerStatus = {.id = "io.k8s.api.core.v1.ContainerStatus",
                                           .name = "ContainerStatus",
                                           .description = "State of a container.",
                                           .fields = kContainerStatusFields};

constexpr Field kPodResourceClaimStatusFields[] = {
    str("name", 1).always().required(),
    str("resourceClaimName", 2).pointer(),
};
constinit const Schema kPodResourceClaimStatus = {.id = "io.k8s.api.core.v1.PodResourceClaimStatus",
                                                  .name = "PodResourceClaimStatus",
                                                  .fields = kPodResourceClaimStatusFields};

constexpr Field kPodStatusFields[] = {
    str("phase", 1)
        .go("v1.PodPhase")
        .one_of("Failed|Pending|Running|Succeeded|Unknown")
        .desc("Pending, Running, Succeeded, Failed or Unknown."),
    obj("conditions", 2, kPodCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
    str("message", 3).desc("Why, in words for people."),
    str("reason", 4).desc("Why, in one word for programs."),
    str("nominatedNodeName", 11).desc("Node that is being made free for the pod."),
    str("hostIP", 5).desc("Address of the node."),
    obj("hostIPs", 16, kHostIP).list().atomic().merge("ip"),
    str("podIP", 6).desc("Address of the pod."),
    obj("podIPs", 12, kPodIP).list().keyed("ip").merge("ip").desc("Addresses of the pod, one per family."),
    time("startTime", 7).pointer().desc("When the node's agent took the pod."),
    obj("initContainerStatuses", 10, kContainerStatus).list().atomic().desc("State of each init container."),
    obj("containerStatuses", 8, kContainerStatus).list().atomic().desc("State of each container."),
    str("qosClass", 9)
        .go("v1.PodQOSClass")
        .one_of("BestEffort|Burstable|Guaranteed")
        .desc("Guaranteed, Burstable or BestEffort, by what its containers ask for."),
    obj("ephemeralContainerStatuses", 13, kContainerStatus).list().atomic(),
    str("resize", 14).go("v1.PodResizeStatus"),
    obj("resourceClaimStatuses", 15, kPodResourceClaimStatus).list().keyed("name").merge("name").retain_keys(),
};
constinit const Schema kPodStatus = {.id = "io.k8s.api.core.v1.PodStatus",
                                     .name = "PodStatus",
                                     .description = "State of a pod.",
                                     .fields = kPodStatusFields};

constexpr Field kPodFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kPodSpec).desc("What is wanted."),
    obj("status", 3, kPodStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kPod = {.id = "io.k8s.api.core.v1.Pod",
                               .name = "Pod",
                               .description = "Containers that run together on one node and share network and volumes.",
                               .fields = kPodFields,
                               .defaults = default_pod};

}  // namespace appliance::orchestrator::api::core
