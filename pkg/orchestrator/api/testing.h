// Helpers of this module's tests: documents from text, kinds by name.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml/yaml.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api::testing {

inline json::Value yaml_of(std::string_view text) {
  auto value = yaml::parse(text);
  INFO((value ? std::string() : value.error().message));
  REQUIRE(value.has_value());
  return std::move(*value);
}

inline json::Value json_of(std::string_view text) {
  auto value = json::parse(text);
  INFO((value ? std::string() : value.error().message));
  REQUIRE(value.has_value());
  return std::move(*value);
}

inline const Kind& kind_of(std::string_view resource) {
  const Kind* kind = builtin_kinds()->by_resource(resource);
  REQUIRE(kind != nullptr);
  return *kind;
}

// Decoded strictly, and through what create does before validation.
inline json::Value created(std::string_view resource, std::string_view yaml_text) {
  const Kind& kind = kind_of(resource);
  auto decoded = decode(kind, yaml_text, "application/yaml", FieldValidation::kStrict);
  INFO((decoded ? std::string() : decoded.error().message));
  REQUIRE(decoded.has_value());
  prepare_create(kind, decoded->object);
  return std::move(decoded->object);
}

inline std::vector<std::string> messages(const std::vector<FieldError>& errors) {
  std::vector<std::string> out;
  for (const auto& error : errors) out.push_back(message_of(error));
  return out;
}

}  // namespace appliance::orchestrator::api::testing
