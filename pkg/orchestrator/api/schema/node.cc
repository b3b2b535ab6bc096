// Node (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kTaintFields[] = {
    str("key", 1).always().required().desc("Key of the taint."),
    str("value", 2).desc("Value of the taint."),
    str("effect", 3)
        .always()
        .required()
        .go("v1.TaintEffect")
        .one_of("NoExecute|NoSchedule|PreferNoSchedule")
        .desc("NoSchedule, PreferNoSchedule or NoExecute."),
    time("timeAdded", 4).pointer().desc("When a NoExecute taint was set."),
};
constinit const Schema kTaint = {.id = "io.k8s.api.core.v1.Taint",
                                 .name = "Taint",
                                 .description = "A mark on a node that repels pods which don't tolerate it.",
                                 .fields = kTaintFields};

constexpr Field kConfigMapNodeConfigSourceFields[] = {
    str("namespace", 1).always().required().desc("Namespace of the object."),
    str("name", 2).always().required(),
    str("uid", 3).go("types.UID").desc("Identity of the object, unique in space and time."),
    str("resourceVersion", 4).desc("Revision of the object."),
    str("kubeletConfigKey", 5).always().required(),
};
constinit const Schema kConfigMapNodeConfigSource = {.id = "io.k8s.api.core.v1.ConfigMapNodeConfigSource",
                                                     .name = "ConfigMapNodeConfigSource",
                                                     .fields = kConfigMapNodeConfigSourceFields};

constexpr Field kNodeConfigSourceFields[] = {
    obj("configMap", 2, kConfigMapNodeConfigSource).pointer(),
};
constinit const Schema kNodeConfigSource = {
    .id = "io.k8s.api.core.v1.NodeConfigSource", .name = "NodeConfigSource", .fields = kNodeConfigSourceFields};

constexpr Field kNodeSpecFields[] = {
    str("podCIDR", 1).desc("Address range of the node's pods."),
    str("podCIDRs", 7).list().set().merge().desc("Address ranges of the node's pods, one per family."),
    str("providerID", 3).desc("Identity of the machine at its provider."),
    boolean("unschedulable", 4).desc("Whether new pods are kept away; set by cordon."),
    obj("taints", 5, kTaint).list().atomic().desc("Marks that pods must tolerate to run here."),
    obj("configSource", 6, kNodeConfigSource).pointer(),
    str("externalID", 2),
};
constinit const Schema kNodeSpec = {.id = "io.k8s.api.core.v1.NodeSpec",
                                    .name = "NodeSpec",
                                    .description = "What is wanted of a node.",
                                    .fields = kNodeSpecFields};

constexpr Field kNodeConditionFields[] = {
    str("type", 1).always().required().go("v1.NodeConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    time("lastHeartbeatTime", 3).desc("When the condition was last reported."),
    time("lastTransitionTime", 4).desc("When the status of the condition last changed."),
    str("reason", 5).desc("Why, in one word for programs."),
    str("message", 6).desc("Why, in words for people."),
};
constinit const Schema kNodeCondition = {
    .id = "io.k8s.api.core.v1.NodeCondition", .name = "NodeCondition", .fields = kNodeConditionFields};

constexpr Field kNodeAddressFields[] = {
    str("type", 1).always().required().go("v1.NodeAddressType"),
    str("address", 2).always().required(),
};
constinit const Schema kNodeAddress = {
    .id = "io.k8s.api.core.v1.NodeAddress", .name = "NodeAddress", .fields = kNodeAddressFields};

constexpr Field kDaemonEndpointFields[] = {
    i32("Port", 1).always().required(),
};
constinit const Schema kDaemonEndpoint = {
    .id = "io.k8s.api.core.v1.DaemonEndpoint", .name = "DaemonEndpoint", .fields = kDaemonEndpointFields};

constexpr Field kNodeDaemonEndpointsFields[] = {
    obj("kubeletEndpoint", 1, kDaemonEndpoint),
};
constinit const Schema kNodeDaemonEndpoints = {.id = "io.k8s.api.core.v1.NodeDaemonEndpoints",
                                               .name = "NodeDaemonEndpoints",
                                               .fields = kNodeDaemonEndpointsFields};

constexpr Field kNodeSystemInfoFields[] = {
    str("machineID", 1).always().required(),       str("systemUUID", 2).always().required(),
    str("bootID", 3).always().required(),          str("kernelVersion", 4).always().required(),
    str("osImage", 5).always().required(),         str("containerRuntimeVersion", 6).always().required(),
    str("kubeletVersion", 7).always().required(),  str("kubeProxyVersion", 8).always().required(),
    str("operatingSystem", 9).always().required(), str("architecture", 10).always().required(),
};
constinit const Schema kNodeSystemInfo = {
    .id = "io.k8s.api.core.v1.NodeSystemInfo", .name = "NodeSystemInfo", .fields = kNodeSystemInfoFields};

constexpr Field kContainerImageFields[] = {
    str("names", 1).list().always().atomic(),
    i64("sizeBytes", 2),
};
constinit const Schema kContainerImage = {
    .id = "io.k8s.api.core.v1.ContainerImage", .name = "ContainerImage", .fields = kContainerImageFields};

constexpr Field kAttachedVolumeFields[] = {
    str("name", 1).always().required().go("v1.UniqueVolumeName"),
    str("devicePath", 2).always().required(),
};
constinit const Schema kAttachedVolume = {
    .id = "io.k8s.api.core.v1.AttachedVolume", .name = "AttachedVolume", .fields = kAttachedVolumeFields};

constexpr Field kNodeConfigStatusFields[] = {
    obj("assigned", 1, kNodeConfigSource).pointer(),
    obj("active", 2, kNodeConfigSource).pointer(),
    obj("lastKnownGood", 3, kNodeConfigSource).pointer(),
    str("error", 4),
};
constinit const Schema kNodeConfigStatus = {
    .id = "io.k8s.api.core.v1.NodeConfigStatus", .name = "NodeConfigStatus", .fields = kNodeConfigStatusFields};

constexpr Field kNodeRuntimeHandlerFeaturesFields[] = {
    boolean("recursiveReadOnlyMounts", 1).pointer(),
    boolean("userNamespaces", 2).pointer(),
};
constinit const Schema kNodeRuntimeHandlerFeatures = {.id = "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures",
                                                      .name = "NodeRuntimeHandlerFeatures",
                                                      .fields = kNodeRuntimeHandlerFeaturesFields};

constexpr Field kNodeRuntimeHandlerFields[] = {
    str("name", 1).always(),
    obj("features", 2, kNodeRuntimeHandlerFeatures).pointer(),
};
constinit const Schema kNodeRuntimeHandler = {
    .id = "io.k8s.api.core.v1.NodeRuntimeHandler", .name = "NodeRuntimeHandler", .fields = kNodeRuntimeHandlerFields};

constexpr Field kNodeFeaturesFields[] = {
    boolean("supplementalGroupsPolicy", 1).pointer(),
};
constinit const Schema kNodeFeatures = {
    .id = "io.k8s.api.core.v1.NodeFeatures", .name = "NodeFeatures", .fields = kNodeFeaturesFields};

constexpr Field kNodeStatusFields[] = {
    quantity("capacity", 1).map().go("v1.ResourceList").desc("Resources of the machine."),
    quantity("allocatable", 2).map().go("v1.ResourceList").desc("Resources that pods may ask for."),
    str("phase", 3).go("v1.NodePhase").one_of("Pending|Running|Terminated"),
    obj("conditions", 4, kNodeCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
    obj("addresses", 5, kNodeAddress).list().keyed("type").merge("type").desc("How the node is reached."),
    obj("daemonEndpoints", 6, kNodeDaemonEndpoints).desc("Ports of the node's agents."),
    obj("nodeInfo", 7, kNodeSystemInfo).desc("Identity and versions."),
    obj("images", 8, kContainerImage).list().atomic().desc("Images that are on the node."),
    str("volumesInUse", 9).list().atomic().go("v1.UniqueVolumeName"),
    obj("volumesAttached", 10, kAttachedVolume).list().atomic(),
    obj("config", 11, kNodeConfigStatus).pointer(),
    obj("runtimeHandlers", 12, kNodeRuntimeHandler).list().atomic(),
    obj("features", 13, kNodeFeatures).pointer(),
};
constinit const Schema kNodeStatus = {.id = "io.k8s.api.core.v1.NodeStatus",
                                      .name = "NodeStatus",
                                      .description = "State of a node, reported by its agent.",
                                      .fields = kNodeStatusFields,
                                      .defaults = default_node_status};

constexpr Field kNodeFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kNodeSpec).desc("What is wanted."),
    obj("status", 3, kNodeStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kNode = {
    .id = "io.k8s.api.core.v1.Node", .name = "Node", .description = "A machine that runs pods.", .fields = kNodeFields};

}  // namespace appliance::orchestrator::api::core
