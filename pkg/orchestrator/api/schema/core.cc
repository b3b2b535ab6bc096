// Namespace, ConfigMap, Secret, ServiceAccount, Binding (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kNamespaceSpecFields[] = {
    str("finalizers", 1)
        .list()
        .atomic()
        .go("v1.FinalizerName")
        .desc("Components that must clean up before the namespace goes."),
};
constinit const Schema kNamespaceSpec = {.id = "io.k8s.api.core.v1.NamespaceSpec",
                                         .name = "NamespaceSpec",
                                         .description = "What is wanted of a namespace.",
                                         .fields = kNamespaceSpecFields};

constexpr Field kNamespaceConditionFields[] = {
    str("type", 1).always().required().go("v1.NamespaceConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus").desc("What is observed; written by the cluster."),
    time("lastTransitionTime", 4).desc("When the status of the condition last changed."),
    str("reason", 5).desc("Why, in one word for programs."),
    str("message", 6).desc("Why, in words for people."),
};
constinit const Schema kNamespaceCondition = {
    .id = "io.k8s.api.core.v1.NamespaceCondition", .name = "NamespaceCondition", .fields = kNamespaceConditionFields};

constexpr Field kNamespaceStatusFields[] = {
    str("phase", 1)
        .go("v1.NamespacePhase")
        .one_of("Active|Terminating")
        .desc("Active, or Terminating while its contents are deleted."),
    obj("conditions", 2, kNamespaceCondition)
        .list()
        .keyed("type")
        .merge("type")
        .desc("Observations about the object, one per type."),
};
constinit const Schema kNamespaceStatus = {.id = "io.k8s.api.core.v1.NamespaceStatus",
                                           .name = "NamespaceStatus",
                                           .description = "State of a namespace.",
                                           .fields = kNamespaceStatusFields};

constexpr Field kNamespaceFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kNamespaceSpec).desc("What is wanted."),
    obj("status", 3, kNamespaceStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kNamespace = {.id = "io.k8s.api.core.v1.Namespace",
                                     .name = "Namespace",
                                     .description = "A scope for names, and a unit of policy and quota.",
                                     .fields = kNamespaceFields};

constexpr Field kConfigMapFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    boolean("immutable", 4).pointer().desc("Whether data can't be changed any more."),
    str("data", 2).map().desc("Keys with text."),
    bytes("binaryData", 3).map().desc("Keys with bytes, in base64."),
};
constinit const Schema kConfigMap = {.id = "io.k8s.api.core.v1.ConfigMap",
                                     .name = "ConfigMap",
                                     .description = "Configuration as keys and values.",
                                     .fields = kConfigMapFields};

constexpr Field kSecretFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    boolean("immutable", 5).pointer().desc("Whether data can't be changed any more."),
    bytes("data", 2).map().desc("Keys with bytes, in base64."),
    str("stringData", 4).map().desc("Keys with text; written into data, never read back."),
    str("type", 3).go("v1.SecretType").def("\"Opaque\"").desc("What the keys mean."),
};
constinit const Schema kSecret = {.id = "io.k8s.api.core.v1.Secret",
                                  .name = "Secret",
                                  .description = "Small confidential data.",
                                  .fields = kSecretFields};

constexpr Field kServiceAccountFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("secrets", 2, kObjectReference).list().keyed("name").merge("name").desc("Secrets that belong to it."),
    obj("imagePullSecrets", 3, kLocalObjectReference)
        .list()
        .atomic()
        .desc("Secrets for registries, given to its pods."),
    boolean("automountServiceAccountToken", 4).pointer().desc("Whether its pods get a token mounted."),
};
constinit const Schema kServiceAccount = {.id = "io.k8s.api.core.v1.ServiceAccount",
                                          .name = "ServiceAccount",
                                          .description = "An identity for processes in pods.",
                                          .fields = kServiceAccountFields};

constexpr Field kBindingFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("target", 2, kObjectReference).always().required(),
};
constinit const Schema kBinding = {.id = "io.k8s.api.core.v1.Binding",
                                   .name = "Binding",
                                   .description = "Ties a pod to a node.",
                                   .fields = kBindingFields};

constexpr Field kPodTemplateSpecFields[] = {
    obj("metadata", 1, meta::kObjectMeta).desc("Labels and annotations of the new pods."),
    obj("spec", 2, kPodSpec).desc("Spec of the new pods."),
};
constinit const Schema kPodTemplateSpec = {.id = "io.k8s.api.core.v1.PodTemplateSpec",
                                           .name = "PodTemplateSpec",
                                           .description = "What each new pod is made from.",
                                           .fields = kPodTemplateSpecFields};

}  // namespace appliance::orchestrator::api::core
