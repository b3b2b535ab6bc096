#include "orchestrator/api/tree.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "orchestrator/api/duration.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::api {
namespace {

using Status = std::expected<void, std::string>;

std::string_view view(const json::String& text) { return {text.data(), text.size()}; }

std::string quoted(std::string_view text) { return json::serialize(json::Value(json::String(text))); }

std::string_view go_kind(const json::Value& value) {
  if (value.is_string()) return "string";
  if (value.is_bool()) return "bool";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  return "number";
}

// A number as the client most likely wrote it: "0.5", "1e21", "3".
std::string number_text(const json::Value& value) {
  if (!value.is_double()) return json::serialize(value);
  char out[64];
  const auto end = std::to_chars(out, out + sizeof out, value.get_double()).ptr;
  std::string text(out, end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string_view plain_go_type(const Field& field) {
  switch (field.type) {
    case Type::kString:
      return "string";
    case Type::kInt32:
      return "int32";
    case Type::kInt64:
      return "int64";
    case Type::kBool:
      return "bool";
    case Type::kDouble:
      return "float64";
    case Type::kBytes:
      return "[]uint8";
    case Type::kObject:
      return {};
    case Type::kIntOrString:
      return "intstr.IntOrString";
    case Type::kQuantity:
      return "resource.Quantity";
    case Type::kTime:
      return "v1.Time";
    case Type::kMicroTime:
      return "v1.MicroTime";
    case Type::kRaw:
      return "runtime.RawExtension";
    case Type::kStringList:
      return "v1.ExtraValue";
  }
  return {};
}

class Checker {
 public:
  Checker(std::vector<std::string>* unknown, size_t unknown_max) : unknown_(unknown), unknown_max_(unknown_max) {}

  Status object(const Schema& schema, json::Object& object, const std::string& path) {
    const Schema* outer = schema_;
    schema_ = &schema;
    std::vector<std::string> gone;
    for (auto& member : object) {
      const std::string_view key = {member.key().data(), member.key().size()};
      const Field* field = find_field(schema, key);
      if (field == nullptr) {
        report_unknown(path, key);
        gone.emplace_back(key);
        continue;
      }
      if (member.value().is_null()) {
        gone.emplace_back(key);
        continue;
      }
      go_path_.push_back(field->name);
      auto done = this->field(*field, member.value(), path.empty() ? std::string(key) : path + '.' + std::string(key));
      go_path_.pop_back();
      if (!done) return done;
    }
    if (!gone.empty()) object = without(object, gone);
    schema_ = outer;
    return {};
  }

 private:
  // `gone` in document order. One pass: a body can hold hundreds of thousands of unknown fields.
  static json::Object without(json::Object& object, const std::vector<std::string>& gone) {
    json::Object kept(object.storage());
    kept.reserve(object.size() - gone.size());
    size_t next = 0;
    for (auto& member : object) {
      if (next < gone.size() && member.key() == gone[next]) {
        ++next;
      } else {
        kept.emplace(member.key(), std::move(member.value()));
      }
    }
    return kept;
  }

  Status field(const Field& field, json::Value& value, const std::string& path) {
    if (field.shape == Shape::kList) {
      if (!value.is_array()) return mismatch(value, go_type_of(field, false));
      size_t index = 0;
      for (auto& element : value.get_array()) {
        if (element.is_null()) element = zero(field);
        if (auto done = one(field, element, path + '[' + std::to_string(index++) + ']'); !done) return done;
      }
      return {};
    }
    if (field.shape == Shape::kMap) {
      if (!value.is_object()) return mismatch(value, go_type_of(field, false));
      for (auto& member : value.get_object()) {
        if (member.value().is_null()) member.value() = zero(field);
        if (auto done = one(field, member.value(), path + '.' + std::string(member.key())); !done) return done;
      }
      return {};
    }
    return one(field, value, path);
  }

  Status one(const Field& field, json::Value& value, const std::string& path) {
    switch (field.type) {
      case Type::kString:
        return value.is_string() ? Status{} : mismatch(value, go_type_of(field, true));
      case Type::kBool:
        return value.is_bool() ? Status{} : mismatch(value, go_type_of(field, true));
      case Type::kDouble:
        return value.is_number() ? Status{} : mismatch(value, go_type_of(field, true));
      case Type::kInt32:
      case Type::kInt64:
        return integer(field, value);
      case Type::kBytes:
        return bytes(field, value);
      case Type::kObject:
        if (!value.is_object()) return mismatch(value, go_type_of(field, true));
        return object(*field.ref, value.get_object(), path);
      case Type::kIntOrString:
        return int_or_string(value);
      case Type::kQuantity:
        return quantity(value);
      case Type::kTime:
        return time(value, false);
      case Type::kMicroTime:
        return time(value, true);
      case Type::kRaw:
        return value.is_object() ? Status{} : mismatch(value, go_type_of(field, true));
      case Type::kStringList:
        return strings(field, value);
    }
    return {};
  }

  Status integer(const Field& field, json::Value& value) {
    if (!value.is_number()) return mismatch(value, go_type_of(field, true));
    const bool fits = value.is_int64() && (field.type == Type::kInt64 ||
                                           (value.get_int64() >= INT32_MIN && value.get_int64() <= INT32_MAX));
    if (fits) return {};
    return mismatch("number " + number_text(value), go_type_of(field, true));
  }

  Status bytes(const Field& field, json::Value& value) {
    if (!value.is_string()) return mismatch(value, go_type_of(field, true));
    const std::string_view text = view(value.get_string());
    if (base::unbase64(text)) return {};
    size_t at = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    if (at == std::string_view::npos) at = text.size();
    return std::unexpected("illegal base64 data at input byte " + std::to_string(at));
  }

  static Status int_or_string(json::Value& value) {
    if (value.is_string()) return {};
    if (value.is_int64() && value.get_int64() >= INT32_MIN && value.get_int64() <= INT32_MAX) return {};
    const std::string got = value.is_number() ? "number " + number_text(value) : std::string(go_kind(value));
    return std::unexpected("json: cannot unmarshal " + got + " into Go value of type int32");
  }

  static Status quantity(json::Value& value) {
    if (!value.is_string() && !value.is_number())
      return std::unexpected("json: cannot unmarshal " + std::string(go_kind(value)) +
                             " into Go value of type resource.Quantity");
    const std::string text = value.is_string() ? std::string(view(value.get_string())) : number_text(value);
    auto parsed = Quantity::parse(text);
    if (!parsed) return std::unexpected(parsed.error().message);
    value = json::String(parsed->string());
    return {};
  }

  static Status time(json::Value& value, bool is_micro) {
    if (!value.is_string())
      return std::unexpected("json: cannot unmarshal " + std::string(go_kind(value)) + " into Go value of type string");
    const std::string_view text = view(value.get_string());
    const auto micros = parse_rfc3339_micro(text);
    if (!micros) {
      const std::string layout = is_micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
      return std::unexpected("parsing time " + quoted(text) + " as " + quoted(layout) + ": cannot parse " +
                             quoted(text) + " as \"2006\"");
    }
    value = json::String(is_micro ? rfc3339_micro(*micros) : rfc3339(*parse_rfc3339(text)));
    return {};
  }

  Status strings(const Field& field, json::Value& value) {
    if (!value.is_array()) return mismatch(value, go_type_of(field, true));
    for (const auto& element : value.get_array())
      if (!element.is_string()) return mismatch(element, "string");
    return {};
  }

  static json::Value zero(const Field& field) {
    switch (field.type) {
      case Type::kObject:
      case Type::kRaw:
        return json::Object();
      case Type::kInt32:
      case Type::kInt64:
      case Type::kIntOrString:
      case Type::kDouble:
        return 0;
      case Type::kBool:
        return false;
      case Type::kQuantity:
        return "0";
      case Type::kStringList:
        return json::Array();
      default:
        return "";
    }
  }

  Status mismatch(const json::Value& value, const std::string& type) const {
    return mismatch(std::string(go_kind(value)), type);
  }
  Status mismatch(const std::string& got, const std::string& type) const {
    std::string where(schema_->name);
    for (const auto step : go_path_) {
      where += '.';
      where += step;
    }
    return std::unexpected("json: cannot unmarshal " + got + " into Go struct field " + where + " of type " + type);
  }

  void report_unknown(const std::string& path, std::string_view key) {
    if (unknown_ == nullptr || unknown_->size() >= unknown_max_) return;
    unknown_->push_back("unknown field " + quoted(path.empty() ? std::string(key) : path + '.' + std::string(key)));
  }

  std::vector<std::string>* unknown_;
  size_t unknown_max_;
  const Schema* schema_ = nullptr;
  std::vector<std::string_view> go_path_;
};

}  // namespace

std::string go_type_of(const Field& field, bool element) {
  if (field.shape == Shape::kMap && !element && !field.go_type.empty())
    return std::string(field.go_type);  // v1.ResourceList
  std::string one;
  if (field.type == Type::kObject) {
    one = "v1." + std::string(field.ref->name);
  } else if (!field.go_type.empty() && field.shape != Shape::kMap) {
    one = field.go_type;
  } else {
    one = plain_go_type(field);
  }
  if (element || field.shape == Shape::kOne) return one;
  return (field.shape == Shape::kList ? "[]" : "map[string]") + one;
}

std::expected<void, std::string> check_types(const Schema& schema, json::Value& value,
                                             std::vector<std::string>* unknown, size_t unknown_max) {
  if (!value.is_object())
    return std::unexpected("json: cannot unmarshal " + std::string(go_kind(value)) + " into Go value of type v1." +
                           std::string(schema.name));
  return Checker(unknown, unknown_max).object(schema, value.get_object(), {});
}

}  // namespace appliance::orchestrator::api
