#include "orchestrator/api/kinds/pod_rules.h"

#include <algorithm>

#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/names.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

void validate_node_selector_terms(const json::Value* selector, const std::string& path, Errors& errors) {
  if (selector == nullptr) return;
  const auto& terms = json::array_at(*selector, {"nodeSelectorTerms"});
  if (terms.empty())
    errors.push_back(required(path + ".nodeSelectorTerms", "must have at least one node selector term"));
  for (size_t i = 0; i < terms.size(); ++i) {
    const auto& expressions = json::array_at(terms[i], {"matchExpressions"});
    for (size_t j = 0; j < expressions.size(); ++j) {
      const std::string at = at_index(at_index(path + ".nodeSelectorTerms", i) + ".matchExpressions", j);
      const auto op = json::string_at(expressions[j], {"operator"});
      const auto count = json::array_at(expressions[j], {"values"}).size();
      if ((op == "In" || op == "NotIn") && count == 0)
        errors.push_back(required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'"));
      if ((op == "Exists" || op == "DoesNotExist") && count > 0)
        errors.push_back(
            forbidden(at + ".values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      if ((op == "Gt" || op == "Lt") && count != 1)
        errors.push_back(required(at + ".values", "must be specified single value when `operator` is 'Lt' or 'Gt'"));
      if (!is_one_of(op, {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}))
        errors.push_back(invalid(at + ".operator", json::String(op), "not a valid selector operator"));
      const auto key = json::string_at(expressions[j], {"key"});
      add_invalid(errors, at + ".key", key, check_qualified_name(key));
    }
  }
}

void validate_tolerations(const json::Array& tolerations, const std::string& path, Errors& errors) {
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const auto& one = tolerations[i];
    const std::string at = at_index(path, i);
    const auto key = json::string_at(one, {"key"});
    const auto op = json::string_at(one, {"operator"});
    const auto effect = json::string_at(one, {"effect"});
    if (!key.empty()) add_invalid(errors, at + ".key", key, check_qualified_name(key));
    if (key.empty() && op != "Exists")
      errors.push_back(
          invalid(at + ".operator", json::String(op),
                  "operator must be Exists when `key` is empty, which means \"match all values and all keys\""));
    if (json::find(one, {"tolerationSeconds"}) != nullptr && effect != "NoExecute")
      errors.push_back(
          invalid(at + ".effect", json::String(effect), "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    const auto value = json::string_at(one, {"value"});
    if (op.empty() || op == "Equal") {
      add_invalid(errors, at + ".operator", value, check_label_value(value));
    } else if (op == "Exists") {
      if (!value.empty())
        errors.push_back(invalid(at + ".operator", one, "value must be empty when `operator` is 'Exists'"));
    } else {
      errors.push_back(not_supported(at + ".operator", json::String(op), {"Equal", "Exists"}));
    }
    const std::vector<std::string> effects = {"NoSchedule", "PreferNoSchedule", "NoExecute"};
    if (!effect.empty() && !is_one_of(effect, effects))
      errors.push_back(not_supported(at + ".effect", json::String(effect), effects));
  }
}

void check_optional_name(const json::Value& spec, std::string_view key, NameCheck check, const std::string& path,
                         Errors& errors) {
  const auto name = json::string_at(spec, {key});
  if (!name.empty()) add_invalid(errors, path + '.' + std::string(key), name, check(name));
}

}  // namespace

std::string_view text_of(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string().data(), value.get_string().size())
                           : std::string_view();
}

bool is_one_of(std::string_view text, const std::vector<std::string>& values) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

void check_choice(const json::Value& object, std::string_view key, const std::string& path,
                  const std::vector<std::string>& values, Errors& errors) {
  const auto text = json::string_at(object, {key});
  if (text.empty()) {
    errors.push_back(required(path));
  } else if (!is_one_of(text, values)) {
    errors.push_back(not_supported(path, json::String(text), values));
  }
}

void check_not_negative(const json::Value& object, std::string_view key, const std::string& path, Errors& errors) {
  const auto* value = json::find(object, {key});
  if (value != nullptr && json::int_at(object, {key}) < 0)
    errors.push_back(invalid(path, *value, "must be greater than or equal to 0"));
}

void validate_pod_spec(const json::Value& spec, const std::string& path, Errors& errors) {
  const auto volumes = validate_volumes(json::array_at(spec, {"volumes"}), path + ".volumes", errors);
  std::set<std::string_view> names;
  validate_containers(json::array_at(spec, {"containers"}), path + ".containers", ContainerRole::kMain, volumes, names,
                      errors);
  validate_containers(json::array_at(spec, {"initContainers"}), path + ".initContainers", ContainerRole::kInit, volumes,
                      names, errors);
  validate_containers(json::array_at(spec, {"ephemeralContainers"}), path + ".ephemeralContainers",
                      ContainerRole::kEphemeral, volumes, names, errors);
  check_choice(spec, "restartPolicy", path + ".restartPolicy", {"Always", "OnFailure", "Never"}, errors);
  check_choice(spec, "dnsPolicy", path + ".dnsPolicy", {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
               errors);
  if (json::string_at(spec, {"dnsPolicy"}) == "None" && json::array_at(spec, {"dnsConfig", "nameservers"}).empty())
    errors.push_back(
        required(path + ".dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None"));
  check_labels(errors, path + ".nodeSelector", json::find(spec, {"nodeSelector"}));
  validate_node_selector_terms(
      json::find(spec, {"affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"}),
      path + ".affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", errors);
  check_optional_name(spec, "serviceAccountName", check_dns_subdomain, path, errors);
  check_optional_name(spec, "nodeName", check_dns_subdomain, path, errors);
  if (const auto* deadline = json::find(spec, {"activeDeadlineSeconds"}); deadline != nullptr) {
    const auto seconds = json::int_at(spec, {"activeDeadlineSeconds"});
    if (seconds < 1 || seconds > INT32_MAX)
      errors.push_back(
          invalid(path + ".activeDeadlineSeconds", *deadline, "must be between 1 and 2147483647, inclusive"));
  }
  check_not_negative(spec, "terminationGracePeriodSeconds", path + ".terminationGracePeriodSeconds", errors);
  check_optional_name(spec, "hostname", check_dns_label, path, errors);
  check_optional_name(spec, "subdomain", check_dns_label, path, errors);
  validate_tolerations(json::array_at(spec, {"tolerations"}), path + ".tolerations", errors);
  const auto& aliases = json::array_at(spec, {"hostAliases"});
  for (size_t i = 0; i < aliases.size(); ++i) {
    const auto ip = json::string_at(aliases[i], {"ip"});
    if (!is_ip(ip))
      errors.push_back(invalid(at_index(path + ".hostAliases", i) + ".ip", json::String(ip),
                               "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  }
}

void validate_pod_template(const json::Value& pod_template, const std::string& path, Errors& errors) {
  check_labels(errors, path + ".labels", json::find(pod_template, {"metadata", "labels"}));
  const auto* spec = json::find(pod_template, {"spec"});
  static const json::Value kNone = json::Object();
  validate_pod_spec(spec != nullptr ? *spec : kNone, path + ".spec", errors);
}

void validate_pod(const json::Value& pod, const json::Value* old, Errors& errors) {
  const auto* spec = json::find(pod, {"spec"});
  static const json::Value kNone = json::Object();
  validate_pod_spec(spec != nullptr ? *spec : kNone, "spec", errors);
  if (old != nullptr) validate_pod_update(pod, *old, errors);
}

}  // namespace appliance::orchestrator::api
