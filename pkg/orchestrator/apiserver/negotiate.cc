#include "orchestrator/apiserver/negotiate.h"

#include <map>

#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

std::optional<Accepted> element(std::string_view text, bool yaml_too) {
  std::map<std::string, std::string, std::less<>> parameters;
  const auto parts = base::split(text, ';');
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = base::trim(parts[i]);
    const size_t equal = part.find('=');
    if (equal != std::string_view::npos) parameters.emplace(part.substr(0, equal), part.substr(equal + 1));
  }
  const std::string_view type = base::trim(parts[0]);
  if (type == "application/yaml" && yaml_too && !parameters.contains("as")) {
    Accepted out;
    out.yaml = true;
    return out;
  }
  if (type != "application/json" && type != "*/*" && type != "application/*") return std::nullopt;
  const auto as = parameters.find("as");
  if (as == parameters.end()) return Accepted{};
  const std::string& group = parameters["g"];
  const std::string& version = parameters["v"];
  Accepted out;
  if (as->second == "APIGroupDiscoveryList" && group == "apidiscovery.k8s.io") {
    if (version != "v2" && version != "v2beta1") return std::nullopt;
    (version == "v2" ? out.discovery_v2 : out.discovery_v2beta1) = true;
    return out;
  }
  if (group != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return std::nullopt;
  out.meta_version = version;
  if (as->second == "Table") {
    out.form = Form::kTable;
  } else if (as->second == "PartialObjectMetadata" || as->second == "PartialObjectMetadataList") {
    out.form = Form::kPartial;
  } else {
    return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<Accepted> negotiate(std::string_view accept, bool yaml_too) {
  if (base::trim(accept).empty()) return Accepted{};
  for (const std::string_view part : base::split(accept, ',')) {
    if (auto accepted = element(part, yaml_too)) return accepted;
  }
  return std::nullopt;
}

}  // namespace appliance::orchestrator::apiserver
