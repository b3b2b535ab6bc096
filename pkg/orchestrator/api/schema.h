// Schema: the shape of an object as constant data. One tree drives decoding (JSON, YAML, protobuf), strict checks,
// pruning, defaulting, strategic merge patches, OpenAPI and explain. A Schema is a named message type; its Fields carry
// the JSON name and the protobuf number, so that both encodings are read from one table.
//
//   constexpr Field kLeaseSpec[] = {str("holderIdentity", 1).pointer().desc("Who holds it."), ...};
//
// Built-in schemas are static tables (api/kinds/*.cc) and live forever; schemas made at run time own their text
// elsewhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"

namespace appliance::orchestrator::api {

struct Schema;
struct FieldError;

enum class Type : uint8_t {
  kString,
  kInt32,
  kInt64,
  kBool,
  kDouble,
  kBytes,        // base64 text in JSON
  kObject,       // `ref`
  kIntOrString,  // "25%" or 3
  kQuantity,     // "500m"; kept in canonical form
  kTime,         // RFC 3339 with seconds
  kMicroTime,    // RFC 3339 with six digits
  kRaw,          // any JSON object, unknown fields kept (RawExtension, FieldsV1)
  kStringList,   // a list of strings as a map's value (ExtraValue)
};

enum class Shape : uint8_t { kOne, kList, kMap };       // kMap: keys are strings
enum class ListType : uint8_t { kAtomic, kSet, kMap };  // for server-side apply and OpenAPI

// What a strategic merge patch does with a field: lists are replaced unless kMerge; kRetainKeys keeps only keys of the
// patch.
enum class PatchStrategy : uint8_t { kReplace, kMerge, kRetainKeys, kMergeRetainKeys };

struct Field {
  std::string_view name = {};  // of JSON; empty for an inline member
  uint16_t number = 0;         // of protobuf; 0: not in protobuf
  Type type = Type::kString;
  Shape shape = Shape::kOne;
  const Schema* ref = nullptr;  // for kObject
  bool is_pointer = false;      // absent and zero differ: a zero value that arrives by protobuf is kept
  bool is_always = false;       // present in JSON even when zero
  bool is_required = false;     // in OpenAPI
  bool is_inline = false;  // its fields stand in the parent's JSON object, but in a message of their own in protobuf
  bool is_marked_list = false;  // list_type was given
  ListType list_type = ListType::kAtomic;
  bool is_map_atomic = false;  // x-kubernetes-map-type: atomic
  PatchStrategy patch = PatchStrategy::kReplace;
  std::string_view merge_key = {};     // of a merged list of objects
  std::string_view list_keys = {};     // "containerPort,protocol"
  std::string_view go_type = {};       // type name in decode errors when it is not the plain one: "v1.Protocol"
  std::string_view default_json = {};  // "" = none; set when absent or null and the parent is present
  std::string_view values = {};        // "TCP|UDP|SCTP": the enumeration
  std::string_view description = {};

  // Builder steps, for tables that read like declarations.
  [[nodiscard]] constexpr Field pointer() const {
    Field f = *this;
    f.is_pointer = true;
    return f;
  }
  [[nodiscard]] constexpr Field always() const {
    Field f = *this;
    f.is_always = true;
    return f;
  }
  [[nodiscard]] constexpr Field required() const {
    Field f = *this;
    f.is_required = true;
    return f;
  }
  [[nodiscard]] constexpr Field list() const {
    Field f = *this;
    f.shape = Shape::kList;
    return f;
  }
  [[nodiscard]] constexpr Field map() const {
    Field f = *this;
    f.shape = Shape::kMap;
    return f;
  }
  [[nodiscard]] constexpr Field atomic() const {
    Field f = *this;
    f.is_marked_list = true;
    f.list_type = ListType::kAtomic;
    return f;
  }
  [[nodiscard]] constexpr Field set() const {
    Field f = *this;
    f.is_marked_list = true;
    f.list_type = ListType::kSet;
    return f;
  }
  [[nodiscard]] constexpr Field keyed(std::string_view keys) const {
    Field f = *this;
    f.is_marked_list = true;
    f.list_type = ListType::kMap;
    f.list_keys = keys;
    return f;
  }
  [[nodiscard]] constexpr Field map_atomic() const {
    Field f = *this;
    f.is_map_atomic = true;
    return f;
  }
  [[nodiscard]] constexpr Field merge(std::string_view key = {}) const {
    Field f = *this;
    f.patch = f.patch == PatchStrategy::kRetainKeys ? PatchStrategy::kMergeRetainKeys : PatchStrategy::kMerge;
    f.merge_key = key;
    return f;
  }
  [[nodiscard]] constexpr Field retain_keys() const {
    Field f = *this;
    f.patch = f.patch == PatchStrategy::kMerge ? PatchStrategy::kMergeRetainKeys : PatchStrategy::kRetainKeys;
    return f;
  }
  [[nodiscard]] constexpr Field go(std::string_view type_name) const {
    Field f = *this;
    f.go_type = type_name;
    return f;
  }
  [[nodiscard]] constexpr Field def(std::string_view json_text) const {
    Field f = *this;
    f.default_json = json_text;
    return f;
  }
  [[nodiscard]] constexpr Field one_of(std::string_view list_of_values) const {
    Field f = *this;
    f.values = list_of_values;
    return f;
  }
  [[nodiscard]] constexpr Field desc(std::string_view text) const {
    Field f = *this;
    f.description = text;
    return f;
  }
};

// A named message type. `id` is the name in OpenAPI ("io.k8s.api.core.v1.Container"), `name` the one in decode errors.
struct Schema {
  std::string_view id = {};
  std::string_view name = {};
  std::string_view description = {};
  std::span<const Field> fields = {};
  // Defaults that depend on siblings; runs before the fields' own defaults, wherever the type occurs.
  void (*defaults)(json::Object& object) = nullptr;
  bool is_map_atomic = false;
};

// The field called `name`, looking through inline members; null when there is none.
const Field* find_field(const Schema& schema, std::string_view name);
// Calls visit(field) for each field as JSON shows them: inline members opened. Document order of the table.
void each_field(const Schema& schema, void (*visit)(void* context, const Field& field), void* context);

constexpr Field str(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kString};
}
constexpr Field i32(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kInt32};
}
constexpr Field i64(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kInt64};
}
constexpr Field boolean(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kBool};
}
constexpr Field real(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kDouble};
}
constexpr Field bytes(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kBytes};
}
constexpr Field int_or_string(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kIntOrString};
}
constexpr Field quantity(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kQuantity};
}
constexpr Field time(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kTime};
}
constexpr Field micro_time(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kMicroTime};
}
constexpr Field raw(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kRaw};
}
constexpr Field string_list(std::string_view name, uint16_t number) {
  return {.name = name, .number = number, .type = Type::kStringList};
}
constexpr Field obj(std::string_view name, uint16_t number, const Schema& ref) {
  return {.name = name, .number = number, .type = Type::kObject, .ref = &ref};
}
constexpr Field inlined(uint16_t number, const Schema& ref) {
  return {.name = {}, .number = number, .type = Type::kObject, .ref = &ref, .is_inline = true};
}

}  // namespace appliance::orchestrator::api
