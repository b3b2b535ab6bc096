#include "orchestrator/api/engine.h"

#include "base/check.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

// Metadata that only the server writes: dropped on create, kept from the old object on update.
constexpr std::string_view kServerOwned[] = {
    "uid",        "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
    "generation", "resourceVersion",   "managedFields",     "selfLink"};

json::Object& metadata_of(json::Value& object) {
  auto& metadata = json::ensure(object, {"metadata"});
  if (!metadata.is_object()) metadata.emplace_object();
  return metadata.get_object();
}

void keep(json::Object& to, std::string_view key, const json::Object& from) {
  if (const auto* value = from.if_contains(key); value != nullptr) {
    to[key] = *value;
  } else {
    to.stable_erase(key);
  }
}

void keep_server_owned(json::Value& object, const json::Value& old) {
  auto& metadata = metadata_of(object);
  const auto& old_metadata = json::object_at(old, {"metadata"});
  for (const auto key : kServerOwned) keep(metadata, key, old_metadata);
}

void bump_generation(const Kind& kind, json::Value& object, const json::Value& old) {
  if (!kind.has_generation) return;
  const auto same = [&](json::Path path) {
    const auto* now = json::find(object, path);
    const auto* before = json::find(old, path);
    if (now == nullptr || before == nullptr) return now == before;
    return *now == *before;
  };
  bool is_changed = !same({"spec"});
  if (kind.annotations_bump_generation) is_changed = is_changed || !same({"metadata", "annotations"});
  if (is_changed) metadata_of(object)["generation"] = json::int_at(old, {"metadata", "generation"}) + 1;
}

Kind small_kind(std::string group, std::string name, std::string plural, const Schema& schema) {
  Kind kind;
  kind.group = std::move(group);
  kind.version = "v1";
  kind.kind = std::move(name);
  kind.plural = std::move(plural);
  kind.stored = false;
  kind.schema = &schema;
  return kind;
}

// Everything but status of an update through /status is the old object's; labels, annotations and finalizers may
// change.
void keep_all_but_status(json::Value& object, const json::Value& old) {
  json::Value merged = old;
  const auto* status = json::find(object, {"status"});
  if (status != nullptr) {
    merged.get_object()["status"] = *status;
  } else {
    merged.get_object().stable_erase("status");
  }
  auto& metadata = metadata_of(merged);
  const auto& wanted = json::object_at(object, {"metadata"});
  for (const auto* key : {"labels", "annotations", "finalizers"}) keep(metadata, key, wanted);
  object = std::move(merged);
}

bool name_of_url(const json::Value& object, std::string_view key, std::string_view wanted) {
  const std::string_view given = json::string_at(object, {"metadata", key});
  return given.empty() || given == wanted;
}

}  // namespace

void prepare_create(const Kind& kind, json::Value& object) {
  if (!object.is_object()) object.emplace_object();
  if (kind.has_status) object.get_object().stable_erase("status");  // before any reference: members move
  auto& metadata = metadata_of(object);
  for (const auto key : kServerOwned) metadata.stable_erase(key);
  if (kind.has_generation) metadata["generation"] = 1;
  set_defaults(kind, object);
  if (kind.prepare != nullptr) kind.prepare(object, nullptr);
}

void prepare_update(const Kind& kind, json::Value& object, const json::Value& old, std::string_view subresource) {
  APP_CHECK(old.is_object());
  if (!object.is_object()) object.emplace_object();
  keep_server_owned(object, old);
  if (subresource == "status") {
    keep_all_but_status(object, old);
    set_defaults(kind, object);
    return;
  }
  if (subresource.empty() && kind.has_status) keep(object.get_object(), "status", old.get_object());
  set_defaults(kind, object);
  if (subresource.empty() && kind.prepare != nullptr)
    kind.prepare(object, &old);  // /finalize changes what prepare keeps
  bump_generation(kind, object, old);
}

ApiResult<void> check_url(const Kind& kind, json::Value& object, std::string_view url_namespace,
                          std::string_view url_name) {
  auto& metadata = metadata_of(object);
  if (!url_name.empty() && !name_of_url(object, "name", url_name))
    return std::unexpected(bad_request("the name of the object (" +
                                       std::string(json::string_at(object, {"metadata", "name"})) +
                                       ") does not match the name on the URL (" + std::string(url_name) + ")"));
  if (!url_name.empty() && json::string_at(object, {"metadata", "name"}).empty())
    metadata["name"] = json::String(url_name);
  if (!kind.namespaced) return {};
  if (!name_of_url(object, "namespace", url_namespace))
    return std::unexpected(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  metadata["namespace"] = json::String(url_namespace);
  return {};
}

const Kind& scale_kind() {
  static const Kind kKind = small_kind("autoscaling", "Scale", "scales", autoscaling::kScale);
  return kKind;
}
const Kind& binding_kind() {
  static const Kind kKind = small_kind("", "Binding", "bindings", core::kBinding);
  return kKind;
}
const Kind& eviction_kind() {
  static const Kind kKind = small_kind("policy", "Eviction", "evictions", policy::kEviction);
  return kKind;
}
const Kind& delete_options_kind() {
  static const Kind kKind = small_kind("", "DeleteOptions", "deleteoptions", meta::kDeleteOptions);
  return kKind;
}
const Kind& token_request_kind() {
  static const Kind kKind =
      small_kind("authentication.k8s.io", "TokenRequest", "tokenrequests", authentication::kTokenRequest);
  return kKind;
}

std::string generated_name(std::string_view base, const unsigned char (&randomness)[5]) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";  // no vowels: no words
  constexpr size_t kBaseMax = 58;                                        // 63 with the suffix
  std::string out(base.substr(0, kBaseMax));
  for (const unsigned char byte : randomness) out += kAlphabet[byte % kAlphabet.size()];
  return out;
}

}  // namespace appliance::orchestrator::api
