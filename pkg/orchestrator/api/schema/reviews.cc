// The review kinds: authentication.k8s.io/v1 and authorization.k8s.io/v1.
#include "orchestrator/api/schema/defaults.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::authentication {

constexpr Field kTokenReviewSpecFields[] = {
    str("token", 1),
    str("audiences", 2).list().atomic(),
};
constinit const Schema kTokenReviewSpec = {
    .id = "io.k8s.api.authentication.v1.TokenReviewSpec", .name = "TokenReviewSpec", .fields = kTokenReviewSpecFields};

constexpr Field kUserInfoFields[] = {
    str("username", 1),
    str("uid", 2).desc("Identity of the object, unique in space and time."),
    str("groups", 3).list().atomic(),
    string_list("extra", 4).map(),
};
constinit const Schema kUserInfo = {
    .id = "io.k8s.api.authentication.v1.UserInfo", .name = "UserInfo", .fields = kUserInfoFields};

constexpr Field kTokenReviewStatusFields[] = {
    boolean("authenticated", 1),
    obj("user", 2, kUserInfo),
    str("audiences", 4).list().atomic(),
    str("error", 3),
};
constinit const Schema kTokenReviewStatus = {.id = "io.k8s.api.authentication.v1.TokenReviewStatus",
                                             .name = "TokenReviewStatus",
                                             .fields = kTokenReviewStatusFields};

constexpr Field kTokenReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kTokenReviewSpec).always().required().desc("What is wanted."),
    obj("status", 3, kTokenReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kTokenReview = {.id = "io.k8s.api.authentication.v1.TokenReview",
                                       .name = "TokenReview",
                                       .description = "Asks whether a token is valid, and whose it is.",
                                       .fields = kTokenReviewFields};

constexpr Field kBoundObjectReferenceFields[] = {
    str("kind", 1),
    str("apiVersion", 2),
    str("name", 3),
    str("uid", 4).go("types.UID").desc("Identity of the object, unique in space and time."),
};
constinit const Schema kBoundObjectReference = {.id = "io.k8s.api.authentication.v1.BoundObjectReference",
                                                .name = "BoundObjectReference",
                                                .fields = kBoundObjectReferenceFields};

constexpr Field kTokenRequestSpecFields[] = {
    str("audiences", 1).list().always().required().atomic(),
    i64("expirationSeconds", 4).pointer().always().def("3600"),
    obj("boundObjectRef", 3, kBoundObjectReference).pointer().always(),
};
constinit const Schema kTokenRequestSpec = {.id = "io.k8s.api.authentication.v1.TokenRequestSpec",
                                            .name = "TokenRequestSpec",
                                            .fields = kTokenRequestSpecFields};

constexpr Field kTokenRequestStatusFields[] = {
    str("token", 1).always().required(),
    time("expirationTimestamp", 2).always().required(),
};
constinit const Schema kTokenRequestStatus = {.id = "io.k8s.api.authentication.v1.TokenRequestStatus",
                                              .name = "TokenRequestStatus",
                                              .fields = kTokenRequestStatusFields};

constexpr Field kTokenRequestFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kTokenRequestSpec).always().required().desc("What is wanted."),
    obj("status", 3, kTokenRequestStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kTokenRequest = {.id = "io.k8s.api.authentication.v1.TokenRequest",
                                        .name = "TokenRequest",
                                        .description = "Asks for a token of a service account.",
                                        .fields = kTokenRequestFields};

constexpr Field kSelfSubjectReviewStatusFields[] = {
    obj("userInfo", 1, kUserInfo),
};
constinit const Schema kSelfSubjectReviewStatus = {.id = "io.k8s.api.authentication.v1.SelfSubjectReviewStatus",
                                                   .name = "SelfSubjectReviewStatus",
                                                   .fields = kSelfSubjectReviewStatusFields};

constexpr Field kSelfSubjectReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("status", 2, kSelfSubjectReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kSelfSubjectReview = {.id = "io.k8s.api.authentication.v1.SelfSubjectReview",
                                             .name = "SelfSubjectReview",
                                             .description = "Asks who the caller is.",
                                             .fields = kSelfSubjectReviewFields};

}  // namespace appliance::orchestrator::api::authentication

namespace appliance::orchestrator::api::authorization {

constexpr Field kFieldSelectorAttributesFields[] = {
    str("rawSelector", 1),
    obj("requirements", 2, meta::kFieldSelectorRequirement).list().atomic(),
};
constinit const Schema kFieldSelectorAttributes = {.id = "io.k8s.api.authorization.v1.FieldSelectorAttributes",
                                                   .name = "FieldSelectorAttributes",
                                                   .fields = kFieldSelectorAttributesFields};

constexpr Field kLabelSelectorAttributesFields[] = {
    str("rawSelector", 1),
    obj("requirements", 2, meta::kLabelSelectorRequirement).list().atomic(),
};
constinit const Schema kLabelSelectorAttributes = {.id = "io.k8s.api.authorization.v1.LabelSelectorAttributes",
                                                   .name = "LabelSelectorAttributes",
                                                   .fields = kLabelSelectorAttributesFields};

constexpr Field kResourceAttributesFields[] = {
    str("namespace", 1).desc("Namespace of the object."),
    str("verb", 2),
    str("group", 3),
    str("version", 4),
    str("resource", 5),
    str("subresource", 6),
    str("name", 7),
    obj("fieldSelector", 8, kFieldSelectorAttributes).pointer(),
    obj("labelSelector", 9, kLabelSelectorAttributes).pointer(),
};
constinit const Schema kResourceAttributes = {.id = "io.k8s.api.authorization.v1.ResourceAttributes",
                                              .name = "ResourceAttributes",
                                              .fields = kResourceAttributesFields};

constexpr Field kNonResourceAttributesFields[] = {
    str("path", 1),
    str("verb", 2),
};
constinit const Schema kNonResourceAttributes = {.id = "io.k8s.api.authorization.v1.NonResourceAttributes",
                                                 .name = "NonResourceAttributes",
                                                 .fields = kNonResourceAttributesFields};

constexpr Field kSubjectAccessReviewSpecFields[] = {
    obj("resourceAttributes", 1, kResourceAttributes).pointer(),
    obj("nonResourceAttributes", 2, kNonResourceAttributes).pointer(),
    str("user", 3),
    str("groups", 4).list().atomic(),
    string_list("extra", 5).map(),
    str("uid", 6).desc("Identity of the object, unique in space and time."),
};
constinit const Schema kSubjectAccessReviewSpec = {.id = "io.k8s.api.authorization.v1.SubjectAccessReviewSpec",
                                                   .name = "SubjectAccessReviewSpec",
                                                   .fields = kSubjectAccessReviewSpecFields};

constexpr Field kSubjectAccessReviewStatusFields[] = {
    boolean("allowed", 1).always().required(),
    boolean("denied", 4),
    str("reason", 2).desc("Why, in one word for programs."),
    str("evaluationError", 3),
};
constinit const Schema kSubjectAccessReviewStatus = {.id = "io.k8s.api.authorization.v1.SubjectAccessReviewStatus",
                                                     .name = "SubjectAccessReviewStatus",
                                                     .fields = kSubjectAccessReviewStatusFields};

constexpr Field kSubjectAccessReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kSubjectAccessReviewSpec).always().required().desc("What is wanted."),
    obj("status", 3, kSubjectAccessReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kSubjectAccessReview = {.id = "io.k8s.api.authorization.v1.SubjectAccessReview",
                                               .name = "SubjectAccessReview",
                                               .description = "Asks whether somebody may do something.",
                                               .fields = kSubjectAccessReviewFields};

constexpr Field kLocalSubjectAccessReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kSubjectAccessReviewSpec).always().required().desc("What is wanted."),
    obj("status", 3, kSubjectAccessReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kLocalSubjectAccessReview = {
    .id = "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
    .name = "LocalSubjectAccessReview",
    .description = "Asks whether somebody may do something in one namespace.",
    .fields = kLocalSubjectAccessReviewFields};

constexpr Field kSelfSubjectAccessReviewSpecFields[] = {
    obj("resourceAttributes", 1, kResourceAttributes).pointer(),
    obj("nonResourceAttributes", 2, kNonResourceAttributes).pointer(),
};
constinit const Schema kSelfSubjectAccessReviewSpec = {.id = "io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec",
                                                       .name = "SelfSubjectAccessReviewSpec",
                                                       .fields = kSelfSubjectAccessReviewSpecFields};

constexpr Field kSelfSubjectAccessReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kSelfSubjectAccessReviewSpec).always().required().desc("What is wanted."),
    obj("status", 3, kSubjectAccessReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kSelfSubjectAccessReview = {.id = "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
                                                   .name = "SelfSubjectAccessReview",
                                                   .description = "Asks whether the caller may do something.",
                                                   .fields = kSelfSubjectAccessReviewFields};

constexpr Field kSelfSubjectRulesReviewSpecFields[] = {
    str("namespace", 1).desc("Namespace of the object."),
};
constinit const Schema kSelfSubjectRulesReviewSpec = {.id = "io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec",
                                                      .name = "SelfSubjectRulesReviewSpec",
                                                      .fields = kSelfSubjectRulesReviewSpecFields};

constexpr Field kResourceRuleFields[] = {
    str("verbs", 1).list().always().required().atomic(),
    str("apiGroups", 2).list().atomic(),
    str("resources", 3).list().atomic(),
    str("resourceNames", 4).list().atomic(),
};
constinit const Schema kResourceRule = {
    .id = "io.k8s.api.authorization.v1.ResourceRule", .name = "ResourceRule", .fields = kResourceRuleFields};

constexpr Field kNonResourceRuleFields[] = {
    str("verbs", 1).list().always().required().atomic(),
    str("nonResourceURLs", 2).list().atomic(),
};
constinit const Schema kNonResourceRule = {
    .id = "io.k8s.api.authorization.v1.NonResourceRule", .name = "NonResourceRule", .fields = kNonResourceRuleFields};

constexpr Field kSubjectRulesReviewStatusFields[] = {
    obj("resourceRules", 1, kResourceRule).list().always().required().atomic(),
    obj("nonResourceRules", 2, kNonResourceRule).list().always().required().atomic(),
    boolean("incomplete", 3).always().required(),
    str("evaluationError", 4),
};
constinit const Schema kSubjectRulesReviewStatus = {.id = "io.k8s.api.authorization.v1.SubjectRulesReviewStatus",
                                                    .name = "SubjectRulesReviewStatus",
                                                    .fields = kSubjectRulesReviewStatusFields};

constexpr Field kSelfSubjectRulesReviewFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kSelfSubjectRulesReviewSpec).always().required().desc("What is wanted."),
    obj("status", 3, kSubjectRulesReviewStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kSelfSubjectRulesReview = {.id = "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
                                                  .name = "SelfSubjectRulesReview",
                                                  .description = "Asks what the caller may do in a namespace.",
                                                  .fields = kSelfSubjectRulesReviewFields};

}  // namespace appliance::orchestrator::api::authorization
