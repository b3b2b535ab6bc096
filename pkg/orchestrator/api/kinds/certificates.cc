// CertificateSigningRequest (certificates.k8s.io/v1). Whether the request itself parses is judged by the API server,
// which has the cryptography.
#include <set>

#include "orchestrator/api/duration.h"
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

constexpr int64_t kExpirationSecondsMin = 600;
constexpr size_t kSignerNameMax = 571;  // a domain of 253, a slash, a path of 317, as the real server computes it

const json::Value* condition_of(const json::Value& object, std::string_view type) {
  for (const json::Value& one : json::array_at(object, {"status", "conditions"}))
    if (json::string_at(one, {"type"}) == type) return &one;
  return nullptr;
}

std::string condition_text(const json::Value& object) {
  std::string out = condition_of(object, "Denied") != nullptr     ? "Denied"
                    : condition_of(object, "Approved") != nullptr ? "Approved"
                                                                  : "Pending";
  if (condition_of(object, "Failed") != nullptr) out += ",Failed";
  if (!json::string_at(object, {"status", "certificate"}).empty()) out += ",Issued";
  return out;
}

json::Array cells(const json::Value& object, int64_t now_seconds) {
  const json::Value* seconds = json::find(object, {"spec", "expirationSeconds"});
  const std::string_view signer = json::string_at(object, {"spec", "signerName"});
  return {name_cell(object),
          age_cell(object, now_seconds),
          cell(signer.empty() ? "<none>" : signer),
          cell(json::string_at(object, {"spec", "username"})),
          cell(seconds == nullptr ? "<none>" : human_duration(json::int_at(*seconds, {}))),
          cell(condition_text(object))};
}

// The spec never changes: an update keeps the old one.
void keep_spec(json::Value& object, const json::Value* old) {
  if (old == nullptr) return;
  if (const json::Value* spec = json::find(*old, {"spec"})) json::ensure(object, {"spec"}) = *spec;
}

// example.com/path: a domain of two labels at least, then labels separated by dots or slashes.
void validate_signer_name(const json::Value& object, Errors& errors) {
  const std::string field = "spec.signerName";
  const std::string_view name = json::string_at(object, {"spec", "signerName"});
  if (name.empty()) {
    errors.push_back(required(field));
    return;
  }
  const size_t slash = name.find('/');
  const std::string_view domain = name.substr(0, slash);
  if (slash == std::string_view::npos || name.find('/', slash + 1) != std::string_view::npos) {
    errors.push_back(
        invalid(field, cell(name), "must be a fully qualified domain and path of the form 'example.com/signer-name'"));
    return;
  }
  add_invalid(errors, field, domain, check_dns_subdomain(domain));
  add_invalid(errors, field, name.substr(slash + 1), check_dns_subdomain(name.substr(slash + 1)));
  if (domain.find('.') == std::string_view::npos)
    errors.push_back(invalid(field, cell(domain), "should be a domain with at least two segments separated by dots"));
  if (name.size() > kSignerNameMax)
    errors.push_back(
        invalid(field, cell(name), "must be no more than " + std::to_string(kSignerNameMax) + " characters"));
  if (name == "kubernetes.io/legacy-unknown")
    errors.push_back(invalid(field, cell(name), "the legacy signerName is not allowed via this API version"));
}

void validate_usages(const json::Value& object, Errors& errors) {
  const json::Array& usages = json::array_at(object, {"spec", "usages"});
  if (usages.empty()) errors.push_back(required("spec.usages"));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < usages.size(); ++i)
    if (!seen.insert(text_of(usages[i])).second) errors.push_back(duplicate(at_index("spec.usages", i), usages[i]));
}

void validate_spec(const json::Value& object, Errors& errors) {
  if (json::string_at(object, {"spec", "request"}).empty()) errors.push_back(required("spec.request"));
  validate_usages(object, errors);
  validate_signer_name(object, errors);
  const json::Value* seconds = json::find(object, {"spec", "expirationSeconds"});
  if (seconds != nullptr && json::int_at(*seconds, {}) < kExpirationSecondsMin)
    errors.push_back(
        invalid("spec.expirationSeconds", *seconds, "may not specify a duration less than 600 seconds (10 minutes)"));
}

void validate_conditions(const json::Value& object, Errors& errors) {
  const json::Array& conditions = json::array_at(object, {"status", "conditions"});
  std::set<std::string_view> seen;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string at = at_index("status.conditions", i);
    const std::string_view type = json::string_at(conditions[i], {"type"});
    const bool final = type == "Approved" || type == "Denied" || type == "Failed";
    if (type.empty()) errors.push_back(required(at + ".type"));
    if (final)
      check_choice(conditions[i], "status", at + ".status", {"True"}, errors);
    else
      check_choice(conditions[i], "status", at + ".status", {"False", "True", "Unknown"}, errors);
    if (!seen.insert(type).second) errors.push_back(duplicate(at + ".type", cell(type)));
    if ((type == "Approved" && seen.contains("Denied")) || (type == "Denied" && seen.contains("Approved")))
      errors.push_back(invalid(at + ".type", cell(type), "Approved and Denied conditions are mutually exclusive"));
  }
}

void validate(const json::Value& object, const json::Value* old, Errors& errors) {
  if (old == nullptr) validate_spec(object, errors);
  validate_conditions(object, errors);
}

}  // namespace

Kind certificate_signing_request_kind() {
  Kind kind = stored_kind("certificates.k8s.io", "CertificateSigningRequest", "certificatesigningrequests");
  kind.short_names = {"csr"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.schema = &certificates::kCertificateSigningRequest;
  kind.check_name = check_path_segment;
  kind.prepare = keep_spec;
  kind.validate = validate;
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.columns.push_back({.name = "SignerName", .format = {}, .description = "Who is to sign."});
  kind.columns.push_back({.name = "Requestor", .format = {}, .description = "Who asked."});
  kind.columns.push_back(
      {.name = "RequestedDuration", .format = {}, .description = "How long the certificate is wanted for."});
  kind.columns.push_back({.name = "Condition", .format = {}, .description = "What was decided."});
  kind.cells = cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
