// Service, Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kServicePortFields[] = {
    str("name", 1),
    str("protocol", 2).go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP"),
    str("appProtocol", 6).pointer(),
    i32("port", 3).always().required(),
    int_or_string("targetPort", 4),
    i32("nodePort", 5),
};
constinit const Schema kServicePort = {.id = "io.k8s.api.core.v1.ServicePort",
                                       .name = "ServicePort",
                                       .fields = kServicePortFields,
                                       .defaults = default_service_port};

constexpr Field kClientIPConfigFields[] = {
    i32("timeoutSeconds", 1).pointer(),
};
constinit const Schema kClientIPConfig = {
    .id = "io.k8s.api.core.v1.ClientIPConfig", .name = "ClientIPConfig", .fields = kClientIPConfigFields};

constexpr Field kSessionAffinityConfigFields[] = {
    obj("clientIP", 1, kClientIPConfig).pointer(),
};
constinit const Schema kSessionAffinityConfig = {.id = "io.k8s.api.core.v1.SessionAffinityConfig",
                                                 .name = "SessionAffinityConfig",
                                                 .fields = kSessionAffinityConfigFields};

constexpr Field kServiceSpecFields[] = {
    obj("ports", 1, kServicePort).list().keyed("port,protocol").merge("port"),
    str("selector", 2).map().map_atomic(),
    str("clusterIP", 3),
    str("clusterIPs", 18).list().atomic(),
    str("type", 4).go("v1.ServiceType").def("\"ClusterIP\"").one_of("ClusterIP|ExternalName|LoadBalancer|NodePort"),
    str("externalIPs", 5).list().atomic(),
    str("sessionAffinity", 7).go("v1.ServiceAffinity").def("\"None\"").one_of("ClientIP|None"),
    str("loadBalancerIP", 8),
    str("loadBalancerSourceRanges", 9).list().atomic(),
    str("externalName", 10),
    str("externalTrafficPolicy", 11).go("v1.ServiceExternalTrafficPolicy").one_of("Cluster|Local"),
    i32("healthCheckNodePort", 12),
    boolean("publishNotReadyAddresses", 13),
    obj("sessionAffinityConfig", 14, kSessionAffinityConfig).pointer(),
    str("ipFamilies", 19).list().atomic().go("v1.IPFamily").one_of("|IPv4|IPv6"),
    str("ipFamilyPolicy", 17).pointer().go("v1.IPFamilyPolicy").one_of("PreferDualStack|RequireDualStack|SingleStack"),
    boolean("allocateLoadBalancerNodePorts", 20).pointer(),
    str("loadBalancerClass", 21).pointer(),
    str("internalTrafficPolicy", 22).pointer().go("v1.ServiceInternalTrafficPolicy").one_of("Cluster|Local"),
    str("trafficDistribution", 23).pointer(),
};
constinit const Schema kServiceSpec = {.id = "io.k8s.api.core.v1.ServiceSpec",
                                       .name = "ServiceSpec",
                                       .fields = kServiceSpecFields,
                                       .defaults = default_service_spec};

constexpr Field kPortStatusFields[] = {
    i32("port", 1).always().required(),
    str("protocol", 2).always().required().go("v1.Protocol").one_of("SCTP|TCP|UDP"),
    str("error", 3).pointer(),
};
constinit const Schema kPortStatus = {
    .id = "io.k8s.api.core.v1.PortStatus", .name = "PortStatus", .fields = kPortStatusFields};

constexpr Field kLoadBalancerIngressFields[] = {
    str("ip", 1),
    str("hostname", 2),
    str("ipMode", 3).pointer().go("v1.LoadBalancerIPMode"),
    obj("ports", 4, kPortStatus).list().atomic(),
};
constinit const Schema kLoadBalancerIngress = {.id = "io.k8s.api.core.v1.LoadBalancerIngress",
                                               .name = "LoadBalancerIngress",
                                               .fields = kLoadBalancerIngressFields};

constexpr Field kLoadBalancerStatusFields[] = {
    obj("ingress", 1, kLoadBalancerIngress).list().atomic(),
};
constinit const Schema kLoadBalancerStatus = {
    .id = "io.k8s.api.core.v1.LoadBalancerStatus", .name = "LoadBalancerStatus", .fields = kLoadBalancerStatusFields};

constexpr Field kServiceStatusFields[] = {
    obj("loadBalancer", 1, kLoadBalancerStatus),
    obj("conditions", 2, meta::kCondition).list().keyed("type").merge("type"),
};
constinit const Schema kServiceStatus = {
    .id = "io.k8s.api.core.v1.ServiceStatus", .name = "ServiceStatus", .fields = kServiceStatusFields};

constexpr Field kServiceFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kServiceSpec),
    obj("status", 3, kServiceStatus),
};
constinit const Schema kService = {.id = "io.k8s.api.core.v1.Service", .name = "Service", .fields = kServiceFields};

constexpr Field kEndpointAddressFields[] = {
    str("ip", 1).always().required(),
    str("hostname", 3),
    str("nodeName", 4).pointer(),
    obj("targetRef", 2, kObjectReference).pointer(),
};
constinit const Schema kEndpointAddress = {.id = "io.k8s.api.core.v1.EndpointAddress",
                                           .name = "EndpointAddress",
                                           .fields = kEndpointAddressFields,
                                           .is_map_atomic = true};

constexpr Field kEndpointPortFields[] = {
    str("name", 1),
    i32("port", 2).always().required(),
    str("protocol", 3).go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP"),
    str("appProtocol", 4).pointer(),
};
constinit const Schema kEndpointPort = {.id = "io.k8s.api.core.v1.EndpointPort",
                                        .name = "EndpointPort",
                                        .fields = kEndpointPortFields,
                                        .is_map_atomic = true};

constexpr Field kEndpointSubsetFields[] = {
    obj("addresses", 1, kEndpointAddress).list().atomic(),
    obj("notReadyAddresses", 2, kEndpointAddress).list().atomic(),
    obj("ports", 3, kEndpointPort).list().atomic(),
};
constinit const Schema kEndpointSubset = {
    .id = "io.k8s.api.core.v1.EndpointSubset", .name = "EndpointSubset", .fields = kEndpointSubsetFields};

constexpr Field kEndpointsFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("subsets", 2, kEndpointSubset).list().atomic(),
};
constinit const Schema kEndpoints = {
    .id = "io.k8s.api.core.v1.Endpoints", .name = "Endpoints", .fields = kEndpointsFields};

}  // namespace appliance::orchestrator::api::core

namespace appliance::orchestrator::api::discovery {

constexpr Field kEndpointConditionsFields[] = {
    boolean("ready", 1).pointer(),
    boolean("serving", 2).pointer(),
    boolean("terminating", 3).pointer(),
};
constinit const Schema kEndpointConditions = {.id = "io.k8s.api.discovery.v1.EndpointConditions",
                                              .name = "EndpointConditions",
                                              .fields = kEndpointConditionsFields};

constexpr Field kForZoneFields[] = {
    str("name", 1).always().required(),
};
constinit const Schema kForZone = {
    .id = "io.k8s.api.discovery.v1.ForZone", .name = "ForZone", .fields = kForZoneFields};

constexpr Field kEndpointHintsFields[] = {
    obj("forZones", 1, kForZone).list().atomic(),
};
constinit const Schema kEndpointHints = {
    .id = "io.k8s.api.discovery.v1.EndpointHints", .name = "EndpointHints", .fields = kEndpointHintsFields};

constexpr Field kEndpointFields[] = {
    str("addresses", 1).list().always().required().set(),
    obj("conditions", 2, kEndpointConditions),
    str("hostname", 3).pointer(),
    obj("targetRef", 4, core::kObjectReference).pointer(),
    str("deprecatedTopology", 5).map(),
    str("nodeName", 6).pointer(),
    str("zone", 7).pointer(),
    obj("hints", 8, kEndpointHints).pointer(),
};
constinit const Schema kEndpoint = {
    .id = "io.k8s.api.discovery.v1.Endpoint", .name = "Endpoint", .fields = kEndpointFields};

constexpr Field kEndpointPortFields[] = {
    str("name", 1).pointer().def("\"\""),
    str("protocol", 2).pointer().go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP"),
    i32("port", 3).pointer(),
    str("appProtocol", 4).pointer(),
};
constinit const Schema kEndpointPort = {.id = "io.k8s.api.discovery.v1.EndpointPort",
                                        .name = "EndpointPort",
                                        .fields = kEndpointPortFields,
                                        .is_map_atomic = true};

constexpr Field kEndpointSliceFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    str("addressType", 4).always().required().go("v1.AddressType"),
    obj("endpoints", 2, kEndpoint).list().always().required().atomic(),
    obj("ports", 3, kEndpointPort).list().always().atomic(),
};
constinit const Schema kEndpointSlice = {
    .id = "io.k8s.api.discovery.v1.EndpointSlice", .name = "EndpointSlice", .fields = kEndpointSliceFields};

}  // namespace appliance::orchestrator::api::discovery
