// Namespace, ConfigMap, Secret, ServiceAccount (core/v1).
#include "base/strings.h"
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

constexpr size_t kDataBytesMax = 1U << 20U;  // of a ConfigMap or Secret; the real server's limit

const Column kAge = {.name = "Age", .format = {}, .description = "Time since the object was created."};

// ---- Namespace

json::Array namespace_cells(const json::Value& object, int64_t now_seconds) {
  return {name_cell(object), cell(json::string_at(object, {"status", "phase"})), age_cell(object, now_seconds)};
}

void prepare_namespace(json::Value& object, const json::Value* old) {
  auto& labels = json::ensure(object, {"metadata", "labels"});
  if (!labels.is_object()) labels.emplace_object();
  labels.get_object()["kubernetes.io/metadata.name"] = json::String(json::string_at(object, {"metadata", "name"}));
  auto& spec = json::ensure(object, {"spec"});
  if (!spec.is_object()) spec.emplace_object();
  if (old != nullptr) {  // finalizers change through /finalize only
    const auto* before = json::find(*old, {"spec", "finalizers"});
    if (before != nullptr) {
      spec.get_object()["finalizers"] = *before;
    } else {
      spec.get_object().stable_erase("finalizers");
    }
    return;
  }
  auto& finalizers = spec.get_object()["finalizers"];
  if (!finalizers.is_array()) finalizers.emplace_array();
  bool has_ours = false;
  for (const auto& one : finalizers.get_array()) has_ours = has_ours || text_of(one) == "kubernetes";
  if (!has_ours) finalizers.get_array().emplace_back("kubernetes");
  object.get_object()["status"] = json::Object{{"phase", "Active"}};
}

// ---- ConfigMap and Secret

size_t check_keys(const json::Value& object, std::string_view field, Errors& errors) {
  size_t bytes = 0;
  for (const auto& one : json::object_at(object, {field})) {
    const std::string_view key = {one.key().data(), one.key().size()};
    add_invalid(errors, std::string(field) + '[' + std::string(key) + ']', key, check_config_key(key));
    bytes += text_of(one.value()).size();
  }
  return bytes;
}

void check_size(size_t bytes, const std::string& field, Errors& errors) {
  if (bytes <= kDataBytesMax) return;
  errors.push_back({.type = FieldError::Type::kTooLong,
                    .field = field,
                    .value = {},
                    .detail = "may not be more than " + std::to_string(kDataBytesMax) + " bytes"});
}

void check_immutable(const json::Value& object, const json::Value* old, std::initializer_list<std::string_view> fields,
                     Errors& errors) {
  if (old == nullptr || !json::bool_at(*old, {"immutable"})) return;
  constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
  if (!json::bool_at(object, {"immutable"})) errors.push_back(forbidden("immutable", std::string(kWhy)));
  for (const auto field : fields)
    if (json::object_at(object, {field}) != json::object_at(*old, {field}))
      errors.push_back(forbidden(std::string(field), std::string(kWhy)));
}

void validate_config_map(const json::Value& object, const json::Value* old, Errors& errors) {
  size_t bytes = check_keys(object, "data", errors);
  for (const auto& one : json::object_at(object, {"binaryData"})) {
    if (json::object_at(object, {"data"}).if_contains(one.key()) != nullptr)
      errors.push_back(invalid("data[" + std::string(one.key()) + ']', json::String(one.key()),
                               "duplicate of key present in binaryData"));
  }
  bytes += check_keys(object, "binaryData", errors) / 4 * 3;
  check_size(bytes, "", errors);
  check_immutable(object, old, {"data", "binaryData"}, errors);
}

json::Array config_map_cells(const json::Value& object, int64_t now_seconds) {
  const auto count = json::object_at(object, {"data"}).size() + json::object_at(object, {"binaryData"}).size();
  return {name_cell(object), static_cast<int64_t>(count), age_cell(object, now_seconds)};
}

void prepare_secret(json::Value& object, const json::Value* /*old*/) {
  const auto* plain = json::find(object, {"stringData"});
  if (plain == nullptr) return;
  const json::Value copy = *plain;
  object.get_object().stable_erase("stringData");
  if (!copy.is_object() || copy.get_object().empty()) return;
  auto& data = json::ensure(object, {"data"});
  if (!data.is_object()) data.emplace_object();
  for (const auto& one : copy.get_object()) data.get_object()[one.key()] = base::base64(text_of(one.value()));
}

void require_key(const json::Value& object, std::string_view key, Errors& errors) {
  const auto* value = json::object_at(object, {"data"}).if_contains(key);
  if (value == nullptr) errors.push_back(required("data[" + std::string(key) + ']'));
}

void require_json(const json::Value& object, std::string_view key, Errors& errors) {
  const auto* value = json::object_at(object, {"data"}).if_contains(key);
  if (value == nullptr) return;
  const auto bytes = base::unbase64(text_of(*value));
  auto parsed = json::parse(bytes.value_or(""));
  if (!parsed)
    errors.push_back(invalid("data[" + std::string(key) + ']', "<secret contents redacted>", parsed.error().message));
}

void validate_secret(const json::Value& object, const json::Value* old, Errors& errors) {
  const auto type = json::string_at(object, {"type"});
  check_size(check_keys(object, "data", errors) / 4 * 3, "data", errors);
  if (type == "kubernetes.io/tls") {
    require_key(object, "tls.crt", errors);
    require_key(object, "tls.key", errors);
  } else if (type == "kubernetes.io/dockerconfigjson") {
    require_key(object, ".dockerconfigjson", errors);
    require_json(object, ".dockerconfigjson", errors);
  } else if (type == "kubernetes.io/dockercfg") {
    require_key(object, ".dockercfg", errors);
    require_json(object, ".dockercfg", errors);
  } else if (type == "kubernetes.io/ssh-auth") {
    require_key(object, "ssh-privatekey", errors);
  } else if (type == "kubernetes.io/basic-auth") {
    const auto& data = json::object_at(object, {"data"});
    if (data.if_contains("username") == nullptr && data.if_contains("password") == nullptr) {
      errors.push_back(required("data[username]"));
      errors.push_back(required("data[password]"));
    }
  } else if (type == "kubernetes.io/service-account-token") {
    if (json::string_at(object, {"metadata", "annotations", "kubernetes.io/service-account.name"}).empty())
      errors.push_back(required("metadata.annotations[kubernetes.io/service-account.name]"));
  }
  if (old != nullptr && type != json::string_at(*old, {"type"}))
    errors.push_back(invalid("type", json::String(type), "field is immutable"));
  check_immutable(object, old, {"data"}, errors);
}

json::Array secret_cells(const json::Value& object, int64_t now_seconds) {
  return {name_cell(object), cell(json::string_at(object, {"type"})),
          static_cast<int64_t>(json::object_at(object, {"data"}).size()), age_cell(object, now_seconds)};
}

// ---- ServiceAccount

json::Array service_account_cells(const json::Value& object, int64_t now_seconds) {
  return {name_cell(object), static_cast<int64_t>(json::array_at(object, {"secrets"}).size()),
          age_cell(object, now_seconds)};
}

}  // namespace

Kind namespace_kind() {
  Kind kind = stored_kind("", "Namespace", "namespaces");
  kind.short_names = {"ns"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.unconditional_update = false;
  kind.verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
  kind.schema = &core::kNamespace;
  kind.prepare = prepare_namespace;
  kind.check_name = check_dns_label;
  kind.columns.push_back(
      {.name = "Status", .format = {}, .description = "Active, or Terminating while its contents are deleted."});
  kind.columns.push_back(kAge);
  kind.cells = namespace_cells;
  return kind;
}

Kind config_map_kind() {
  Kind kind = stored_kind("", "ConfigMap", "configmaps");
  kind.short_names = {"cm"};
  kind.schema = &core::kConfigMap;
  kind.validate = validate_config_map;
  kind.columns.push_back({.name = "Data", .type = "integer", .format = {}, .description = "Number of keys."});
  kind.columns.push_back(kAge);
  kind.cells = config_map_cells;
  return kind;
}

Kind secret_kind() {
  Kind kind = stored_kind("", "Secret", "secrets");
  kind.schema = &core::kSecret;
  kind.prepare = prepare_secret;
  kind.validate = validate_secret;
  kind.columns.push_back({.name = "Type", .format = {}, .description = "What the keys mean."});
  kind.columns.push_back({.name = "Data", .type = "integer", .format = {}, .description = "Number of keys."});
  kind.columns.push_back(kAge);
  kind.cells = secret_cells;
  return kind;
}

Kind service_account_kind() {
  Kind kind = stored_kind("", "ServiceAccount", "serviceaccounts");
  kind.short_names = {"sa"};
  kind.unconditional_update = false;
  kind.schema = &core::kServiceAccount;
  kind.columns.push_back(
      {.name = "Secrets", .type = "integer", .format = {}, .description = "Number of secrets that belong to it."});
  kind.columns.push_back(kAge);
  kind.cells = service_account_cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
