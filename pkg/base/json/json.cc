#include "base/json/json.h"

#include <algorithm>
#include <set>
#include <vector>

namespace appliance::json {
namespace bj = boost::json;

Result<Value> parse(std::string_view text, ParseLimits limits) {
  if (text.size() > limits.bytes_max)
    return fail(Code::kResourceExhausted, "JSON of " + std::to_string(text.size()) + " bytes: at most " +
                                              std::to_string(limits.bytes_max) + " are allowed");
  bj::parse_options options;
  options.max_depth = limits.depth_max;
  bj::stream_parser parser({}, options);
  bj::error_code error;
  const size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) {
    const auto rest = text.substr(used).find_first_not_of(" \t\r\n");
    if (rest != std::string_view::npos)
      return fail(Code::kInvalidArgument,
                  "JSON at byte " + std::to_string(used + rest) + ": something follows the document");
  }
  if (!error) parser.finish(error);
  if (error) return fail(Code::kInvalidArgument, "JSON at byte " + std::to_string(used) + ": " + error.message());
  return parser.release();
}

std::string serialize(const Value& value) { return bj::serialize(value); }

namespace {

void pretty(std::string& out, const Value& value, size_t indent, size_t level) {
  const auto line = [&](size_t depth) {
    out += '\n';
    out.append(indent * depth, ' ');
  };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ',';
      first = false;
      line(level + 1);
      out += bj::serialize(Value(member.key()));
      out += ": ";
      pretty(out, member.value(), indent, level + 1);
    }
    line(level);
    out += '}';
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    bool first = true;
    for (const auto& element : *array) {
      if (!first) out += ',';
      first = false;
      line(level + 1);
      pretty(out, element, indent, level + 1);
    }
    line(level);
    out += ']';
  } else {
    out += bj::serialize(value);
  }
}

// SAX handler that keeps, per open object, the set of keys seen, and the path down to here.
struct DuplicateFinder {
  constexpr static std::size_t max_object_size = static_cast<std::size_t>(-1);
  constexpr static std::size_t max_array_size = static_cast<std::size_t>(-1);
  constexpr static std::size_t max_key_size = static_cast<std::size_t>(-1);
  constexpr static std::size_t max_string_size = static_cast<std::size_t>(-1);

  static constexpr size_t kFewKeysMax = 16;  // looked through one by one
  struct Level {
    bool is_object = false;
    size_t index = 0;
    std::string key;
    std::vector<std::string> few;               // most objects are small: no tree for them
    std::set<std::string, std::less<>> many{};  // all keys, once there are more; not hashed: nobody can make it slow

    // False when it was there.
    bool remember(const std::string& name) {
      if (many.empty()) {
        if (std::ranges::find(few, name) != few.end()) return false;
        few.push_back(name);
        if (few.size() > kFewKeysMax) many.insert(few.begin(), few.end());
        return true;
      }
      return many.insert(name).second;
    }
  };
  std::vector<Level> levels;
  std::vector<std::string> found;
  size_t max = 16;
  std::string partial_key;

  [[nodiscard]] std::string path() const {
    std::string out;
    for (const auto& level : levels) {
      if (level.is_object) {
        if (!out.empty()) out += '.';
        out += level.key;
      } else {
        out += '[' + std::to_string(level.index) + ']';
      }
    }
    return out;
  }
  void value_done() {
    if (!levels.empty() && !levels.back().is_object) ++levels.back().index;
  }
  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    levels.push_back({.is_object = true, .index = 0, .key = {}, .few = {}});
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code&) {
    levels.pop_back();
    value_done();
    return true;
  }
  bool on_array_begin(bj::error_code&) {
    levels.push_back({});
    return true;
  }
  bool on_array_end(std::size_t, bj::error_code&) {
    levels.pop_back();
    value_done();
    return true;
  }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    partial_key.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view last, std::size_t, bj::error_code&) {
    partial_key.append(last.data(), last.size());
    auto& level = levels.back();
    level.key = std::move(partial_key);
    partial_key.clear();
    if (!level.remember(level.key) && found.size() < max) found.push_back(path());
    return true;
  }
  bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
  bool on_string(bj::string_view, std::size_t, bj::error_code&) {
    value_done();
    return true;
  }
  bool on_number_part(bj::string_view, bj::error_code&) { return true; }
  bool on_int64(int64_t, bj::string_view, bj::error_code&) {
    value_done();
    return true;
  }
  bool on_uint64(uint64_t, bj::string_view, bj::error_code&) {
    value_done();
    return true;
  }
  bool on_double(double, bj::string_view, bj::error_code&) {
    value_done();
    return true;
  }
  bool on_bool(bool, bj::error_code&) {
    value_done();
    return true;
  }
  bool on_null(bj::error_code&) {
    value_done();
    return true;
  }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

}  // namespace

std::string serialize_pretty(const Value& value, int indent) {
  std::string out;
  pretty(out, value, static_cast<size_t>(indent), 0);
  return out;
}

const Value* find(const Object& object, std::string_view key) { return object.if_contains(key); }

const Value* find(const Value& value, Path path) {
  const Value* at = &value;
  for (const auto step : path) {
    const auto* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains(step);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view string_at(const Value& value, Path path, std::string_view fallback) {
  const Value* at = find(value, path);
  if (at == nullptr || !at->is_string()) return fallback;
  const auto& text = at->get_string();
  return {text.data(), text.size()};
}

int64_t int_at(const Value& value, Path path, int64_t fallback) {
  const Value* at = find(value, path);
  if (at == nullptr) return fallback;
  if (at->is_int64()) return at->get_int64();
  if (at->is_uint64() && at->get_uint64() <= INT64_MAX) return static_cast<int64_t>(at->get_uint64());
  if (at->is_double()) return static_cast<int64_t>(at->get_double());
  return fallback;
}

bool bool_at(const Value& value, Path path, bool fallback) {
  const Value* at = find(value, path);
  return at != nullptr && at->is_bool() ? at->get_bool() : fallback;
}

const Object& object_at(const Value& value, Path path) {
  static const Object kEmpty;
  const Value* at = find(value, path);
  return at != nullptr && at->is_object() ? at->get_object() : kEmpty;
}

const Array& array_at(const Value& value, Path path) {
  static const Array kEmpty;
  const Value* at = find(value, path);
  return at != nullptr && at->is_array() ? at->get_array() : kEmpty;
}

Value& ensure(Value& value, Path path) {
  Value* at = &value;
  for (const auto step : path) {
    if (!at->is_object()) at->emplace_object();
    at = &at->get_object()[step];
  }
  return *at;
}

}  // namespace appliance::json

#include <boost/json/basic_parser_impl.hpp>

namespace appliance::json {

Result<std::vector<std::string>> duplicate_keys(std::string_view text, size_t max) {
  bj::parse_options options;
  options.max_depth = ParseLimits{}.depth_max;
  bj::basic_parser<DuplicateFinder> parser(options);
  parser.handler().max = max;
  bj::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error) return fail(Code::kInvalidArgument, "JSON at byte " + std::to_string(used) + ": " + error.message());
  return std::move(parser.handler().found);
}

}  // namespace appliance::json
