// validate(): metadata first, then the kind's own rules, then the enumerations of the schema that nobody reported yet.
#include <algorithm>
#include <unordered_set>

#include "orchestrator/api/engine.h"
#include "orchestrator/api/names.h"

namespace appliance::orchestrator::api {
namespace {

constexpr size_t kAnnotationsBytesMax = 256U << 10U;  // the real server's limit, keys and values together
using Errors = std::vector<FieldError>;
using Fields = std::unordered_set<std::string>;  // that rules have reported

std::string_view view(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string().data(), value.get_string().size())
                           : std::string_view();
}

void check_name(const Kind& kind, Errors& errors, const json::Value& object) {
  const NameCheck check = kind.check_name != nullptr ? kind.check_name : check_dns_subdomain;
  const std::string_view base = json::string_at(object, {"metadata", "generateName"});
  if (!base.empty()) {
    // A trailing dash is fine: characters follow.
    std::string_view stem = base;
    if (stem.size() > 1 && stem.ends_with('-')) stem.remove_suffix(1);
    add_invalid(errors, "metadata.generateName", base, check(stem));
  }
  const std::string_view name = json::string_at(object, {"metadata", "name"});
  if (name.empty()) {
    errors.push_back(required("metadata.name", "name or generateName is required"));
  } else {
    add_invalid(errors, "metadata.name", name, check(name));
  }
}

void check_namespace(const Kind& kind, Errors& errors, const json::Value& object) {
  const std::string_view ns = json::string_at(object, {"metadata", "namespace"});
  if (!kind.namespaced) {
    if (!ns.empty()) errors.push_back(forbidden("metadata.namespace", "not allowed on this type"));
  } else if (ns.empty()) {
    errors.push_back(required("metadata.namespace"));
  } else {
    add_invalid(errors, "metadata.namespace", ns, check_dns_label(ns));
  }
}

void check_annotations(Errors& errors, const json::Value& object) {
  size_t bytes = 0;
  for (const auto& one : json::object_at(object, {"metadata", "annotations"})) {
    const std::string_view key = {one.key().data(), one.key().size()};
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    add_invalid(errors, "metadata.annotations", key, check_qualified_name(lower));
    bytes += key.size() + view(one.value()).size();
  }
  if (bytes > kAnnotationsBytesMax)
    errors.push_back({.type = FieldError::Type::kTooLong,
                      .field = "metadata.annotations",
                      .value = {},
                      .detail = "may not be more than " + std::to_string(kAnnotationsBytesMax) + " bytes"});
}

void check_owners(Errors& errors, const json::Value& object) {
  const auto& owners = json::array_at(object, {"metadata", "ownerReferences"});
  std::string_view controller;
  for (size_t i = 0; i < owners.size(); ++i) {
    const std::string at = "metadata.ownerReferences[" + std::to_string(i) + ']';
    if (const auto version = json::string_at(owners[i], {"apiVersion"}); version.empty())
      errors.push_back(invalid(at + ".apiVersion", "", "version must not be empty"));
    for (const auto* key : {"kind", "name", "uid"})
      if (json::string_at(owners[i], {key}).empty())
        errors.push_back(invalid(at + '.' + key, "", std::string(key) + " must not be empty"));
    if (!json::bool_at(owners[i], {"controller"})) continue;
    const std::string_view name = json::string_at(owners[i], {"name"});
    if (!controller.empty())
      errors.push_back(invalid("metadata.ownerReferences", owners,
                               "Only one reference can have Controller set to true. Found \"true\" in references for " +
                                   std::string(controller) + " and " + std::string(name)));
    controller = name;
  }
}

void check_finalizers(Errors& errors, const json::Value& object, const json::Value* old) {
  const auto& finalizers = json::array_at(object, {"metadata", "finalizers"});
  bool has_orphan = false;
  bool has_foreground = false;
  for (const auto& one : finalizers) {
    const std::string_view name = view(one);
    for (const auto& why : check_qualified_name(name))
      errors.push_back(invalid("metadata.finalizers", json::String(name), why));
    has_orphan = has_orphan || name == "orphan";
    has_foreground = has_foreground || name == "foregroundDeletion";
  }
  if (has_orphan && has_foreground)
    errors.push_back(
        invalid("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  if (old == nullptr || json::find(*old, {"metadata", "deletionTimestamp"}) == nullptr) return;
  const auto& before = json::array_at(*old, {"metadata", "finalizers"});
  std::string added;
  for (const auto& one : finalizers) {
    if (std::find(before.begin(), before.end(), one) != before.end()) continue;
    added += (added.empty() ? "" : ", ") + json::serialize(one);
  }
  if (!added.empty())
    errors.push_back(forbidden(
        "metadata.finalizers",
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{" + added + "}"));
}

void check_immutable_metadata(Errors& errors, const json::Value& object, const json::Value& old) {
  for (const auto* key : {"name", "namespace", "uid", "creationTimestamp"}) {
    const auto* now = json::find(object, {"metadata", key});
    const auto* before = json::find(old, {"metadata", key});
    const bool is_same = now == nullptr || before == nullptr ? now == before : *now == *before;
    if (!is_same)
      errors.push_back(
          invalid(std::string("metadata.") + key, now == nullptr ? json::Value("") : *now, "field is immutable"));
  }
}

// "TCP|UDP" -> list; an empty string counts as unset.
void check_enums(Errors& errors, const Fields& reported, const Schema& schema, const json::Object& object,
                 const std::string& path, bool is_root);

void check_enum_value(Errors& errors, const Fields& reported, const Field& field, const json::Value& value,
                      const std::string& path) {
  const std::string_view text = view(value);
  if (text.empty()) return;
  std::vector<std::string> supported;
  std::string_view rest = field.values;
  while (true) {
    const size_t bar = rest.find('|');
    const std::string_view one = rest.substr(0, bar);
    if (one == text) return;
    if (!one.empty()) supported.emplace_back(one);
    if (bar == std::string_view::npos) break;
    rest.remove_prefix(bar + 1);
  }
  if (!reported.contains(path)) errors.push_back(not_supported(path, value, std::move(supported)));
}

void check_enum_field(Errors& errors, const Fields& reported, const Field& field, const json::Value& value,
                      const std::string& path) {
  const auto one = [&](const json::Value& element, const std::string& at) {
    if (field.type == Type::kObject && element.is_object())
      check_enums(errors, reported, *field.ref, element.get_object(), at, false);
    if (field.type == Type::kString && !field.values.empty()) check_enum_value(errors, reported, field, element, at);
  };
  if (field.shape == Shape::kOne) one(value, path);
  if (field.shape == Shape::kList && value.is_array())
    for (size_t i = 0; i < value.get_array().size(); ++i)
      one(value.get_array()[i], path + '[' + std::to_string(i) + ']');
  if (field.shape == Shape::kMap && value.is_object())
    for (const auto& member : value.get_object()) one(member.value(), path + '.' + std::string(member.key()));
}

void check_enums(Errors& errors, const Fields& reported, const Schema& schema, const json::Object& object,
                 const std::string& path, bool is_root) {
  for (const auto& member : object) {
    const std::string_view key = {member.key().data(), member.key().size()};
    if (is_root && (key == "status" || key == "metadata")) continue;  // status is written by components of the cluster
    const Field* field = find_field(schema, key);
    if (field == nullptr) continue;
    check_enum_field(errors, reported, *field, member.value(),
                     path.empty() ? std::string(key) : path + '.' + std::string(key));
  }
}

}  // namespace

std::vector<FieldError> validate(const Kind& kind, const json::Value& object, const json::Value* old) {
  return validate(kind, object, old, {});
}

std::vector<FieldError> validate(const Kind& kind, const json::Value& object, const json::Value* old,
                                 std::string_view subresource) {
  Errors errors;
  if (kind.stored) {
    check_name(kind, errors, object);
    check_namespace(kind, errors, object);
    check_labels(errors, "metadata.labels", json::find(object, {"metadata", "labels"}));
    check_annotations(errors, object);
    check_owners(errors, object);
    check_finalizers(errors, object, old);
    if (old != nullptr) check_immutable_metadata(errors, object, *old);
  }
  const bool may_change_more =
      subresource == "ephemeralcontainers" || subresource == "resize" || subresource == "binding";
  if (kind.validate != nullptr) kind.validate(object, may_change_more ? nullptr : old, errors);
  Fields reported;
  for (const auto& error : errors) reported.insert(error.field);
  if (object.is_object()) check_enums(errors, reported, *kind.schema, object.get_object(), {}, true);
  return errors;
}

}  // namespace appliance::orchestrator::api
