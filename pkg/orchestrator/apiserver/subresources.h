// What stands below an object: the one table that discovery, routing and OpenAPI readers agree on. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::apiserver {

struct Subresource {
  std::string name;   // "scale"
  std::string group;  // of the kind it answers with
  std::string version;
  std::string kind;                // "Scale"
  std::vector<std::string> verbs;  // sorted
};

// In the order of names, as discovery prints them.
std::vector<Subresource> subresources_of(const api::Kind& kind);
bool has_subresource(const api::Kind& kind, std::string_view name);

}  // namespace appliance::orchestrator::apiserver
