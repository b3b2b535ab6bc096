#include "orchestrator/client/rest.h"

#include "base/strings.h"
#include "orchestrator/api/errors.h"

namespace appliance::orchestrator::client {
namespace {

std::string query_of(const WriteOptions& options) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    out += out.empty() ? '?' : '&';
    out.append(name).append("=").append(base::percent_encode(value));
  };
  if (!options.field_manager.empty()) add("fieldManager", options.field_manager);
  if (options.dry_run) add("dryRun", "All");
  return out;
}

std::string_view content_type_of(PatchType type) {
  switch (type) {
    case PatchType::kJson:
      return "application/json-patch+json";
    case PatchType::kMerge:
      return "application/merge-patch+json";
    case PatchType::kStrategicMerge:
      return "application/strategic-merge-patch+json";
  }
  return "";
}

json::Value delete_body(const DeleteOptions& options) {
  json::Object out{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
  if (options.grace_seconds) out["gracePeriodSeconds"] = *options.grace_seconds;
  if (!options.propagation.empty()) out["propagationPolicy"] = options.propagation;
  json::Object preconditions;
  if (!options.uid.empty()) preconditions["uid"] = options.uid;
  if (!options.resource_version.empty()) preconditions["resourceVersion"] = options.resource_version;
  if (!preconditions.empty()) out["preconditions"] = std::move(preconditions);
  return out;
}

// kind and apiVersion may be left out of what this process writes: the resource says them.
json::Value with_kind(std::string_view resource, const json::Value& object) {
  static const auto kinds = api::builtin_kinds();
  const api::Kind* kind = kinds->by_resource(resource);
  if (kind == nullptr || !object.is_object() ||
      (object.as_object().contains("kind") && object.as_object().contains("apiVersion")))
    return object;
  json::Value out = object;
  out.as_object()["kind"] = kind->kind;
  out.as_object()["apiVersion"] = kind->api_version();
  return out;
}

}  // namespace

std::string collection_path(const api::Kind& kind, std::string_view ns) {
  std::string out = kind.group.empty() ? "/api/" + kind.version : "/apis/" + kind.group + '/' + kind.version;
  if (kind.namespaced && !ns.empty()) out += "/namespaces/" + base::percent_encode(ns);
  return out + '/' + kind.plural;
}

Result<std::string> resource_path(std::string_view resource, std::string_view ns, std::string_view name,
                                  std::string_view subresource) {
  static const auto kinds = api::builtin_kinds();  // immutable; custom resources will come with discovery
  const api::Kind* kind = kinds->by_resource(resource);
  if (kind == nullptr) return fail(Code::kInvalidArgument, "no such resource: " + std::string(resource));
  std::string out = collection_path(*kind, ns);
  if (!name.empty()) out += '/' + base::percent_encode(name);
  if (!subresource.empty()) out += '/' + std::string(subresource);
  return out;
}

Error error_of(const RestAnswer& answer) {
  Error out;
  const auto status = json::parse(answer.body);
  const bool is_status = status && json::string_at(*status, {"kind"}) == "Status";
  const std::string_view reason = is_status ? json::string_at(*status, {"reason"}) : std::string_view{};
  out.code = api::code_of_status(answer.status, reason);
  out.message = is_status ? std::string(json::string_at(*status, {"message"}))
                          : "HTTP " + std::to_string(answer.status) + ": " + answer.body.substr(0, 200);
  return out;
}

Result<json::Value> RestClient::exchange(RestRequest request) {
  const std::string what = request.method + ' ' + request.path;
  RestAnswer answer = TRY_CTX(transport_->send(std::move(request)), what);
  if (answer.status > 399) return fail(error_of(answer));
  return TRY_CTX(json::parse(answer.body, {.depth_max = 64, .bytes_max = 256U << 20U}), what);
}

Result<json::Value> RestClient::get(std::string_view resource, const ObjectKey& key) {
  return exchange(
      {.method = "GET", .path = TRY(resource_path(resource, key.ns, key.name, "")), .content_type = {}, .body = {}});
}

Result<json::Value> RestClient::list(std::string_view resource, std::string_view ns, const ListOptions& options) {
  std::string path = TRY(resource_path(resource, ns, "", ""));
  path += "?labelSelector=" + base::percent_encode(options.label_selector) +
          "&fieldSelector=" + base::percent_encode(options.field_selector);
  return exchange({.method = "GET", .path = std::move(path), .content_type = {}, .body = {}});
}

Result<json::Value> RestClient::create(std::string_view resource, std::string_view ns, const json::Value& object,
                                       const WriteOptions& options) {
  // A subresource that is created (binding, eviction, token) stands below the object that the body names.
  const std::string name(options.subresource.empty() ? std::string_view{}
                                                     : json::string_at(object, {"metadata", "name"}));
  const std::string path = TRY(resource_path(resource, ns, name, options.subresource)) + query_of(options);
  const json::Value body = options.subresource.empty() ? with_kind(resource, object) : object;
  return exchange({.method = "POST", .path = path, .content_type = "application/json", .body = json::serialize(body)});
}

Result<json::Value> RestClient::update(std::string_view resource, const ObjectKey& key, const json::Value& object,
                                       const WriteOptions& options) {
  const std::string path = TRY(resource_path(resource, key.ns, key.name, options.subresource)) + query_of(options);
  const json::Value body = options.subresource == "scale" ? object : with_kind(resource, object);
  return exchange({.method = "PUT", .path = path, .content_type = "application/json", .body = json::serialize(body)});
}

Result<json::Value> RestClient::patch(std::string_view resource, const ObjectKey& key, PatchType type,
                                      const json::Value& patch, const WriteOptions& options) {
  const std::string path = TRY(resource_path(resource, key.ns, key.name, options.subresource)) + query_of(options);
  return exchange({.method = "PATCH",
                   .path = path,
                   .content_type = std::string(content_type_of(type)),
                   .body = json::serialize(patch)});
}

Result<> RestClient::remove(std::string_view resource, const ObjectKey& key, const DeleteOptions& options) {
  const std::string path = TRY(resource_path(resource, key.ns, key.name, ""));
  TRY(exchange({.method = "DELETE",
                .path = path,
                .content_type = "application/json",
                .body = json::serialize(delete_body(options))}));
  return {};
}

}  // namespace appliance::orchestrator::client
