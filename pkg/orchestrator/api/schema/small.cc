// Lease, Scale and Eviction.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::coordination {

constexpr Field kLeaseSpecFields[] = {
    str("holderIdentity", 1).pointer(),     i32("leaseDurationSeconds", 2).pointer(),
    micro_time("acquireTime", 3).pointer(), micro_time("renewTime", 4).pointer(),
    i32("leaseTransitions", 5).pointer(),   str("strategy", 6).pointer().go("v1.CoordinatedLeaseStrategy"),
    str("preferredHolder", 7).pointer(),
};
constinit const Schema kLeaseSpec = {
    .id = "io.k8s.api.coordination.v1.LeaseSpec", .name = "LeaseSpec", .fields = kLeaseSpecFields};

constexpr Field kLeaseFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kLeaseSpec),
};
constinit const Schema kLease = {.id = "io.k8s.api.coordination.v1.Lease", .name = "Lease", .fields = kLeaseFields};

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
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kScaleSpec),
    obj("status", 3, kScaleStatus),
};
constinit const Schema kScale = {.id = "io.k8s.api.autoscaling.v1.Scale", .name = "Scale", .fields = kScaleFields};

}  // namespace appliance::orchestrator::api::autoscaling

namespace appliance::orchestrator::api::policy {

constexpr Field kEvictionFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("deleteOptions", 2, meta::kDeleteOptions).pointer(),
};
constinit const Schema kEviction = {
    .id = "io.k8s.api.policy.v1.Eviction", .name = "Eviction", .fields = kEvictionFields};

}  // namespace appliance::orchestrator::api::policy
