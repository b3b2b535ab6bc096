#include <algorithm>

#include "orchestrator/api/duration.h"
#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/selector.h"

namespace appliance::orchestrator::api {

Kind stored_kind(std::string group, std::string name, std::string plural) {
  Kind kind;
  kind.group = std::move(group);
  kind.version = "v1";
  kind.singular = name;
  std::transform(kind.singular.begin(), kind.singular.end(), kind.singular.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  kind.kind = std::move(name);
  kind.plural = std::move(plural);
  kind.verbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
  kind.columns = {{.name = "Name",
                   .type = "string",
                   .format = "name",
                   .description = "Name of the object, unique among those of its kind in one namespace."}};
  return kind;
}

json::Value cell(std::string_view text) { return json::String(text); }

json::Value name_cell(const json::Value& object) { return cell(json::string_at(object, {"metadata", "name"})); }

json::Value age_cell(const json::Value& object, int64_t now_seconds) {
  return cell(age(json::string_at(object, {"metadata", "creationTimestamp"}), now_seconds));
}

std::string joined_labels(const json::Value* map) {
  std::string out;
  for (const auto& [key, value] : labels_of(map)) out += (out.empty() ? "" : ",") + key + '=' + value;
  return out.empty() ? "<none>" : out;
}

std::string selector_text(const json::Value* selector) {
  const auto parsed = LabelSelector::from_json(selector);
  const auto text = parsed.matches_nothing() ? std::string() : parsed.string();
  return text.empty() ? "<none>" : text;
}

namespace {
std::string joined_field(const json::Value& pod_spec, std::string_view field) {
  std::string out;
  for (const auto& container : json::array_at(pod_spec, {"containers"})) {
    if (!out.empty()) out += ',';
    out += json::string_at(container, {field});
  }
  return out;
}
}  // namespace

std::string container_names(const json::Value& pod_spec) { return joined_field(pod_spec, "name"); }
std::string container_images(const json::Value& pod_spec) { return joined_field(pod_spec, "image"); }

std::string at_index(std::string path, size_t index) { return std::move(path) + '[' + std::to_string(index) + ']'; }

}  // namespace appliance::orchestrator::api
