// CertificateSigningRequest (certificates.k8s.io/v1).
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api::certificates {

constexpr Field kSpecFields[] = {
    bytes("request", 1).always().required().atomic().desc("The request in PEM: one CERTIFICATE REQUEST block."),
    str("signerName", 7)
        .always()
        .required()
        .desc("Who is to sign it: kubernetes.io/kube-apiserver-client-kubelet, kubernetes.io/kubelet-serving, ..."),
    i32("expirationSeconds", 8)
        .pointer()
        .desc("How long the certificate is wanted for; the signer may give less. At least 600."),
    str("usages", 5)
        .list()
        .atomic()
        .go("v1.KeyUsage")
        .one_of("any|cert sign|client auth|code signing|content commitment|crl sign|data encipherment|decipher only|"
                "digital signature|email protection|encipher only|ipsec end system|ipsec tunnel|ipsec user|"
                "key agreement|key encipherment|microsoft sgc|netscape sgc|ocsp signing|s/mime|server auth|signing|"
                "timestamping")
        .desc("What the key is to be used for."),
    str("username", 2).desc("Who made the request; written by the server."),
    str("uid", 3).desc("Identity of who made the request; written by the server."),
    str("groups", 4).list().atomic().desc("Groups of who made the request; written by the server."),
    string_list("extra", 6).map().desc("What else is known of who made the request; written by the server."),
};
constinit const Schema kCertificateSigningRequestSpec = {
    .id = "io.k8s.api.certificates.v1.CertificateSigningRequestSpec",
    .name = "CertificateSigningRequestSpec",
    .description = "What is to be signed, by whom, and who asked. Never changes.",
    .fields = kSpecFields};

constexpr Field kConditionFields[] = {
    str("type", 1).always().required().go("v1.RequestConditionType").desc("Approved, Denied or Failed."),
    str("status", 6).always().required().go("v1.ConditionStatus").desc("True, False or Unknown."),
    str("reason", 2).desc("Why, in one word for programs."),
    str("message", 3).desc("Why, in words for people."),
    time("lastUpdateTime", 4).desc("When the condition was last written."),
    time("lastTransitionTime", 5).desc("When the status of the condition last changed."),
};
constinit const Schema kCertificateSigningRequestCondition = {
    .id = "io.k8s.api.certificates.v1.CertificateSigningRequestCondition",
    .name = "CertificateSigningRequestCondition",
    .description = "One decision about a request.",
    .fields = kConditionFields};

constexpr Field kStatusFields[] = {
    obj("conditions", 1, kCertificateSigningRequestCondition)
        .list()
        .keyed("type")
        .desc("Decisions about the request, one per type."),
    bytes("certificate", 2).atomic().desc("The certificate in PEM, once the signer has issued it."),
};
constinit const Schema kCertificateSigningRequestStatus = {
    .id = "io.k8s.api.certificates.v1.CertificateSigningRequestStatus",
    .name = "CertificateSigningRequestStatus",
    .description = "Whether the request was approved, and the certificate.",
    .fields = kStatusFields};

constexpr Field kFields[] = {
    str("apiVersion", 0).desc("Version of the schema of this object."),
    str("kind", 0).desc("Kind of the resource, in CamelCase."),
    obj("metadata", 1, meta::kObjectMeta).desc("Name, labels and other data that every object has."),
    obj("spec", 2, kCertificateSigningRequestSpec).always().required().desc("What is wanted."),
    obj("status", 3, kCertificateSigningRequestStatus).desc("What is observed; written by the cluster."),
};
constinit const Schema kCertificateSigningRequest = {.id = "io.k8s.api.certificates.v1.CertificateSigningRequest",
                                                     .name = "CertificateSigningRequest",
                                                     .description = "Asks a signer of the cluster for a certificate.",
                                                     .fields = kFields};

}  // namespace appliance::orchestrator::api::certificates
