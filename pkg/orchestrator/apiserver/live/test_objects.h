// Objects of this folder's tests, out of text.
#pragma once

#include <catch2/catch.hpp>

#include "orchestrator/api/object.h"

namespace appliance::orchestrator::apiserver::live::testing {

inline api::ObjectPtr object_of(std::string_view resource, std::string_view text) {
  auto document = json::parse(text);
  INFO(text << (document ? "" : document.error().message));
  REQUIRE(document.has_value());
  static const auto kKinds = api::builtin_kinds();
  const api::Kind* kind = kKinds->by_resource(resource);
  REQUIRE(kind != nullptr);
  auto object = api::make_object(*kind, 5, std::make_shared<const std::string>(api::stored_bytes(*document)));
  INFO((object ? "" : object.error().message));
  REQUIRE(object.has_value());
  return *object;
}

}  // namespace appliance::orchestrator::apiserver::live::testing
