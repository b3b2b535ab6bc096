// Deployment and ReplicaSet (apps/v1).
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/object.h"
#include "orchestrator/api/schema/schemas.h"
#include "orchestrator/api/selector.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

void add_pod_columns(Kind& kind) {
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.columns.push_back(
      {.name = "Containers", .format = {}, .description = "Names of the containers in the template.", .priority = 1});
  kind.columns.push_back(
      {.name = "Images", .format = {}, .description = "Images of the containers in the template.", .priority = 1});
  kind.columns.push_back(
      {.name = "Selector", .format = {}, .description = "Labels by which its pods are found.", .priority = 1});
}

void add_pod_cells(json::Array& out, const json::Value& object, int64_t now_seconds) {
  static const json::Value kNone = json::Object();
  const auto* spec = json::find(object, {"spec", "template", "spec"});
  if (spec == nullptr) spec = &kNone;
  out.push_back(age_cell(object, now_seconds));
  out.push_back(cell(container_names(*spec)));
  out.push_back(cell(container_images(*spec)));
  out.push_back(cell(selector_text(json::find(object, {"spec", "selector"}))));
}

json::Array deployment_cells(const json::Value& object, int64_t now_seconds) {
  json::Array out = {name_cell(object),
                     cell(std::to_string(json::int_at(object, {"status", "readyReplicas"})) + '/' +
                          std::to_string(json::int_at(object, {"spec", "replicas"}))),
                     json::int_at(object, {"status", "updatedReplicas"}),
                     json::int_at(object, {"status", "availableReplicas"})};
  add_pod_cells(out, object, now_seconds);
  return out;
}

json::Array replica_set_cells(const json::Value& object, int64_t now_seconds) {
  json::Array out = {name_cell(object), json::int_at(object, {"spec", "replicas"}),
                     json::int_at(object, {"status", "replicas"}), json::int_at(object, {"status", "readyReplicas"})};
  add_pod_cells(out, object, now_seconds);
  return out;
}

void validate_selector(const json::Value& object, std::string_view what, Errors& errors) {
  const auto* selector = json::find(object, {"spec", "selector"});
  if (selector == nullptr) {
    errors.push_back(required("spec.selector"));
    return;
  }
  check_label_selector(errors, "spec.selector", selector);
  if (LabelSelector::from_json(selector).empty())
    errors.push_back(invalid("spec.selector", *selector, "empty selector is invalid for " + std::string(what)));
}

void validate_template(const json::Value& object, Errors& errors) {
  static const json::Value kNone = json::Object();
  const auto* pod_template = json::find(object, {"spec", "template"});
  if (pod_template == nullptr) pod_template = &kNone;
  const auto* selector = json::find(object, {"spec", "selector"});
  const auto* labels = json::find(*pod_template, {"metadata", "labels"});
  if (selector != nullptr && !LabelSelector::from_json(selector).empty() &&
      !LabelSelector::from_json(selector).matches(labels_of(labels)))
    errors.push_back(invalid("spec.template.metadata.labels", labels != nullptr ? *labels : json::Value(nullptr),
                             "`selector` does not match template `labels`"));
  validate_pod_template(*pod_template, "spec.template", errors);
  const auto policy = json::string_at(*pod_template, {"spec", "restartPolicy"});
  if (is_one_of(policy, {"OnFailure", "Never"}))
    errors.push_back(not_supported("spec.template.spec.restartPolicy", json::String(policy), {"Always"}));
  if (json::find(*pod_template, {"spec", "activeDeadlineSeconds"}) != nullptr)
    errors.push_back(
        forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported"));
}

void check_selector_unchanged(const json::Value& object, const json::Value* old, Errors& errors) {
  if (old == nullptr) return;
  const auto* now = json::find(object, {"spec", "selector"});
  const auto* before = json::find(*old, {"spec", "selector"});
  if (now != nullptr && before != nullptr && *now != *before)
    errors.push_back(invalid("spec.selector", *now, "field is immutable"));
}

// A number >= 0 or a percentage; false when it is neither.
bool check_int_or_percent(const json::Value* value, const std::string& path, Errors& errors) {
  if (value == nullptr) return false;
  if (value->is_int64()) {
    if (value->get_int64() >= 0) return true;
    errors.push_back(invalid(path, *value, "must be greater than or equal to 0"));
    return false;
  }
  const std::string_view text = text_of(*value);
  const bool is_percent =
      text.size() > 1 && text.back() == '%' && text.find_first_not_of("0123456789") == text.size() - 1;
  if (!is_percent)
    errors.push_back(invalid(path, *value,
                             "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  "
                             "or '93%', regex used for validation is '[0-9]+%')"));
  return is_percent;
}

bool is_zero(const json::Value& value) {
  return (value.is_int64() && value.get_int64() == 0) || text_of(value) == "0%";
}

void validate_strategy(const json::Value& object, Errors& errors) {
  const auto type = json::string_at(object, {"spec", "strategy", "type"});
  const auto* rolling = json::find(object, {"spec", "strategy", "rollingUpdate"});
  if (type == "Recreate") {
    if (rolling != nullptr)
      errors.push_back(
          forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"));
    return;
  }
  if (type != "RollingUpdate") {
    errors.push_back(not_supported("spec.strategy.type", json::String(type), {"Recreate", "RollingUpdate"}));
    return;
  }
  if (rolling == nullptr) {
    errors.push_back(required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil"));
    return;
  }
  const auto* unavailable = json::find(*rolling, {"maxUnavailable"});
  const auto* surge = json::find(*rolling, {"maxSurge"});
  const bool has_unavailable = check_int_or_percent(unavailable, "spec.strategy.rollingUpdate.maxUnavailable", errors);
  const bool has_surge = check_int_or_percent(surge, "spec.strategy.rollingUpdate.maxSurge", errors);
  if (has_unavailable && has_surge && is_zero(*unavailable) && is_zero(*surge))
    errors.push_back(
        invalid("spec.strategy.rollingUpdate.maxUnavailable", *unavailable, "may not be 0 when `maxSurge` is 0"));
  if (has_unavailable && unavailable->is_string() && text_of(*unavailable).size() >= 4 &&
      text_of(*unavailable) != "100%")
    errors.push_back(
        invalid("spec.strategy.rollingUpdate.maxUnavailable", *unavailable, "must not be greater than 100%"));
}

void validate_deployment(const json::Value& object, const json::Value* old, Errors& errors) {
  static const json::Value kNone = json::Object();
  const auto* spec = json::find(object, {"spec"});
  if (spec == nullptr) spec = &kNone;
  check_not_negative(*spec, "replicas", "spec.replicas", errors);
  validate_selector(object, "deployment", errors);
  validate_template(object, errors);
  validate_strategy(object, errors);
  check_not_negative(*spec, "minReadySeconds", "spec.minReadySeconds", errors);
  check_not_negative(*spec, "revisionHistoryLimit", "spec.revisionHistoryLimit", errors);
  check_not_negative(*spec, "progressDeadlineSeconds", "spec.progressDeadlineSeconds", errors);
  if (const auto* deadline = json::find(*spec, {"progressDeadlineSeconds"});
      deadline != nullptr &&
      json::int_at(*spec, {"progressDeadlineSeconds"}) <= json::int_at(*spec, {"minReadySeconds"}))
    errors.push_back(invalid("spec.progressDeadlineSeconds", *deadline, "must be greater than minReadySeconds"));
  check_selector_unchanged(object, old, errors);
}

void validate_replica_set(const json::Value& object, const json::Value* old, Errors& errors) {
  static const json::Value kNone = json::Object();
  const auto* spec = json::find(object, {"spec"});
  if (spec == nullptr) spec = &kNone;
  check_not_negative(*spec, "replicas", "spec.replicas", errors);
  check_not_negative(*spec, "minReadySeconds", "spec.minReadySeconds", errors);
  validate_selector(object, "deployment", errors);  // the real server says "deployment" here too
  validate_template(object, errors);
  check_selector_unchanged(object, old, errors);
}

}  // namespace

Kind deployment_kind() {
  Kind kind = stored_kind("apps", "Deployment", "deployments");
  kind.short_names = {"deploy"};
  kind.categories = {"all"};
  kind.has_status = kind.has_scale = kind.has_generation = true;
  kind.annotations_bump_generation = true;
  kind.schema = &apps::kDeployment;
  kind.validate = validate_deployment;
  kind.columns.push_back({.name = "Ready", .format = {}, .description = "Pods that are ready, out of those wanted."});
  kind.columns.push_back({.name = "Up-to-date", .format = {}, .description = "Pods made from the current template."});
  kind.columns.push_back(
      {.name = "Available", .format = {}, .description = "Pods that have been ready for minReadySeconds."});
  add_pod_columns(kind);
  kind.cells = deployment_cells;
  return kind;
}

Kind replica_set_kind() {
  Kind kind = stored_kind("apps", "ReplicaSet", "replicasets");
  kind.short_names = {"rs"};
  kind.categories = {"all"};
  kind.has_status = kind.has_scale = kind.has_generation = true;
  kind.schema = &apps::kReplicaSet;
  kind.validate = validate_replica_set;
  kind.columns.push_back({.name = "Desired", .type = "integer", .format = {}, .description = "Pods wanted."});
  kind.columns.push_back({.name = "Current", .type = "integer", .format = {}, .description = "Pods that exist."});
  kind.columns.push_back({.name = "Ready", .type = "integer", .format = {}, .description = "Pods that are ready."});
  add_pod_columns(kind);
  kind.cells = replica_set_cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
