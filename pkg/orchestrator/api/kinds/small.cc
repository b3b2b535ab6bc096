// Lease (coordination.k8s.io/v1) and the review kinds, which are answered and forgotten.
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

json::Array lease_cells(const json::Value& object, int64_t now_seconds) {
  return {name_cell(object), cell(json::string_at(object, {"spec", "holderIdentity"})), age_cell(object, now_seconds)};
}

void validate_lease(const json::Value& object, const json::Value* /*old*/, Errors& errors) {
  if (const auto* seconds = json::find(object, {"spec", "leaseDurationSeconds"});
      seconds != nullptr && json::int_at(*seconds, {}) <= 0)
    errors.push_back(invalid("spec.leaseDurationSeconds", *seconds, "must be greater than 0"));
  if (const auto* count = json::find(object, {"spec", "leaseTransitions"});
      count != nullptr && json::int_at(*count, {}) < 0)
    errors.push_back(invalid("spec.leaseTransitions", *count, "must be greater than or equal to 0"));
}

void validate_access(const json::Value& object, Errors& errors) {
  const auto* resource = json::find(object, {"spec", "resourceAttributes"});
  const auto* other = json::find(object, {"spec", "nonResourceAttributes"});
  if (resource != nullptr && other != nullptr)
    errors.push_back(
        invalid("spec.nonResourceAttributes", *other, "cannot be specified in combination with resourceAttributes"));
  if (resource == nullptr && other == nullptr)
    errors.push_back(invalid("spec.resourceAttributes", nullptr,
                             "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
}

void validate_self_access(const json::Value& object, const json::Value* /*old*/, Errors& errors) {
  validate_access(object, errors);
}

void validate_subject_access(const json::Value& object, const json::Value* /*old*/, Errors& errors) {
  validate_access(object, errors);
  if (json::string_at(object, {"spec", "user"}).empty() && json::array_at(object, {"spec", "groups"}).empty())
    errors.push_back(invalid("spec.user", "", "at least one of user or group must be specified"));
}

void validate_token_review(const json::Value& object, const json::Value* /*old*/, Errors& errors) {
  if (json::string_at(object, {"spec", "token"}).empty()) errors.push_back(required("spec.token"));
}

Kind review(std::string group, std::string name, std::string plural, const Schema& schema) {
  Kind kind = stored_kind(std::move(group), std::move(name), std::move(plural));
  kind.verbs = {"create"};
  kind.namespaced = false;
  kind.stored = false;
  kind.schema = &schema;
  return kind;
}

}  // namespace

Kind lease_kind() {
  Kind kind = stored_kind("coordination.k8s.io", "Lease", "leases");
  kind.unconditional_update = false;
  kind.schema = &coordination::kLease;
  kind.validate = validate_lease;
  kind.columns.push_back({.name = "Holder", .format = {}, .description = "Who holds it."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.cells = lease_cells;
  return kind;
}

std::vector<Kind> review_kinds() {
  std::vector<Kind> out;
  out.push_back(
      review("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews", authentication::kSelfSubjectReview));
  out.push_back(review("authentication.k8s.io", "TokenReview", "tokenreviews", authentication::kTokenReview));
  out.back().validate = validate_token_review;
  out.push_back(review("authorization.k8s.io", "LocalSubjectAccessReview", "localsubjectaccessreviews",
                       authorization::kLocalSubjectAccessReview));
  out.back().namespaced = true;
  out.back().validate = validate_subject_access;
  out.push_back(review("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews",
                       authorization::kSelfSubjectAccessReview));
  out.back().validate = validate_self_access;
  out.push_back(review("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews",
                       authorization::kSelfSubjectRulesReview));
  out.push_back(review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews",
                       authorization::kSubjectAccessReview));
  out.back().validate = validate_subject_access;
  return out;
}

}  // namespace appliance::orchestrator::api
