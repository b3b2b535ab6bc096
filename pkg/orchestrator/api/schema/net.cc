// Service, Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kServicePortFields[] = {
    str("name", 1).desc("Name; needed when there are several ports."),
    str("protocol", 2).go("v1.Protocol").def("\"TCP\"").one_of("SCTP|TCP|UDP").desc("TCP, UDP or SCTP."),
    str("appProtocol", 6).pointer().desc("Application protocol, as a hint."),
    i32("port", 3).always().required().desc("Port of the service."),
    int_or_string("targetPort", 4).desc("Port of the pods, by number or name; port when absent."),
    i32("nodePort", 5).desc("Port of every node, for NodePort and LoadBalancer."),
};
constinit const Schema kServicePort = {.id = "io.k8s.api.core.v1.ServicePort",
                                       .name = "ServicePort",
                                       .description = "A port of a service.",
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
    obj("ports", 1, kServicePort).list().keyed("port,protocol").merge("port").desc("Ports of the service."),
    str("selector", 2).map().map_atomic().desc("Labels of the pods behind it; empty: endpoints are written by others."),
    str("clusterIP", 3).desc("Address inside the cluster; None for a headless service."),
    str("clusterIPs", 18).list().atomic().desc("Addresses inside the cluster, one per family."),
    str("type", 4)
        .go("v1.ServiceType")
        .def("\"ClusterIP\"")
        .one_of("ClusterIP|ExternalName|LoadBalancer|NodePort")
        .desc("ClusterIP, NodePort, LoadBalancer or ExternalName."),
    str("externalIPs", 5).list().atomic().desc("Addresses of the nodes that accept traffic for it."),
    str("sessionAffinity", 7)
        .go("v1.ServiceAffinity")
        .def("\"None\"")
        .one_of("ClientIP|None")
        .desc("ClientIP keeps a client with one pod; None doesn't."),
    str("loadBalancerIP", 8),
    str("loadBalancerSourceRanges", 9).list().atomic(),
    str("externalName", 10).desc("Name that an ExternalName service stands for."),
    str("externalTrafficPolicy", 11)
        .go("v1.ServiceExternalTrafficPolicy")
        .one_of("Cluster|Local")
        .desc("Local keeps outside traffic on the node that it reached; Cluster doesn't."),
    i32("healthCheckNodePort", 12),
    boolean("publishNotReadyAddresses", 13).desc("Whether pods that are not ready count."),
    obj("sessionAffinityConfig", 14, kSessionAffinityConfig).pointer(),
    str("ipFamilies", 19)
        .list()
        .atomic()
        .go("v1.IPFamily")
        .one_of("|IPv4|IPv6")
        .desc("Address families of the service."),
    str("ipFamilyPolicy", 17)
        .pointer()
        .go("v1.IPFamilyPolicy")
        .one_of("PreferDualStack|RequireDualStack|SingleStack")
        .desc("SingleStack, PreferDualStack or RequireDualStack."),
    boolean("allocateLoadBalancerNodePorts", 20).pointer(),
    str("loadBalancerClass", 21).pointer().desc("Implementation of the load balancer."),
    str("internalTrafficPolicy", 22)
        .pointer()
        .go("v1.ServiceInternalTrafficPolicy")
        .one_of("Cluster|Local")
        .desc("Local keeps inside traffic on its node; Cluster doesn't."),
    str("trafficDistribution", 23).pointer(),
};
constinit const Schema kServiceSpec = {.id = "io.k8s.api.core.v1.ServiceSpec",
                                       .name = "ServiceSpec",
                                       .description = "What a service leads to, and how it is reached.",
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
    obj("conditions", 2, meta::kCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
};
constinit const Schema kServiceStatus = {.id = "io.k8s.api.core.v1.ServiceStatus",
                                         .name = "ServiceStatus",
                                         .description = "State of a service.",
                                         .fields = kServiceStatusFields};

constexpr Field kServiceFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kServiceSpec).desc("What is wanted."),
    obj("status", 3, kServiceStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kService = {.id = "io.k8s.api.core.v1.Service",
                                   .name = "Service",
                                   .description = "A stable name and address for a set of pods.",
                                   .fields = kServiceFields};

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
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("subsets", 2, kEndpointSubset).list().atomic().desc("Addresses with the ports that they share."),
};
constinit const Schema kEndpoints = {.id = "io.k8s.api.core.v1.Endpoints",
                                     .name = "Endpoints",
                                     .description = "Addresses behind a service, in one list.",
                                     .fields = kEndpointsFields};

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
    obj("conditions", 2, kEndpointConditions).desc("Observations about the object, one per type."),
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
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    str("addressType", 4).always().required().go("v1.AddressType").desc("IPv4, IPv6 or FQDN; can't be changed."),
    obj("endpoints", 2, kEndpoint).list().always().required().atomic().desc("The endpoints; at most 1000."),
    obj("ports", 3, kEndpointPort).list().always().atomic().desc("Ports of each endpoint."),
};
constinit const Schema kEndpointSlice = {.id = "io.k8s.api.discovery.v1.EndpointSlice",
                                         .name = "EndpointSlice",
                                         .description = "A part of the addresses behind a service.",
                                         .fields = kEndpointSliceFields};

}  // namespace appliance::orchestrator::api::discovery
