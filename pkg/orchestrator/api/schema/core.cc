// Namespace, ConfigMap, Secret, ServiceAccount, Binding (core/v1).
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::core {

constexpr Field kNamespaceSpecFields[] = {
    str("finalizers", 1).list().atomic().go("v1.FinalizerName"),
};
constinit const Schema kNamespaceSpec = {
    .id = "io.k8s.api.core.v1.NamespaceSpec", .name = "NamespaceSpec", .fields = kNamespaceSpecFields};

constexpr Field kNamespaceConditionFields[] = {
    str("type", 1).always().required().go("v1.NamespaceConditionType"),
    str("status", 2).always().required().go("v1.ConditionStatus"),
    time("lastTransitionTime", 4),
    str("reason", 5),
    str("message", 6),
};
constinit const Schema kNamespaceCondition = {
    .id = "io.k8s.api.core.v1.NamespaceCondition", .name = "NamespaceCondition", .fields = kNamespaceConditionFields};

constexpr Field kNamespaceStatusFields[] = {
    str("phase", 1).go("v1.NamespacePhase").one_of("Active|Terminating"),
    obj("conditions", 2, kNamespaceCondition).list().keyed("type").merge("type"),
};
constinit const Schema kNamespaceStatus = {
    .id = "io.k8s.api.core.v1.NamespaceStatus", .name = "NamespaceStatus", .fields = kNamespaceStatusFields};

constexpr Field kNamespaceFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kNamespaceSpec),
    obj("status", 3, kNamespaceStatus),
};
constinit const Schema kNamespace = {
    .id = "io.k8s.api.core.v1.Namespace", .name = "Namespace", .fields = kNamespaceFields};

constexpr Field kConfigMapFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    boolean("immutable", 4).pointer(),
    str("data", 2).map(),
    bytes("binaryData", 3).map(),
};
constinit const Schema kConfigMap = {
    .id = "io.k8s.api.core.v1.ConfigMap", .name = "ConfigMap", .fields = kConfigMapFields};

constexpr Field kSecretFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    boolean("immutable", 5).pointer(),
    bytes("data", 2).map(),
    str("stringData", 4).map(),
    str("type", 3).go("v1.SecretType").def("\"Opaque\""),
};
constinit const Schema kSecret = {.id = "io.k8s.api.core.v1.Secret", .name = "Secret", .fields = kSecretFields};

constexpr Field kServiceAccountFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("secrets", 2, kObjectReference).list().keyed("name").merge("name"),
    obj("imagePullSecrets", 3, kLocalObjectReference).list().atomic(),
    boolean("automountServiceAccountToken", 4).pointer(),
};
constinit const Schema kServiceAccount = {
    .id = "io.k8s.api.core.v1.ServiceAccount", .name = "ServiceAccount", .fields = kServiceAccountFields};

constexpr Field kBindingFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta),
    obj("target", 2, kObjectReference).always().required(),
};
constinit const Schema kBinding = {.id = "io.k8s.api.core.v1.Binding", .name = "Binding", .fields = kBindingFields};

constexpr Field kPodTemplateSpecFields[] = {
    obj("metadata", 1, meta::kObjectMeta),
    obj("spec", 2, kPodSpec),
};
constinit const Schema kPodTemplateSpec = {
    .id = "io.k8s.api.core.v1.PodTemplateSpec", .name = "PodTemplateSpec", .fields = kPodTemplateSpecFields};

}  // namespace appliance::orchestrator::api::core
