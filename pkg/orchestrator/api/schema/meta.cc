// The types of meta.k8s.io/v1 that objects and options share.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::meta {

constexpr Field kOwnerReferenceFields[] = {
    str("apiVersion", 5).always().required().desc("API version of the owner."),
    str("kind", 1).always().required().desc("Kind of the owner."),
    str("name", 3).always().required().desc("Name of the owner."),
    str("uid", 4).always().required().go("types.UID").desc("Identity of the owner."),
    boolean("controller", 6).pointer().desc("Whether this owner manages the object; at most one does."),
    boolean("blockOwnerDeletion", 7)
        .pointer()
        .desc("Whether a foreground deletion of the owner waits for this object."),
};
constinit const Schema kOwnerReference = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    .name = "OwnerReference",
    .description = "Points to an owner in the same namespace, or to a cluster-wide one.",
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
                                              .description = "Fields that one manager set with one operation.",
                                              .fields = kManagedFieldsEntryFields};

constexpr Field kObjectMetaFields[] = {
    str("name", 1).desc("Name, unique among objects of one kind in a namespace; can't be changed."),
    str("generateName", 2)
        .desc("Beginning of a name that the server completes with random characters, used when name is empty."),
    str("namespace", 3).desc("Namespace in which the name is unique; empty for cluster-wide kinds."),
    str("selfLink", 4).desc("No longer used."),
    str("uid", 5)
        .go("types.UID")
        .desc("Identity given by the server; never used again, even for an object of the same name."),
    str("resourceVersion", 6).desc("Opaque revision for optimistic concurrency and for watches; given by the server."),
    i64("generation", 7).desc("Counts changes of the wanted state; given by the server."),
    time("creationTimestamp", 8).desc("When the server created the object."),
    time("deletionTimestamp", 9).pointer().desc("When the object is to be gone; set by the server upon deletion."),
    i64("deletionGracePeriodSeconds", 10)
        .pointer()
        .desc("Seconds for an orderly end, counted from the deletion request."),
    str("labels", 11).map().desc("Keys and values for selecting and grouping."),
    str("annotations", 12).map().desc("Keys and values for tools; not for selecting."),
    obj("ownerReferences", 13, kOwnerReference)
        .list()
        .keyed("uid")
        .merge("uid")
        .desc("Objects that this one belongs to; it is deleted when all of them are gone."),
    str("finalizers", 14)
        .list()
        .set()
        .merge()
        .desc("Names that must be removed, each by its component, before the object is deleted."),
    obj("managedFields", 17, kManagedFieldsEntry)
        .list()
        .atomic()
        .desc("Which manager set which fields; kept by the server."),
};
constinit const Schema kObjectMeta = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
                                      .name = "ObjectMeta",
                                      .description = "Data that every stored object has.",
                                      .fields = kObjectMetaFields};

constexpr Field kLabelSelectorRequirementFields[] = {
    str("key", 1).always().required().desc("Label key."),
    str("operator", 2).always().required().go("v1.LabelSelectorOperator").desc("In, NotIn, Exists or DoesNotExist."),
    str("values", 3).list().atomic().desc("Values for In and NotIn; empty for the others."),
};
constinit const Schema kLabelSelectorRequirement = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
    .name = "LabelSelectorRequirement",
    .description = "A key, a relation, and values.",
    .fields = kLabelSelectorRequirementFields};

constexpr Field kLabelSelectorFields[] = {
    str("matchLabels", 1).map().desc("Labels that must be equal."),
    obj("matchExpressions", 2, kLabelSelectorRequirement)
        .list()
        .atomic()
        .desc("Requirements on label keys and their values."),
};
constinit const Schema kLabelSelector = {
    .id = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    .name = "LabelSelector",
    .description = "A query over labels; all its parts must hold. An empty one matches everything.",
    .fields = kLabelSelectorFields,
    .is_map_atomic = true};

constexpr Field kConditionFields[] = {
    str("type", 1).always().required(),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    i64("observedGeneration", 3).desc("The metadata.generation that the status is about."),
    time("lastTransitionTime", 4).always().required().desc("When the status of the condition last changed."),
    str("reason", 5).always().required().desc("Why, in one word for programs."),
    str("message", 6).always().required().desc("Why, in words for people."),
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
    str("uid", 1).pointer().go("types.UID").desc("Identity of the object, unique in space and time."),
    str("resourceVersion", 2).pointer().desc("Revision of the object."),
};
constinit const Schema kPreconditions = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions",
                                         .name = "Preconditions",
                                         .fields = kPreconditionsFields};

constexpr Field kDeleteOptionsFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    i64("gracePeriodSeconds", 1).pointer().desc("Seconds for an orderly end; 0 deletes at once."),
    obj("preconditions", 2, kPreconditions)
        .pointer()
        .desc("What must be true of the object for the deletion to happen."),
    boolean("orphanDependents", 3).pointer(),
    str("propagationPolicy", 4)
        .pointer()
        .go("v1.DeletionPropagation")
        .desc("What happens to dependents: Orphan, Background or Foreground."),
    str("dryRun", 5).list().atomic().desc("All: everything but the deletion is done."),
    boolean("ignoreStoreReadErrorWithClusterBreakingPotential", 6).pointer(),
};
constinit const Schema kDeleteOptions = {.id = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
                                         .name = "DeleteOptions",
                                         .description = "How an object is deleted.",
                                         .fields = kDeleteOptionsFields};

}  // namespace appliance::orchestrator::api::meta
