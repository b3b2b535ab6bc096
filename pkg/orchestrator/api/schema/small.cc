// Lease, Scale and Eviction.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::coordination {

constexpr Field kLeaseSpecFields[] = {
    str("holderIdentity", 1).pointer().desc("Who holds it."),
    i32("leaseDurationSeconds", 2).pointer().desc("Seconds after renewTime at which others may take it."),
    micro_time("acquireTime", 3).pointer().desc("When the holder took it."),
    micro_time("renewTime", 4).pointer().desc("When the holder last renewed it."),
    i32("leaseTransitions", 5).pointer().desc("How often the holder changed."),
    str("strategy", 6).pointer().go("v1.CoordinatedLeaseStrategy"),
    str("preferredHolder", 7).pointer(),
};
constinit const Schema kLeaseSpec = {.id = "io.k8s.api.coordination.v1.LeaseSpec",
                                     .name = "LeaseSpec",
                                     .description = "The holder and its time.",
                                     .fields = kLeaseSpecFields};

constexpr Field kLeaseFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kLeaseSpec).desc("What is wanted."),
};
constinit const Schema kLease = {.id = "io.k8s.api.coordination.v1.Lease",
                                 .name = "Lease",
                                 .description = "Says who holds something, and until when.",
                                 .fields = kLeaseFields};

}  // namespace appliance::orchestrator::api::coordination

namespace appliance::orchestrator::api::autoscaling {

constexpr Field kScaleSpecFields[] = {
    i32("replicas", 1),
};
constinit const Schema kScaleSpec = {
    .id = "io.k8s.api.autoscaling.v1.ScaleSpec", .name = "ScaleSpec", .fields = kScaleSpecFields};

constexpr Field kScaleStatusFields[] = {
    i32("replicas", 1).always().required(),
    str("selector", 2),
};
constinit const Schema kScaleStatus = {
    .id = "io.k8s.api.autoscaling.v1.ScaleStatus", .name = "ScaleStatus", .fields = kScaleStatusFields};

constexpr Field kScaleFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kScaleSpec).desc("What is wanted."),
    obj("status", 3, kScaleStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kScale = {.id = "io.k8s.api.autoscaling.v1.Scale",
                                 .name = "Scale",
                                 .description = "The number of replicas of a workload.",
                                 .fields = kScaleFields};

}  // namespace appliance::orchestrator::api::autoscaling

namespace appliance::orchestrator::api::policy {

constexpr Field kEvictionFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("deleteOptions", 2, meta::kDeleteOptions).pointer(),
};
constinit const Schema kEviction = {.id = "io.k8s.api.policy.v1.Eviction",
                                    .name = "Eviction",
                                    .description = "Asks for a pod to go, with regard to disruption budgets.",
                                    .fields = kEvictionFields};

}  // namespace appliance::orchestrator::api::policy
