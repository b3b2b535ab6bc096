// Content negotiation: which form of answer an Accept header asks for, first acceptable element wins. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace appliance::orchestrator::apiserver {

enum class Form : unsigned char { kObject, kTable, kPartial };

struct Accepted {
  Form form = Form::kObject;
  std::string meta_version = "v1";  // of Table and PartialObjectMetadata: v1 or v1beta1
  bool yaml = false;                // of Form::kObject: application/yaml instead of JSON
  bool discovery_v2 = false;        // aggregated discovery asked for and acceptable
  bool discovery_v2beta1 = false;
};

// Lists, tables and discovery are JSON; a single object can be YAML as well, for people: `yaml_too` says that one is
// asked for.
// nullopt: nothing acceptable (406). An empty header accepts anything.
std::optional<Accepted> negotiate(std::string_view accept, bool yaml_too = false);

}  // namespace appliance::orchestrator::apiserver
