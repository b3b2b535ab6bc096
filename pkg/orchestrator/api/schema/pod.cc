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
    i64("runAsUser", 2).pointer(),
    i64("runAsGroup", 6).pointer(),
    boolean("runAsNonRoot", 3).pointer(),
    i64("supplementalGroups", 4).list().atomic(),
    str("supplementalGroupsPolicy", 12).pointer().go("v1.SupplementalGroupsPolicy").one_of("Merge|Strict"),
    i64("fsGroup", 5).pointer(),
    obj("sysctls", 7, kSysctl).list().atomic(),
    str("fsGroupChangePolicy", 9).pointer().go("v1.PodFSGroupChangePolicy").one_of("Always|OnRootMismatch"),
    obj("seccompProfile", 10, kSeccompProfile).pointer(),
    obj("appArmorProfile", 11, kAppArmorProfile).pointer(),
    str("seLinuxChangePolicy", 13).pointer().go("v1.PodSELinuxChangePolicy"),
};
constinit const Schema kPodSecurityContext = {
    .id = "io.k8s.api.core.v1.PodSecurityContext", .name = "PodSecurityContext", .fields = kPodSecurityContextFields};

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
    str("key", 1),
    str("operator", 2).go("v1.TolerationOperator").one_of("Equal|Exists"),
    str("value", 3),
    str("effect", 4).go("v1.TaintEffect").one_of("NoExecute|NoSchedule|PreferNoSchedule"),
    i64("tolerationSeconds", 5).pointer(),
};
constinit const Schema kToleration = {
    .id = "io.k8s.api.core.v1.Toleration", .name = "Toleration", .fields = kTolerationFields};

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
    obj("volumes", 1, kVolume).list().keyed("name").merge("name").retain_keys(),
    obj("initContainers", 20, kContainer).list().keyed("name").merge("name"),
    obj("containers", 2, kContainer).list().always().required().keyed("name").merge("name"),
    obj("ephemeralContainers", 34, kEphemeralContainer).list().keyed("name").merge("name"),
    str("restartPolicy", 3).go("v1.RestartPolicy").def("\"Always\"").one_of("Always|Never|OnFailure"),
    i64("terminationGracePeriodSeconds", 4).pointer().def("30"),
    i64("activeDeadlineSeconds", 5).pointer(),
    str("dnsPolicy", 6)
        .go("v1.DNSPolicy")
        .def("\"ClusterFirst\"")
        .one_of("ClusterFirst|ClusterFirstWithHostNet|Default|None"),
    str("nodeSelector", 7).map().map_atomic(),
    str("serviceAccountName", 8),
    str("serviceAccount", 9),
    boolean("automountServiceAccountToken", 21).pointer(),
    str("nodeName", 10),
    boolean("hostNetwork", 11),
    boolean("hostPID", 12),
    boolean("hostIPC", 13),
    boolean("shareProcessNamespace", 27).pointer(),
    obj("securityContext", 14, kPodSecurityContext).pointer().def("{}"),
    obj("imagePullSecrets", 15, kLocalObjectReference).list().keyed("name").merge("name"),
    str("hostname", 16),
    str("subdomain", 17),
    obj("affinity", 18, kAffinity).pointer(),
    str("schedulerName", 19).def("\"default-scheduler\""),
    obj("tolerations", 22, kToleration).list().atomic(),
    obj("hostAliases", 23, kHostAlias).list().keyed("ip").merge("ip"),
    str("priorityClassName", 24),
    i32("priority", 25).pointer(),
    obj("dnsConfig", 26, kPodDNSConfig).pointer(),
    obj("readinessGates", 28, kPodReadinessGate).list().atomic(),
    str("runtimeClassName", 29).pointer(),
    boolean("enableServiceLinks", 30).pointer(),
    str("preemptionPolicy", 31).pointer().go("v1.PreemptionPolicy").one_of("Never|PreemptLowerPriority"),
    quantity("overhead", 32).map().go("v1.ResourceList"),
    obj("topologySpreadConstraints", 33, kTopologySpreadConstraint)
        .list()
        .keyed("topologyKey,whenUnsatisfiable")
        .merge("topologyKey"),
    boolean("setHostnameAsFQDN", 35).pointer(),
    obj("os", 36, kPodOS).pointer(),
    boolean("hostUsers", 37).pointer(),
    obj("schedulingGates", 38, kPodSchedulingGate).list().keyed("name").merge("name"),
    obj("resourceClaims", 39, kPodResourceClaim).list().keyed("name").merge("name").retain_keys(),
    obj("resources", 40, kResourceRequirements).pointer(),
};
constinit const Schema kPodSpec = {
    .id = "io.k8s.api.core.v1.PodSpec", .name = "PodSpec", .fields = kPodSpecFields, .defaults = default_pod_spec};

}  // namespace appliance::orchestrator::api::core
