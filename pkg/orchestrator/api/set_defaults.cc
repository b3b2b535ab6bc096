// set_defaults(): one walk over document and schema. A type's own function first, then each absent field: its default,
// or what Go's JSON shows for the zero value of a field that is not a pointer (an empty object, "", 0, false).
#include "base/check.h"
#include "orchestrator/api/engine.h"

namespace appliance::orchestrator::api {
namespace {

json::Value default_of(const Field& field) {
  const std::string_view text = field.default_json;
  if (text.size() >= 2 && text.front() == '"') return json::String(text.substr(1, text.size() - 2));
  if (text == "{}") return json::Object();
  auto parsed = json::parse(text);
  APP_CHECK_MSG(parsed.has_value(), text);
  return std::move(*parsed);
}

// The zero of a field that JSON shows even when nobody set it; null: the field stays absent.
json::Value zero_of(const Field& field) {
  if (field.is_pointer || field.shape != Shape::kOne) return nullptr;
  if (field.type == Type::kObject) return json::Object();
  if (!field.is_always) return nullptr;
  switch (field.type) {
    case Type::kString:
      return "";
    case Type::kInt32:
    case Type::kInt64:
    case Type::kIntOrString:
      return 0;
    case Type::kBool:
      return false;
    default:
      return nullptr;
  }
}

bool is_unset(const json::Value* value, const Field& field) {
  if (value == nullptr || value->is_null()) return true;
  // "" is absent to Go unless the field is a pointer.
  return !field.is_pointer && value->is_string() && value->get_string().empty() && field.type == Type::kString;
}

void run_hooks(const Schema& schema, json::Object& object) {
  for (const auto& field : schema.fields)
    if (field.is_inline) run_hooks(*field.ref, object);
  if (schema.defaults != nullptr) schema.defaults(object);
}

void fill(const Schema& schema, json::Object& object);

void fill_members(const Field& field, json::Value& value) {
  if (field.type != Type::kObject) return;
  if (field.shape == Shape::kOne && value.is_object()) fill(*field.ref, value.get_object());
  if (field.shape == Shape::kList && value.is_array())
    for (auto& element : value.get_array())
      if (element.is_object()) fill(*field.ref, element.get_object());
  if (field.shape == Shape::kMap && value.is_object())
    for (auto& member : value.get_object())
      if (member.value().is_object()) fill(*field.ref, member.value().get_object());
}

void fill_fields(const Schema& schema, json::Object& object) {
  for (const auto& field : schema.fields) {
    if (field.is_inline) {
      fill_fields(*field.ref, object);
      continue;
    }
    json::Value* value = object.if_contains(field.name);
    if (is_unset(value, field)) {
      json::Value fresh = field.default_json.empty() ? zero_of(field) : default_of(field);
      if (fresh.is_null()) continue;
      auto& slot = object[field.name];
      slot = std::move(fresh);
      value = &slot;
    }
    fill_members(field, *value);
  }
}

void fill(const Schema& schema, json::Object& object) {
  run_hooks(schema, object);
  fill_fields(schema, object);
}

}  // namespace

void set_defaults(const Kind& kind, json::Value& object) {
  if (!object.is_object()) return;
  // kind and apiVersion are the decoder's; they must not become "".
  fill(*kind.schema, object.get_object());
}

}  // namespace appliance::orchestrator::api
