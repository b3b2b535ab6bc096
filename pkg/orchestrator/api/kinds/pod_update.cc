// Which fields of a pod's spec may change: put what may back to the old value; the rest must be equal.
#include <set>

#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

constexpr std::string_view kText =
    "pod updates may not change fields other than "
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
    "additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

void restore(json::Object& spec, std::string_view key, const json::Object& old) {
  if (const auto* value = old.if_contains(key); value != nullptr) {
    spec[key] = *value;
  } else {
    spec.stable_erase(key);
  }
}

void restore_images(json::Object& spec, std::string_view key, const json::Object& old) {
  auto* containers = spec.if_contains(key);
  const auto* before = old.if_contains(key);
  if (containers == nullptr || before == nullptr || !containers->is_array() || !before->is_array()) return;
  for (size_t i = 0; i < containers->get_array().size() && i < before->get_array().size(); ++i) {
    auto* container = containers->get_array()[i].if_object();
    const auto* old_container = before->get_array()[i].if_object();
    if (container == nullptr || old_container == nullptr) continue;
    restore(*container, "image", *old_container);
  }
}

// New tolerations may be added; every old one must still be there.
void check_tolerations(const json::Value& spec, const json::Value& old, Errors& errors) {
  std::set<std::string_view> now;
  for (const auto& one : json::array_at(spec, {"tolerations"})) now.insert(json::string_at(one, {"key"}));
  for (const auto& one : json::array_at(old, {"tolerations"})) {
    if (now.contains(json::string_at(one, {"key"}))) continue;
    errors.push_back(
        forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"));
    return;
  }
}

void check_deadline(const json::Value& spec, const json::Value& old, Errors& errors) {
  const auto* now = json::find(spec, {"activeDeadlineSeconds"});
  const auto* before = json::find(old, {"activeDeadlineSeconds"});
  if (before == nullptr) return;
  if (now == nullptr) {
    errors.push_back(
        invalid("spec.activeDeadlineSeconds", *before, "must not update from a positive integer to nil value"));
  } else if (json::int_at(spec, {"activeDeadlineSeconds"}) > json::int_at(old, {"activeDeadlineSeconds"})) {
    errors.push_back(invalid("spec.activeDeadlineSeconds", *now, "must be less than or equal to previous value"));
  }
}

}  // namespace

void validate_pod_update(const json::Value& pod, const json::Value& old, Errors& errors) {
  const auto* spec = json::find(pod, {"spec"});
  const auto* old_spec = json::find(old, {"spec"});
  if (spec == nullptr || old_spec == nullptr || !spec->is_object() || !old_spec->is_object() || *spec == *old_spec)
    return;
  check_deadline(*spec, *old_spec, errors);
  check_tolerations(*spec, *old_spec, errors);
  json::Value masked = *spec;
  auto& object = masked.get_object();
  const auto& before = old_spec->get_object();
  for (const auto* key : {"activeDeadlineSeconds", "tolerations"}) restore(object, key, before);
  if (json::int_at(*old_spec, {"terminationGracePeriodSeconds"}) < 0)
    restore(object, "terminationGracePeriodSeconds", before);
  restore_images(object, "containers", before);
  restore_images(object, "initContainers", before);
  if (masked == *old_spec) return;
  std::string changed;
  for (const auto& member : object) {
    const auto* value = before.if_contains(member.key());
    if (value == nullptr || *value != member.value())
      changed += (changed.empty() ? "" : ", ") + std::string(member.key());
  }
  for (const auto& member : before)
    if (object.if_contains(member.key()) == nullptr)
      changed += (changed.empty() ? "" : ", ") + std::string(member.key());
  errors.push_back(forbidden("spec", std::string(kText) + "\nchanged: " + changed));
}

}  // namespace appliance::orchestrator::api
