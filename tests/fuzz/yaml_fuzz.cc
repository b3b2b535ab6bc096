// fuzz: sources=pkg/base/yaml/yaml.cc pkg/base/yaml/emit.cc pkg/base/yaml/scalar.cc pkg/base/json/json.cc
// fuzz: sources=pkg/base/strings.cc pkg/base/error.cc pkg/base/check.cc
// fuzz: libs=yaml-cpp boost_json
// The YAML reader under its limits; what it reads, and what is any JSON document, the writer must write so that it
// reads back the same.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/yaml/yaml.h"

using namespace appliance;

namespace {

// 1.0 is written, and read back, as 1: a number is what it is worth.
bool is_same(const json::Value& a, const json::Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
    return a == b;
  }
  if (a.kind() != b.kind()) return false;
  if (const auto* list = a.if_array()) {
    const auto& other = b.get_array();
    if (list->size() != other.size()) return false;
    for (size_t i = 0; i < list->size(); ++i)
      if (!is_same((*list)[i], other[i])) return false;
    return true;
  }
  const auto* object = a.if_object();
  if (object == nullptr) return a == b;
  if (object->size() != b.get_object().size()) return false;
  for (const auto& member : *object) {
    const json::Value* other = b.get_object().if_contains(member.key());
    if (other == nullptr || !is_same(member.value(), *other)) return false;
  }
  return true;
}

// 1E999, which the JSON reader takes for infinity: neither JSON nor our YAML has a word for it.
bool is_finite(const json::Value& value) {
  if (const auto* list = value.if_array())
    return std::ranges::all_of(*list, [](const json::Value& one) { return is_finite(one); });
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object, [](const auto& member) { return is_finite(member.value()); });
  return !value.is_double() || std::isfinite(value.get_double());
}

void must_read_back(const json::Value& value) {
  const std::string text = yaml::emit(value);
  auto again = yaml::parse(text, {.bytes_max = 64U << 20U, .depth_max = 128});
  if (!again || !is_same(value, *again) || yaml::emit(*again) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = json::parse(text); value && is_finite(*value)) must_read_back(*value);
  // The same bytes as one string: whatever a ConfigMap may hold.
  if (const auto value = json::parse(json::serialize(json::Value(text)))) must_read_back(*value);
  std::vector<std::string> duplicates;
  auto all = yaml::parse_all(text);
  auto one = yaml::parse(text, {}, &duplicates);
  if (one && !all) std::abort();
  if (one) must_read_back(*one);
  return 0;
}
