// Node (core/v1).
#include <algorithm>
#include <set>

#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

std::string status_text(const json::Value& node) {
  std::string out = "Unknown";
  for (const auto& condition : json::array_at(node, {"status", "conditions"}))
    if (json::string_at(condition, {"type"}) == "Ready")
      out = json::string_at(condition, {"status"}) == "True" ? "Ready" : "NotReady";
  if (json::bool_at(node, {"spec", "unschedulable"})) out += ",SchedulingDisabled";
  return out;
}

std::string roles(const json::Value& node) {
  constexpr std::string_view kPrefix = "node-role.kubernetes.io/";
  std::set<std::string_view> names;
  for (const auto& label : json::object_at(node, {"metadata", "labels"})) {
    const std::string_view key = {label.key().data(), label.key().size()};
    if (key.starts_with(kPrefix) && key.size() > kPrefix.size()) names.insert(key.substr(kPrefix.size()));
    if (key == "kubernetes.io/role" && !text_of(label.value()).empty()) names.insert(text_of(label.value()));
  }
  std::string out;
  for (const auto name : names) out += (out.empty() ? "" : ",") + std::string(name);
  return out.empty() ? "<none>" : out;
}

std::string address(const json::Value& node, std::string_view type) {
  for (const auto& one : json::array_at(node, {"status", "addresses"}))
    if (json::string_at(one, {"type"}) == type) return std::string(json::string_at(one, {"address"}));
  return "<none>";
}

std::string info(const json::Value& node, std::string_view key) {
  const auto text = json::string_at(node, {"status", "nodeInfo", key});
  return text.empty() ? "<unknown>" : std::string(text);
}

json::Array cells(const json::Value& node, int64_t now_seconds) {
  return {name_cell(node),
          cell(status_text(node)),
          cell(roles(node)),
          age_cell(node, now_seconds),
          cell(json::string_at(node, {"status", "nodeInfo", "kubeletVersion"})),
          cell(address(node, "InternalIP")),
          cell(address(node, "ExternalIP")),
          cell(info(node, "osImage")),
          cell(info(node, "kernelVersion")),
          cell(info(node, "containerRuntimeVersion"))};
}

void validate(const json::Value& node, const json::Value* old, std::vector<FieldError>& errors) {
  const auto& taints = json::array_at(node, {"spec", "taints"});
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const std::vector<std::string> effects = {"NoSchedule", "PreferNoSchedule", "NoExecute"};
  for (size_t i = 0; i < taints.size(); ++i) {
    const std::string at = at_index("spec.taints", i);
    const auto key = json::string_at(taints[i], {"key"});
    const auto value = json::string_at(taints[i], {"value"});
    const auto effect = json::string_at(taints[i], {"effect"});
    add_invalid(errors, at + ".key", key, check_qualified_name(key));
    add_invalid(errors, at + ".value", value, check_label_value(value));
    if (effect.empty()) {
      errors.push_back(required(at + ".effect"));
    } else if (!is_one_of(effect, effects)) {
      errors.push_back(not_supported(at + ".effect", json::String(effect), effects));
    }
    if (!seen.emplace(key, effect).second) {
      auto twice = duplicate(at, taints[i]);
      twice.detail = "taints must be unique by key and effect pair";
      errors.push_back(std::move(twice));
    }
  }
  if (old == nullptr) return;
  const auto before = json::string_at(*old, {"spec", "podCIDR"});
  if (!before.empty() && json::string_at(node, {"spec", "podCIDR"}) != before)
    errors.push_back(forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid"));
}

}  // namespace

Kind node_kind() {
  Kind kind = stored_kind("", "Node", "nodes");
  kind.short_names = {"no"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.schema = &core::kNode;
  kind.validate = validate;
  kind.columns.push_back({.name = "Status", .format = {}, .description = "Whether the node is ready and takes pods."});
  kind.columns.push_back({.name = "Roles", .format = {}, .description = "Roles that its labels name."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.columns.push_back({.name = "Version", .format = {}, .description = "Version of its node agent."});
  kind.columns.push_back(
      {.name = "Internal-IP", .format = {}, .description = "Address inside the cluster.", .priority = 1});
  kind.columns.push_back(
      {.name = "External-IP", .format = {}, .description = "Address outside of the cluster.", .priority = 1});
  kind.columns.push_back({.name = "OS-Image", .format = {}, .description = "Operating system.", .priority = 1});
  kind.columns.push_back({.name = "Kernel-Version", .format = {}, .description = "Kernel.", .priority = 1});
  kind.columns.push_back(
      {.name = "Container-Runtime", .format = {}, .description = "Container runtime and its version.", .priority = 1});
  kind.cells = cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
