// PodSpec: scheduling, security, networking of a pod (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kSysctlFields[] = {
    str("name", 1).always().required(),
    str("value", 2).always().required(),
};
constinit const Schema kSysctl = {.id = "io.k8s.api.core.v1.Sysctl", .name = "Sysctl", .fields = kSysctlFields};

constexpr Field kPodSecurityContextFields[] = {
    obj("seLinuxOptions", 1, kSELinuxOptions).pointer(),
    obj("windowsOptions", 8, kWindowsSecurityContextOptions).pointer(),
    i64("runAsUser", 2).pointer().desc("User id of the processes."),
    i64("runAsGroup", 6).pointer().desc("Group id of the processes."),
    boolean("runAsNonRoot", 3).pointer().desc("Whether running as root is refused."),
    i64("supplementalGroups", 4).list().atomic().desc("Further groups of the processes."),
    str("supplementalGroupsPolicy", 12).pointer().go("v1.SupplementalGroupsPolicy").one_of("Merge|Strict"),
    i64("fsGroup", 5).pointer().desc("Group that owns the volumes."),
    obj("sysctls", 7, kSysctl).list().atomic().desc("Kernel settings of the pod's namespaces."),
    str("fsGroupChangePolicy", 9).pointer().go("v1.PodFSGroupChangePolicy").one_of("Always|OnRootMismatch"),
    obj("seccompProfile", 10, kSeccompProfile).pointer().desc("System call filter."),
    obj("appArmorProfile", 11, kAppArmorProfile).pointer(),
    str("seLinuxChangePolicy", 13).pointer().go("v1.PodSELinuxChangePolicy"),
};
constinit const Schema kPodSecurityContext = {.id = "io.k8s.api.core.v1.PodSecurityContext",
                                              .name = "PodSecurityContext",
                                              .description = "Security settings of a pod.",
                                              .fields = kPodSecurityContextFields};

constexpr Field kNodeSelectorRequirementFields[] = {
    str("key", 1).always().required(),
    str("operator", 2).always().required().go("v1.NodeSelectorOperator").one_of("DoesNotExist|Exists|Gt|In|Lt|NotIn"),
    str("values", 3).list().atomic(),
};
constinit const Schema kNodeSelectorRequirement = {.id = "io.k8s.api.core.v1.NodeSelectorRequirement",
                                                   .name = "NodeSelectorRequirement",
                                                   .fields = kNodeSelectorRequirementFields};

constexpr Field kNodeSelectorTermFields[] = {
    obj("matchExpressions", 1, kNodeSelectorRequirement).list().atomic(),
    obj("matchFields", 2, kNodeSelectorRequirement).list().atomic(),
};
constinit const Schema kNodeSelectorTerm = {.id = "io.k8s.api.core.v1.NodeSelectorTerm",
                                            .name = "NodeSelectorTerm",
                                            .fields = kNodeSelectorTermFields,
                                            .is_map_atomic = true};

constexpr Field kNodeSelectorFields[] = {
    obj("nodeSelectorTerms", 1, kNodeSelectorTerm).list().always().required().atomic(),
};
constinit const Schema kNodeSelector = {.id = "io.k8s.api.core.v1.NodeSelector",
                                        .name = "NodeSelector",
                                        .fields = kNodeSelectorFields,
                                        .is_map_atomic = true};

constexpr Field kPreferredSchedulingTermFields[] = {
    i32("weight", 1).always().required(),
    obj("preference", 2, kNodeSelectorTerm).always().required(),
};
constinit const Schema kPreferredSchedulingTerm = {.id = "io.k8s.api.core.v1.PreferredSchedulingTerm",
                                                   .name = "PreferredSchedulingTerm",
                                                   .fields = kPreferredSchedulingTermFields};

constexpr Field kNodeAffinityFields[] = {
    obj("requiredDuringSchedulingIgnoredDuringExecution", 1, kNodeSelector).pointer(),
    obj("preferredDuringSchedulingIgnoredDuringExecution", 2, kPreferredSchedulingTerm).list().atomic(),
};
constinit const Schema kNodeAffinity = {
    .id = "io.k8s.api.core.v1.NodeAffinity", .name = "NodeAffinity", .fields = kNodeAffinityFields};

constexpr Field kPodAffinityTermFields[] = {
    obj("labelSelector", 1, meta::kLabelSelector).pointer(),
    str("namespaces", 2).list().atomic(),
    str("topologyKey", 3).always().required(),
    obj("namespaceSelector", 4, meta::kLabelSelector).pointer(),
    str("matchLabelKeys", 5).list().atomic(),
    str("mismatchLabelKeys", 6).list().atomic(),
};
constinit const Schema kPodAffinityTerm = {
    .id = "io.k8s.api.core.v1.PodAffinityTerm", .name = "PodAffinityTerm", .fields = kPodAffinityTermFields};

constexpr Field kWeightedPodAffinityTermFields[] = {
    i32("weight", 1).always().required(),
    obj("podAffinityTerm", 2, kPodAffinityTerm).always().required(),
};
constinit const Schema kWeightedPodAffinityTerm = {.id = "io.k8s.api.core.v1.WeightedPodAffinityTerm",
                                                   .name = "WeightedPodAffinityTerm",
                                                   .fields = kWeightedPodAffinityTermFields};

constexpr Field kPodAffinityFields[] = {
    obj("requiredDuringSchedulingIgnoredDuringExecution", 1, kPodAffinityTerm).list().atomic(),
    obj("preferredDuringSchedulingIgnoredDuringExecution", 2, kWeightedPodAffinityTerm).list().atomic(),
};
constinit const Schema kPodAffinity = {
    .id = "io.k8s.api.core.v1.PodAffinity", .name = "PodAffinity", .fields = kPodAffinityFields};

constexpr Field kPodAntiAffinityFields[] = {
    obj("requiredDuringSchedulingIgnoredDuringExecution", 1, kPodAffinityTerm).list().atomic(),
    obj("preferredDuringSchedulingIgnoredDuringExecution", 2, kWeightedPodAffinityTerm).list().atomic(),
};
constinit const Schema kPodAntiAffinity = {
    .id = "io.k8s.api.core.v1.PodAntiAffinity", .name = "PodAntiAffinity", .fields = kPodAntiAffinityFields};

constexpr Field kAffinityFields[] = {
    obj("nodeAffinity", 1, kNodeAffinity).pointer(),
    obj("podAffinity", 2, kPodAffinity).pointer(),
    obj("podAntiAffinity", 3, kPodAntiAffinity).pointer(),
};
constinit const Schema kAffinity = {.id = "io.k8s.api.core.v1.Affinity", .name = "Affinity", .fields = kAffinityFields};

constexpr Field kTolerationFields[] = {
    str("key", 1).desc("Key of the taint; empty with Exists matches all."),
    str("operator", 2).go("v1.TolerationOperator").one_of("Equal|Exists").desc("Equal or Exists."),
    str("value", 3).desc("Value of the taint, for Equal."),
    str("effect", 4)
        .go("v1.TaintEffect")
        .one_of("NoExecute|NoSchedule|PreferNoSchedule")
        .desc("Effect of the taint; empty matches all."),
    i64("tolerationSeconds", 5).pointer().desc("How long a NoExecute taint is tolerated; absent: forever."),
};
constinit const Schema kToleration = {.id = "io.k8s.api.core.v1.Toleration",
                                      .name = "Toleration",
                                      .description = "A taint that a pod tolerates.",
                                      .fields = kTolerationFields};

constexpr Field kHostAliasFields[] = {
    str("ip", 1).always().required(),
    str("hostnames", 2).list().atomic(),
};
constinit const Schema kHostAlias = {
    .id = "io.k8s.api.core.v1.HostAlias", .name = "HostAlias", .fields = kHostAliasFields};

constexpr Field kPodDNSConfigOptionFields[] = {
    str("name", 1),
    str("value", 2).pointer(),
};
constinit const Schema kPodDNSConfigOption = {
    .id = "io.k8s.api.core.v1.PodDNSConfigOption", .name = "PodDNSConfigOption", .fields = kPodDNSConfigOptionFields};

constexpr Field kPodDNSConfigFields[] = {
    str("nameservers", 1).list().atomic(),
    str("searches", 2).list().atomic(),
    obj("options", 3, kPodDNSConfigOption).list().atomic(),
};
constinit const Schema kPodDNSConfig = {
    .id = "io.k8s.api.core.v1.PodDNSConfig", .name = "PodDNSConfig", .fields = kPodDNSConfigFields};

constexpr Field kPodReadinessGateFields[] = {
    str("conditionType", 1).always().required().go("v1.PodConditionType"),
};
constinit const Schema kPodReadinessGate = {
    .id = "io.k8s.api.core.v1.PodReadinessGate", .name = "PodReadinessGate", .fields = kPodReadinessGateFields};

constexpr Field kTopologySpreadConstraintFields[] = {
    i32("maxSkew", 1).always().required(),
    str("topologyKey", 2).always().required(),
    str("whenUnsatisfiable", 3)
        .always()
        .required()
        .go("v1.UnsatisfiableConstraintAction")
        .one_of("DoNotSchedule|ScheduleAnyway"),
    obj("labelSelector", 4, meta::kLabelSelector).pointer(),
    i32("minDomains", 5).pointer(),
    str("nodeAffinityPolicy", 6).pointer().go("v1.NodeInclusionPolicy").one_of("Honor|Ignore"),
    str("nodeTaintsPolicy", 7).pointer().go("v1.NodeInclusionPolicy").one_of("Honor|Ignore"),
    str("matchLabelKeys", 8).list().atomic(),
};
constinit const Schema kTopologySpreadConstraint = {.id = "io.k8s.api.core.v1.TopologySpreadConstraint",
                                                    .name = "TopologySpreadConstraint",
                                                    .fields = kTopologySpreadConstraintFields};

constexpr Field kPodOSFields[] = {
    str("name", 1).always().required().go("v1.OSName"),
};
constinit const Schema kPodOS = {.id = "io.k8s.api.core.v1.PodOS", .name = "PodOS", .fields = kPodOSFields};

constexpr Field kPodSchedulingGateFields[] = {
    str("name", 1).always().required(),
};
constinit const Schema kPodSchedulingGate = {
    .id = "io.k8s.api.core.v1.PodSchedulingGate", .name = "PodSchedulingGate", .fields = kPodSchedulingGateFields};

constexpr Field kPodResourceClaimFields[] = {
    str("name", 1).always().required(),
    str("resourceClaimName", 3).pointer(),
    str("resourceClaimTemplateName", 4).pointer(),
};
constinit const Schema kPodResourceClaim = {
    .id = "io.k8s.api.core.v1.PodResourceClaim", .name = "PodResourceClaim", .fields = kPodResourceClaimFields};

constexpr Field kPodSpecFields[] = {
    obj("volumes", 1, kVolume)
        .list()
        .keyed("name")
        .merge("name")
        .retain_keys()
        .desc("Volumes that its containers can mount."),
    obj("initContainers", 20, kContainer)
        .list()
        .keyed("name")
        .merge("name")
        .desc("Containers that run one after the other before the others start; with restartPolicy Always they stay as "
              "sidecars."),
    obj("containers", 2, kContainer)
        .list()
        .always()
        .required()
        .keyed("name")
        .merge("name")
        .desc("The containers of the pod; at least one. Can't be added or removed later."),
    obj("ephemeralContainers", 34, kEphemeralContainer)
        .list()
        .keyed("name")
        .merge("name")
        .desc("Containers added to a running pod for debugging."),
    str("restartPolicy", 3)
        .go("v1.RestartPolicy")
        .def("\"Always\"")
        .one_of("Always|Never|OnFailure")
        .desc("What happens when a container ends: Always, OnFailure or Never restart it."),
    i64("terminationGracePeriodSeconds", 4).pointer().def("30").desc("Seconds between the stop signal and the kill."),
    i64("activeDeadlineSeconds", 5).pointer().desc("Seconds after which the pod is failed, counted from its start."),
    str("dnsPolicy", 6)
        .go("v1.DNSPolicy")
        .def("\"ClusterFirst\"")
        .one_of("ClusterFirst|ClusterFirstWithHostNet|Default|None")
        .desc("Where names are looked up: ClusterFirst, ClusterFirstWithHostNet, Default or None."),
    str("nodeSelector", 7).map().map_atomic().desc("Labels that the node must have."),
    str("serviceAccountName", 8).desc("Service account that the pod runs as."),
    str("serviceAccount", 9).desc("Old name of serviceAccountName."),
    boolean("automountServiceAccountToken", 21).pointer().desc("Whether a token of the service account is mounted."),
    str("nodeName", 10).desc("Node that the pod is bound to; set by the scheduler."),
    boolean("hostNetwork", 11).desc("Whether the pod uses the node's network."),
    boolean("hostPID", 12).desc("Whether the pod sees the node's processes."),
    boolean("hostIPC", 13).desc("Whether the pod shares the node's IPC namespace."),
    boolean("shareProcessNamespace", 27).pointer().desc("Whether the containers see each other's processes."),
    obj("securityContext", 14, kPodSecurityContext)
        .pointer()
        .def("{}")
        .desc("Security settings of all containers; a container's own come first."),
    obj("imagePullSecrets", 15, kLocalObjectReference)
        .list()
        .keyed("name")
        .merge("name")
        .desc("Secrets with credentials for registries."),
    str("hostname", 16).desc("Host name of the pod; its name when empty."),
    str("subdomain", 17).desc("Subdomain of the pod's full name."),
    obj("affinity", 18, kAffinity).pointer().desc("Rules about which nodes and neighbours are wanted."),
    str("schedulerName", 19).def("\"default-scheduler\"").desc("Scheduler that binds the pod."),
    obj("tolerations", 22, kToleration).list().atomic().desc("Taints that the pod tolerates."),
    obj("hostAliases", 23, kHostAlias).list().keyed("ip").merge("ip").desc("Extra lines of /etc/hosts."),
    str("priorityClassName", 24).desc("Class that gives the pod its priority."),
    i32("priority", 25).pointer().desc("Priority as a number; set by the server."),
    obj("dnsConfig", 26, kPodDNSConfig).pointer().desc("Resolver settings on top of dnsPolicy."),
    obj("readinessGates", 28, kPodReadinessGate)
        .list()
        .atomic()
        .desc("Extra conditions that must be true for the pod to be ready."),
    str("runtimeClassName", 29).pointer().desc("Runtime that runs the pod."),
    boolean("enableServiceLinks", 30).pointer().desc("Whether environment variables tell of the namespace's services."),
    str("preemptionPolicy", 31)
        .pointer()
        .go("v1.PreemptionPolicy")
        .one_of("Never|PreemptLowerPriority")
        .desc("Whether pods of lower priority may be removed for this one."),
    quantity("overhead", 32).map().go("v1.ResourceList").desc("Resources that running the pod itself takes."),
    obj("topologySpreadConstraints", 33, kTopologySpreadConstraint)
        .list()
        .keyed("topologyKey,whenUnsatisfiable")
        .merge("topologyKey")
        .desc("How evenly pods are spread over nodes or zones."),
    boolean("setHostnameAsFQDN", 35).pointer().desc("Whether the host name is the full name."),
    obj("os", 36, kPodOS).pointer().desc("Operating system of the containers."),
    boolean("hostUsers", 37).pointer().desc("Whether the node's user namespace is used."),
    obj("schedulingGates", 38, kPodSchedulingGate)
        .list()
        .keyed("name")
        .merge("name")
        .desc("Names that must be removed before the pod is scheduled."),
    obj("resourceClaims", 39, kPodResourceClaim)
        .list()
        .keyed("name")
        .merge("name")
        .retain_keys()
        .desc("Claims on devices that containers can use."),
    obj("resources", 40, kResourceRequirements).pointer().desc("Resources of the pod as a whole."),
};
constinit const Schema kPodSpec = {.id = "io.k8s.api.core.v1.PodSpec",
                                   .name = "PodSpec",
                                   .description = "What a pod is made of.",
                                   .fields = kPodSpecFields,
                                   .defaults = default_pod_spec};

}  // namespace appliance::orchestrator::api::core
