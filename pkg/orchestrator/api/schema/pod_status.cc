// Pod and its status (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kPodConditionFields[] = {
    str("type", 1).always().required().go("v1.PodConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus"),
    time("lastProbeTime", 3),
    time("lastTransitionTime", 4),
    str("reason", 5),
    str("message", 6),
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
    str("reason", 1),
    str("message", 2),
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
    str("reason", 3),
    str("message", 4),
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
    boolean("readOnly", 3),
    str("recursiveReadOnly", 4).pointer().go("v1.RecursiveReadOnlyMode"),
};
constinit const Schema kVolumeMountStatus = {
    .id = "io.k8s.api.core.v1.VolumeMountStatus", .name = "VolumeMountStatus", .fields = kVolumeMountStatusFields};

constexpr Field kLinuxContainerUserFields[] = {
    i64("uid", 1).always().required(),
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
    obj("state", 2, kContainerState),
    obj("lastState", 3, kContainerState),
    boolean("ready", 4).always().required(),
    i32("restartCount", 5).always().required(),
    str("image", 6).always().required(),
    str("imageID", 7).always().required(),
    str("containerID", 8),
    boolean("started", 9).pointer(),
    quantity("allocatedResources", 10).map().go("v1.ResourceList"),
    obj("resources", 11, kResourceRequirements).pointer(),
    obj("volumeMounts", 12, kVolumeMountStatus).list().keyed("mountPath").merge("mountPath"),
    obj("user", 13, kContainerUser).pointer(),
    obj("allocatedResourcesStatus", 14, kResourceStatus).list().keyed("name").merge("name"),
};
constinit const Schema kContainerStatus = {
    .id = "io.k8s.api.core.v1.ContainerStatus", .name = "ContainerStatus", .fields = kContainerStatusFields};

constexpr Field kPodResourceClaimStatusFields[] = {
    str("name", 1).always().required(),
    str("resourceClaimName", 2).pointer(),
};
constinit const Schema kPodResourceClaimStatus = {.id = "io.k8s.api.core.v1.PodResourceClaimStatus",
                                                  .name = "PodResourceClaimStatus",
                                                  .fields = kPodResourceClaimStatusFields};

constexpr Field kPodStatusFields[] = {
    str("phase", 1).go("v1.PodPhase").one_of("Failed|Pending|Running|Succeeded|Unknown"),
    obj("conditions", 2, kPodCondition).list().keyed("type").merge("type"),
    str("message", 3),
    str("reason", 4),
    str("nominatedNodeName", 11),
    str("hostIP", 5),
    obj("hostIPs", 16, kHostIP).list().atomic().merge("ip"),
    str("podIP", 6),
    obj("podIPs", 12, kPodIP).list().keyed("ip").merge("ip"),
    time("startTime", 7).pointer(),
    obj("initContainerStatuses", 10, kContainerStatus).list().atomic(),
    obj("containerStatuses", 8, kContainerStatus).list().atomic(),
    str("qosClass", 9).go("v1.PodQOSClass").one_of("BestEffort|Burstable|Guaranteed"),
    obj("ephemeralContainerStatuses", 13, kContainerStatus).list().atomic(),
    str("resize", 14).go("v1.PodResizeStatus"),
    obj("resourceClaimStatuses", 15, kPodResourceClaimStatus).list().keyed("name").merge("name").retain_keys(),
};
constinit const Schema kPodStatus = {
    .id = "io.k8s.api.core.v1.PodStatus", .name = "PodStatus", .fields = kPodStatusFields};

constexpr Field kPodFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kPodSpec),
    obj("status", 3, kPodStatus),
};
constinit const Schema kPod = {
    .id = "io.k8s.api.core.v1.Pod", .name = "Pod", .fields = kPodFields, .defaults = default_pod};

}  // namespace appliance::orchestrator::api::core
