#include "orchestrator/api/openapi.h"

#include <map>
#include <set>

#include "base/strings.h"
#include "orchestrator/api/schema.h"

namespace appliance::orchestrator::api {
namespace {

using Set = std::set<const Schema*>;

std::string group_path(std::string_view group, std::string_view version) {
  return group.empty() ? "api/" + std::string(version) : "apis/" + std::string(group) + '/' + std::string(version);
}

json::Object reference(const Schema& schema) { return {{"$ref", "#/components/schemas/" + std::string(schema.id)}}; }

void collect(const Schema& schema, Set& seen) {
  if (!seen.insert(&schema).second) return;
  for (const auto& field : schema.fields) {
    if (field.ref == nullptr) continue;
    if (field.is_inline) {
      for (const auto& inner : field.ref->fields)
        if (inner.ref != nullptr) collect(*inner.ref, seen);
    } else {
      collect(*field.ref, seen);
    }
  }
}

// One value of the field, without list or map around it.
json::Object element_of(const Field& field) {
  switch (field.type) {
    case Type::kString:
      return {{"type", "string"}};
    case Type::kInt32:
      return {{"type", "integer"}, {"format", "int32"}};
    case Type::kInt64:
      return {{"type", "integer"}, {"format", "int64"}};
    case Type::kBool:
      return {{"type", "boolean"}};
    case Type::kDouble:
      return {{"type", "number"}, {"format", "double"}};
    case Type::kBytes:
      return {{"type", "string"}, {"format", "byte"}};
    case Type::kObject:
      return reference(*field.ref);
    case Type::kIntOrString:
      return {{"x-kubernetes-int-or-string", true},
              {"oneOf", json::Array{json::Object{{"type", "integer"}}, json::Object{{"type", "string"}}}},
              {"format", "int-or-string"}};
    case Type::kQuantity:
      return {{"type", "string"}};
    case Type::kTime:
    case Type::kMicroTime:
      return {{"type", "string"}, {"format", "date-time"}};
    case Type::kRaw:
      return {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    case Type::kStringList:
      return {{"type", "array"}, {"items", json::Object{{"type", "string"}}}};
  }
  return {};
}

void add_enum(json::Object& out, const Field& field) {
  if (field.values.empty()) return;
  json::Array values;
  for (const auto one : base::split(field.values, '|')) values.emplace_back(json::String(one));
  out["enum"] = std::move(values);
}

void add_default(json::Object& out, const Field& field) {
  if (field.default_json.empty()) return;
  if (auto value = json::parse(field.default_json)) out["default"] = std::move(*value);
}

void add_list_marks(json::Object& out, const Field& field) {
  if (field.is_marked_list) {
    out["x-kubernetes-list-type"] = field.list_type == ListType::kAtomic ? "atomic"
                                    : field.list_type == ListType::kSet  ? "set"
                                                                         : "map";
    if (!field.list_keys.empty()) {
      json::Array keys;
      for (const auto key : base::split(field.list_keys, ',')) keys.emplace_back(json::String(key));
      out["x-kubernetes-list-map-keys"] = std::move(keys);
    }
  }
  if (field.is_map_atomic) out["x-kubernetes-map-type"] = "atomic";
  switch (field.patch) {
    case PatchStrategy::kReplace:
      break;
    case PatchStrategy::kMerge:
      out["x-kubernetes-patch-strategy"] = "merge";
      break;
    case PatchStrategy::kRetainKeys:
      out["x-kubernetes-patch-strategy"] = "retainKeys";
      break;
    case PatchStrategy::kMergeRetainKeys:
      out["x-kubernetes-patch-strategy"] = "merge,retainKeys";
      break;
  }
  if (!field.merge_key.empty()) out["x-kubernetes-patch-merge-key"] = json::String(field.merge_key);
}

json::Object property_of(const Field& field) {
  json::Object out;
  if (!field.description.empty()) out["description"] = json::String(field.description);
  json::Object element = element_of(field);
  if (field.shape == Shape::kOne) {
    if (field.ref != nullptr) {
      out["allOf"] = json::Array{std::move(element)};  // a $ref may have no siblings
    } else {
      add_enum(element, field);
      for (auto& member : element) out[member.key()] = std::move(member.value());
    }
    add_default(out, field);
  } else if (field.shape == Shape::kList) {
    add_enum(element, field);
    out["type"] = "array";
    out["items"] = field.ref != nullptr
                       ? json::Object{{"allOf", json::Array{std::move(element)}}, {"default", json::Object()}}
                       : std::move(element);
  } else {
    out["type"] = "object";
    out["additionalProperties"] = std::move(element);
  }
  add_list_marks(out, field);
  return out;
}

void add_properties(const Schema& schema, json::Object& properties, json::Array& required) {
  for (const auto& field : schema.fields) {
    if (field.is_inline) {
      add_properties(*field.ref, properties, required);
      continue;
    }
    properties[field.name] = property_of(field);
    if (field.is_required) required.emplace_back(json::String(field.name));
  }
}

json::Object gvk_of(const Kind& kind, std::string_view name) {
  return {{"group", kind.group}, {"kind", json::String(name)}, {"version", kind.version}};
}

json::Object schema_of(const Schema& schema) {
  json::Object out;
  if (!schema.description.empty()) out["description"] = json::String(schema.description);
  out["type"] = "object";
  json::Object properties;
  json::Array required;
  add_properties(schema, properties, required);
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  if (schema.is_map_atomic) out["x-kubernetes-map-type"] = "atomic";
  return out;
}

std::string list_id(const Schema& schema) { return std::string(schema.id) + "List"; }

json::Object list_schema(const Kind& kind) {
  json::Object properties;
  properties["apiVersion"] = json::Object{{"type", "string"}, {"description", "Version of the schema of this object."}};
  properties["kind"] = json::Object{{"type", "string"}, {"description", "Kind of the resource, in CamelCase."}};
  properties["metadata"] =
      json::Object{{"type", "object"}, {"description", "Revision of the list and where it continues."}};
  properties["items"] =
      json::Object{{"type", "array"}, {"description", "The objects."}, {"items", reference(*kind.schema)}};
  return {{"description", "A list of " + kind.plural + '.'},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"required", json::Array{"items"}},
          {"x-kubernetes-group-version-kind", json::Array{gvk_of(kind, kind.list_kind())}}};
}

json::Object query(std::string_view name, std::string_view description, std::string_view type = "string") {
  return {{"name", json::String(name)},
          {"in", "query"},
          {"description", json::String(description)},
          {"schema", json::Object{{"type", json::String(type)}, {"uniqueItems", true}}}};
}

json::Object path_parameter(std::string_view name, std::string_view description) {
  return {{"name", json::String(name)},
          {"in", "path"},
          {"required", true},
          {"description", json::String(description)},
          {"schema", json::Object{{"type", "string"}, {"uniqueItems", true}}}};
}

json::Object content(const json::Object& schema, std::initializer_list<std::string_view> types) {
  json::Object out;
  for (const auto type : types) out[type] = json::Object{{"schema", schema}};
  return out;
}

json::Object responses(const json::Object& schema, std::initializer_list<std::string_view> codes) {
  json::Object out;
  for (const auto code : codes)
    out[code] = json::Object{{"description", code == "201" ? "Created" : "OK"},
                             {"content", content(schema, {"application/json", "application/yaml"})}};
  out["401"] = json::Object{{"description", "Unauthorized"}};
  return out;
}

json::Array write_parameters() {
  return {query("dryRun", "All: everything but storing is done."), query("fieldManager", "Who makes the change."),
          query("fieldValidation", "Ignore, Warn or Strict: what unknown and duplicate fields do.")};
}

json::Object operation(const Kind& kind, std::string_view action, std::string id, json::Array parameters,
                       json::Object answers) {
  const std::string tag =
      (kind.group.empty() ? "core" : kind.group.substr(0, kind.group.find('.'))) + '_' + kind.version;
  return {{"tags", json::Array{json::String(tag)}},      {"operationId", std::move(id) + kind.kind},
          {"parameters", std::move(parameters)},         {"responses", std::move(answers)},
          {"x-kubernetes-action", json::String(action)}, {"x-kubernetes-group-version-kind", gvk_of(kind, kind.kind)}};
}

json::Array list_parameters() {
  return {query("labelSelector", "Labels that objects must have."),
          query("fieldSelector", "Fields that objects must have."),
          query("limit", "Most objects in one answer.", "integer"),
          query("continue", "Where the last answer ended."),
          query("resourceVersion", "Revision to read at or after."),
          query("resourceVersionMatch", "How resourceVersion is meant."),
          query("timeoutSeconds", "When the server ends the call.", "integer"),
          query("watch", "Stream changes.", "boolean"),
          query("allowWatchBookmarks", "Send bookmarks in a watch.", "boolean")};
}

bool has_verb(const Kind& kind, std::string_view verb) {
  for (const auto& one : kind.verbs)
    if (one == verb) return true;
  return false;
}

json::Object with_body(json::Object op, const json::Object& schema, std::initializer_list<std::string_view> types) {
  op["requestBody"] = json::Object{{"required", true}, {"content", content(schema, types)}};
  return op;
}

void add_paths(const Kind& kind, json::Object& paths) {
  const std::string base = '/' + group_path(kind.group, kind.version) + '/' +
                           (kind.namespaced ? "namespaces/{namespace}/" : "") + kind.plural;
  const json::Object body = reference(*kind.schema);
  const json::Object list = {{"$ref", "#/components/schemas/" + list_id(*kind.schema)}};
  json::Array common;
  if (kind.namespaced) common.emplace_back(path_parameter("namespace", "Namespace of the objects."));
  json::Object collection;
  if (!common.empty()) collection["parameters"] = common;
  if (has_verb(kind, "list"))
    collection["get"] = operation(kind, "list", "list", list_parameters(), responses(list, {"200"}));
  if (has_verb(kind, "create"))
    collection["post"] = with_body(
        operation(kind, "post", "create", write_parameters(), responses(body, {"200", "201", "202"})), body, {"*/*"});
  if (has_verb(kind, "deletecollection"))
    collection["delete"] =
        operation(kind, "deletecollection", "deleteCollection", list_parameters(), responses(list, {"200"}));
  paths[base] = std::move(collection);
  if (!has_verb(kind, "get")) return;
  const auto one_path = [&](const std::string& suffix, const std::string& id) {
    json::Object item;
    common.emplace_back(path_parameter("name", "Name of the object."));
    item["parameters"] = common;
    common.pop_back();
    item["get"] = operation(kind, "get", "read" + id, {}, responses(body, {"200"}));
    item["put"] = with_body(operation(kind, "put", "replace" + id, write_parameters(), responses(body, {"200", "201"})),
                            body, {"*/*"});
    json::Array patch_parameters = write_parameters();
    patch_parameters.emplace_back(query("force", "Take over fields of other managers.", "boolean"));
    item["patch"] = with_body(
        operation(kind, "patch", "patch" + id, std::move(patch_parameters), responses(body, {"200", "201"})),
        json::Object{{"type", "object"}},
        {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"});
    if (suffix.empty())
      item["delete"] = operation(kind, "delete", "delete" + id, write_parameters(), responses(body, {"200", "202"}));
    paths[base + "/{name}" + suffix] = std::move(item);
  };
  one_path("", "");
  if (kind.has_status) one_path("/status", "Status");
  if (kind.kind == "CertificateSigningRequest") one_path("/approval", "Approval");
}

json::Object components(const std::vector<const Kind*>& kinds) {
  Set seen;
  for (const auto* kind : kinds) collect(*kind->schema, seen);
  std::map<std::string, json::Object> sorted;  // by name, so that the document and its hash are stable
  for (const auto* schema : seen) sorted.emplace(schema->id, schema_of(*schema));
  for (const auto* kind : kinds) {
    sorted[std::string(kind->schema->id)]["x-kubernetes-group-version-kind"] = json::Array{gvk_of(*kind, kind->kind)};
    if (has_verb(*kind, "list")) sorted.insert_or_assign(list_id(*kind->schema), list_schema(*kind));
  }
  json::Object out;
  for (auto& [name, schema] : sorted) out[name] = std::move(schema);
  return out;
}

}  // namespace

std::string openapi_v3_document(const KindTable& kinds, std::string_view group, std::string_view version) {
  std::vector<const Kind*> members;
  for (const auto& kind : kinds.all())
    if (kind.group == group && kind.version == version) members.push_back(&kind);
  if (members.empty()) return {};
  json::Object paths;
  for (const auto* kind : members) add_paths(*kind, paths);
  json::Object document;
  document["openapi"] = "3.0.0";
  document["info"] = json::Object{{"title", "appliance"}, {"version", "v1"}};
  document["paths"] = std::move(paths);
  document["components"] = json::Object{{"schemas", components(members)}};
  return json::serialize(document);
}

std::string openapi_v3_hash(std::string_view document) {
  // Not a secret and not an attacker's: two FNV sums over different views are enough to tell versions apart.
  std::string out;
  uint64_t second = 0x9E3779B97F4A7C15U;
  for (const char c : document)
    second = (second ^ static_cast<unsigned char>(c)) * 0x100000001B3U + 0x632BE59BD9B4E019U;
  for (const uint64_t half : {base::fnv1a64(document), second})
    for (int shift = 60; shift >= 0; shift -= 4)
      out += "0123456789ABCDEF"[(half >> static_cast<unsigned>(shift)) & 15U];
  return out;
}

std::string openapi_v3_index(const KindTable& kinds) {
  json::Object paths;
  for (const auto& kind : kinds.all()) {
    const std::string path = group_path(kind.group, kind.version);
    if (paths.if_contains(path) != nullptr) continue;
    const std::string hash = openapi_v3_hash(openapi_v3_document(kinds, kind.group, kind.version));
    paths[path] = json::Object{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hash}};
  }
  return json::serialize(json::Object{{"paths", std::move(paths)}});
}

}  // namespace appliance::orchestrator::api
