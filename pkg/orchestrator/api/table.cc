#include "orchestrator/api/table.h"

#include <vector>

#include "base/check.h"

namespace appliance::orchestrator::api {
namespace {

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

constexpr size_t kScratchBytes = 64U << 10U;  // one row's document: reused for each

json::Array default_cells(const json::Value& object) {
  return {json::String(json::string_at(object, {"metadata", "name"})),
          json::String(json::string_at(object, {"metadata", "creationTimestamp"}))};
}

// The text of `metadata` behind `{"metadata":{`, up to its closing brace; strings may hold braces.
std::string_view metadata_rest(const std::string& bytes) {
  const std::string_view rest = splice_rest(bytes);
  size_t depth = 1;
  bool is_string = false;
  for (size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (is_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        is_string = false;
      }
    } else if (c == '"') {
      is_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return rest.substr(0, i + 1);
    }
  }
  APP_CHECK_MSG(false, "stored bytes were checked by make_object()");
}

void append_object(std::string& out, const Object& object, const TableOptions& options) {
  switch (options.include) {
    case IncludeObject::kNone:
      out += "null";
      return;
    case IncludeObject::kMetadata:
      out += partial_object_json(object, options.version);
      return;
    case IncludeObject::kObject:
      out += splice_prefix(*object.kind, object.revision);
      out += splice_rest(*object.bytes);
      return;
  }
}

std::string list_metadata(const TableOptions& options) {
  json::Object out;
  if (options.list_revision > 0) out["resourceVersion"] = std::to_string(options.list_revision);
  if (!options.continue_token.empty()) out["continue"] = options.continue_token;
  if (options.remaining_items >= 0) out["remainingItemCount"] = options.remaining_items;
  return json::serialize(json::Value(std::move(out)));
}

}  // namespace

json::Array table_columns(const Kind& kind) {
  json::Array out;
  for (const auto& column : kind.columns)
    out.emplace_back(json::Object{{"name", column.name},
                                  {"type", column.type},
                                  {"format", column.format},
                                  {"description", column.description},
                                  {"priority", column.priority}});
  if (kind.cells == nullptr)
    out.emplace_back(json::Object{{"name", "Age"},
                                  {"type", "date"},
                                  {"format", ""},
                                  {"description", "Time since the object was created."},
                                  {"priority", 0}});
  return out;
}

// Cells read metadata, spec and status: the stored bytes do as they are.
json::Value stored_document(const Object& object, boost::json::memory_resource* memory) {
  boost::json::parse_options options;
  options.max_depth = json::ParseLimits{}.depth_max;
  boost::json::error_code error;
  json::Value document = boost::json::parse(*object.bytes, error, memory, options);
  APP_CHECK_MSG(!error, "stored bytes were checked by make_object()");
  return document;
}

json::Array table_cells(const Kind& kind, const json::Value& document, int64_t now_seconds) {
  return kind.cells != nullptr ? kind.cells(document, now_seconds) : default_cells(document);
}

ApiResult<IncludeObject> parse_include_object(std::string_view text) {
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "None") return IncludeObject::kNone;
  if (text == "Object") return IncludeObject::kObject;
  return std::unexpected(
      bad_request("unable to convert query parameter: unrecognized includeObject value: " + quoted(text)));
}

std::string table_json(const Kind& kind, std::span<const Object* const> objects, const TableOptions& options) {
  std::string out = R"({"kind":"Table","apiVersion":"meta.k8s.io/)" + std::string(options.version) +
                    R"(","metadata":)" + list_metadata(options) + R"(,"columnDefinitions":)" +
                    (options.has_columns ? json::serialize(json::Value(table_columns(kind))) : "[]") + R"(,"rows":[)";
  bool is_first = true;
  std::vector<unsigned char> scratch(kScratchBytes);
  for (const Object* object : objects) {
    if (!is_first) out += ',';
    is_first = false;
    boost::json::monotonic_resource memory(scratch.data(), scratch.size());
    const json::Value document = stored_document(*object, &memory);
    const json::Array cells = table_cells(kind, document, options.now_seconds);
    out += R"({"cells":)" + json::serialize(json::Value(cells)) + R"(,"object":)";
    append_object(out, *object, options);
    out += '}';
  }
  return out + "]}";
}

std::string table_json(const Kind& kind, std::span<const Object* const> objects, IncludeObject include,
                       int64_t now_seconds, int64_t list_revision, std::string_view continue_token, bool has_columns) {
  return table_json(kind, objects,
                    TableOptions{.include = include,
                                 .now_seconds = now_seconds,
                                 .list_revision = list_revision,
                                 .continue_token = std::string(continue_token),
                                 .has_columns = has_columns});
}

std::string partial_object_json(const Object& object, std::string_view version) {
  return R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/)" + std::string(version) +
         R"(","metadata":{"resourceVersion":")" + std::to_string(object.revision) + R"(",)" +
         std::string(metadata_rest(*object.bytes)) + '}';
}

}  // namespace appliance::orchestrator::api
