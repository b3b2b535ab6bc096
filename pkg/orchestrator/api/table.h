// Tables: the human-readable answers of get and watch (meta.k8s.io/v1 Table), made by the server from each kind's
// columns and cells. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/api/errors.h"
#include "orchestrator/api/object.h"

namespace appliance::orchestrator::api {

enum class IncludeObject : unsigned char { kNone, kMetadata, kObject };
// "", "None", "Metadata", "Object"; "" is kMetadata. 400 on anything else.
ApiResult<IncludeObject> parse_include_object(std::string_view text);

struct TableOptions {
  IncludeObject include = IncludeObject::kMetadata;
  int64_t now_seconds = 0;    // Unix, for ages
  int64_t list_revision = 0;  // metadata.resourceVersion of the table; 0: none
  std::string continue_token;
  int64_t remaining_items = -1;     // < 0: absent
  bool has_columns = true;          // columnDefinitions; later events of a watch leave them out
  std::string_view version = "v1";  // of meta.k8s.io: "v1" or "v1beta1"
};

// The Table as JSON text.
std::string table_json(const Kind& kind, std::span<const Object* const> objects, const TableOptions& options);
std::string table_json(const Kind& kind, std::span<const Object* const> objects, IncludeObject include,
                       int64_t now_seconds, int64_t list_revision, std::string_view continue_token, bool has_columns);

// A table's parts, for who sends rows by another road: what columnDefinitions holds; an object's stored bytes as a tree
// (metadata, spec, status; no kind, apiVersion, resourceVersion), which lives no longer than `memory`; and its cells.
json::Array table_columns(const Kind& kind);
json::Value stored_document(const Object& object, boost::json::memory_resource* memory);
json::Array table_cells(const Kind& kind, const json::Value& document, int64_t now_seconds);

// PartialObjectMetadata of one object: {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{...}}.
std::string partial_object_json(const Object& object, std::string_view version = "v1");

}  // namespace appliance::orchestrator::api
