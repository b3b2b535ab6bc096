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
  bool discovery_v2 = false;        // aggregated discovery asked for and acceptable
  bool discovery_v2beta1 = false;
};

// nullopt: nothing acceptable (406). An empty header accepts anything. For objects JSON alone is spoken.
std::optional<Accepted> negotiate(std::string_view accept);

}  // namespace appliance::orchestrator::apiserver
