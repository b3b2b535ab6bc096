// The types of meta.k8s.io/v1 that objects and options share.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::meta {

constexpr Field kOwnerReferenceFields[] = {
    str("apiVersion", 5).always().required(), str("kind", 1).always().required(),
    str("name", 3).always().required(),       str("uid", 4).always().required().go("types.UID"),
    boolean("controller", 6).pointer(),       boolean("blockOwnerDeletion", 7).pointer(),
};
constinit const Schema kOwnerReference = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
                                          .name = "OwnerReference",
                                          .fields = kOwnerReferenceFields,
                                          .is_map_atomic = true};

constexpr Field kManagedFieldsEntryFields[] = {
    str("manager", 1),     str("operation", 2).go("v1.ManagedFieldsOperationType"),
    str("apiVersion", 3),  time("time", 4).pointer(),
    str("fieldsType", 6),  raw("fieldsV1", 7).pointer(),
    str("subresource", 8),
};
constinit const Schema kManagedFieldsEntry = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
                                              .name = "ManagedFieldsEntry",
                                              .fields = kManagedFieldsEntryFields};

constexpr Field kObjectMetaFields[] = {
    str("name", 1),
    str("generateName", 2),
    str("namespace", 3),
    str("selfLink", 4),
    str("uid", 5).go("types.UID"),
    str("resourceVersion", 6),
    i64("generation", 7),
    time("creationTimestamp", 8),
    time("deletionTimestamp", 9).pointer(),
    i64("deletionGracePeriodSeconds", 10).pointer(),
    str("labels", 11).map(),
    str("annotations", 12).map(),
    obj("ownerReferences", 13, kOwnerReference).list().keyed("uid").merge("uid"),
    str("finalizers", 14).list().set().merge(),
    obj("managedFields", 17, kManagedFieldsEntry).list().atomic(),
};
constinit const Schema kObjectMeta = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", .name = "ObjectMeta", .fields = kObjectMetaFields};

constexpr Field kLabelSelectorRequirementFields[] = {
    str("key", 1).always().required(),
    str("operator", 2).always().required().go("v1.LabelSelectorOperator"),
    str("values", 3).list().atomic(),
};
constinit const Schema kLabelSelectorRequirement = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
    .name = "LabelSelectorRequirement",
    .fields = kLabelSelectorRequirementFields};

constexpr Field kLabelSelectorFields[] = {
    str("matchLabels", 1).map(),
    obj("matchExpressions", 2, kLabelSelectorRequirement).list().atomic(),
};
constinit const Schema kLabelSelector = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
                                         .name = "LabelSelector",
                                         .fields = kLabelSelectorFields,
                                         .is_map_atomic = true};

constexpr Field kConditionFields[] = {
    str("type", 1).always().required(),   str("status", 2).always().required().go("v1.ConditionStatus"),
    i64("observedGeneration", 3),         time("lastTransitionTime", 4).always().required(),
    str("reason", 5).always().required(), str("message", 6).always().required(),
};
constinit const Schema kCondition = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.Condition", .name = "Condition", .fields = kConditionFields};

constexpr Field kFieldSelectorRequirementFields[] = {
    str("key", 1).always().required(),
    str("operator", 2).always().required().go("v1.FieldSelectorOperator"),
    str("values", 3).list().atomic(),
};
constinit const Schema kFieldSelectorRequirement = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement",
    .name = "FieldSelectorRequirement",
    .fields = kFieldSelectorRequirementFields};

constexpr Field kPreconditionsFields[] = {
    str("uid", 1).pointer().go("types.UID"),
    str("resourceVersion", 2).pointer(),
};
constinit const Schema kPreconditions = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
                                         .name = "Preconditions",
                                         .fields = kPreconditionsFields};

constexpr Field kDeleteOptionsFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    i64("gracePeriodSeconds", 1).pointer(),
    obj("preconditions", 2, kPreconditions).pointer(),
    boolean("orphanDependents", 3).pointer(),
    str("propagationPolicy", 4).pointer().go("v1.DeletionPropagation"),
    str("dryRun", 5).list().atomic(),
    boolean("ignoreStoreReadErrorWithClusterBreakingPotential", 6).pointer(),
};
constinit const Schema kDeleteOptions = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
                                         .name = "DeleteOptions",
                                         .fields = kDeleteOptionsFields};

}  // namespace appliance::orchestrator::api::meta
