#include <algorithm>

#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

void validate_ports(const json::Array& ports, const std::string& path, Errors& errors) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i];
    const std::string at = at_index(path, i);
    if (const auto name = json::string_at(port, {"name"}); !name.empty()) {
      const auto why = check_port_name(name);
      add_invalid(errors, at + ".name", name, why);
      if (why.empty() && !names.insert(name).second) errors.push_back(duplicate(at + ".name", json::String(name)));
    }
    const auto number = json::int_at(port, {"containerPort"});
    if (number == 0) {
      errors.push_back(required(at + ".containerPort"));
    } else {
      for (const auto& why : check_port(number)) errors.push_back(invalid(at + ".containerPort", number, why));
    }
    if (const auto host = json::int_at(port, {"hostPort"}); host != 0)
      for (const auto& why : check_port(host)) errors.push_back(invalid(at + ".hostPort", host, why));
    check_choice(port, "protocol", at + ".protocol", {"SCTP", "TCP", "UDP"}, errors);
  }
}

void validate_env_source(const json::Value& source, bool has_value, const std::string& path, Errors& errors) {
  size_t count = 0;
  for (const auto* key : {"fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"}) {
    const auto* one = json::find(source, {key});
    if (one == nullptr) continue;
    ++count;
    const std::string at = path + '.' + key;
    if (key == std::string_view("fieldRef")) {
      if (json::string_at(*one, {"fieldPath"}).empty()) errors.push_back(required(at + ".fieldPath"));
    } else if (key == std::string_view("resourceFieldRef")) {
      if (json::string_at(*one, {"resource"}).empty()) errors.push_back(required(at + ".resource"));
    } else {
      if (json::string_at(*one, {"name"}).empty()) errors.push_back(required(at + ".name"));
      const auto name = json::string_at(*one, {"key"});
      if (name.empty()) {
        errors.push_back(required(at + ".key"));
      } else {
        add_invalid(errors, at + ".key", name, check_config_key(name));
      }
    }
  }
  if (count == 0)
    errors.push_back(
        invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"));
  if (has_value) {
    if (count != 0) errors.push_back(invalid(path, "", "may not be specified when `value` is not empty"));
  } else if (count > 1) {
    errors.push_back(invalid(path, "", "may not have more than one field specified at a time"));
  }
}

void validate_env(const json::Value& container, const std::string& path, Errors& errors) {
  const auto& env = json::array_at(container, {"env"});
  for (size_t i = 0; i < env.size(); ++i) {
    const std::string at = at_index(path + ".env", i);
    const auto name = json::string_at(env[i], {"name"});
    if (name.empty()) {
      errors.push_back(required(at + ".name"));
    } else {
      add_invalid(errors, at + ".name", name, check_env_name(name));
    }
    if (const auto* source = json::find(env[i], {"valueFrom"}); source != nullptr)
      validate_env_source(*source, !json::string_at(env[i], {"value"}).empty(), at + ".valueFrom", errors);
  }
  const auto& from = json::array_at(container, {"envFrom"});
  for (size_t i = 0; i < from.size(); ++i) {
    const std::string at = at_index(path + ".envFrom", i);
    size_t count = 0;
    for (const auto* key : {"configMapRef", "secretRef"}) {
      const auto* one = json::find(from[i], {key});
      if (one == nullptr) continue;
      ++count;
      if (json::string_at(*one, {"name"}).empty()) errors.push_back(required(at + '.' + key + ".name"));
    }
    if (count == 0) errors.push_back(invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"));
    if (count > 1) errors.push_back(invalid(at, "", "may not have more than one field specified at a time"));
  }
}

bool has_dot_dot(std::string_view path) {
  size_t from = 0;
  while (true) {
    const size_t slash = path.find('/', from);
    if (path.substr(from, slash == std::string_view::npos ? slash : slash - from) == "..") return true;
    if (slash == std::string_view::npos) return false;
    from = slash + 1;
  }
}

void validate_mounts(const json::Array& mounts, const std::string& path, const std::set<std::string_view>& volumes,
                     Errors& errors) {
  std::set<std::string_view> targets;
  for (size_t i = 0; i < mounts.size(); ++i) {
    const std::string at = at_index(path, i);
    const auto name = json::string_at(mounts[i], {"name"});
    if (name.empty()) {
      errors.push_back(required(at + ".name"));
    } else if (!volumes.contains(name)) {
      errors.push_back(not_found(at + ".name", json::String(name)));
    }
    const auto target = json::string_at(mounts[i], {"mountPath"});
    if (target.empty()) errors.push_back(required(at + ".mountPath"));
    if (!targets.insert(target).second)
      errors.push_back(invalid(at + ".mountPath", json::String(target), "must be unique"));
    for (const auto* key : {"subPath", "subPathExpr"}) {
      const auto sub = json::string_at(mounts[i], {key});
      if (sub.starts_with('/')) errors.push_back(invalid(at + '.' + key, json::String(sub), "must be a relative path"));
      if (has_dot_dot(sub)) errors.push_back(invalid(at + '.' + key, json::String(sub), "must not contain '..'"));
    }
    if (!json::string_at(mounts[i], {"subPath"}).empty() && !json::string_at(mounts[i], {"subPathExpr"}).empty())
      errors.push_back(invalid(at + ".subPathExpr", json::String(json::string_at(mounts[i], {"subPathExpr"})),
                               "subPathExpr and subPath are mutually exclusive"));
  }
}

void validate_port_ref(const json::Value* port, const std::string& path, Errors& errors) {
  if (port == nullptr) {
    errors.push_back(invalid(path, 0, check_port(0).front()));
  } else if (port->is_string()) {
    add_invalid(errors, path, text_of(*port), check_port_name(text_of(*port)));
  } else if (port->is_int64()) {
    for (const auto& why : check_port(port->get_int64())) errors.push_back(invalid(path, *port, why));
  }
}

// httpGet, tcpSocket, exec, grpc, sleep of probes and lifecycle hooks.
void validate_handler(const json::Value& handler, const std::string& path, Errors& errors) {
  size_t count = 0;
  for (const auto* key : {"exec", "httpGet", "tcpSocket", "grpc", "sleep"}) {
    const auto* one = json::find(handler, {key});
    if (one == nullptr) continue;
    const std::string at = path + '.' + key;
    const std::string_view type = key;
    if (++count > 1) {
      errors.push_back(forbidden(at, "may not specify more than 1 handler type"));
      continue;
    }
    if (type == "exec" && json::array_at(*one, {"command"}).empty()) errors.push_back(required(at + ".command"));
    if (type == "httpGet" && json::string_at(*one, {"path"}).empty()) errors.push_back(required(at + ".path"));
    if (type == "httpGet" || type == "tcpSocket") validate_port_ref(json::find(*one, {"port"}), at + ".port", errors);
    if (type == "grpc")
      for (const auto& why : check_port(json::int_at(*one, {"port"})))
        errors.push_back(invalid(at + ".port", json::int_at(*one, {"port"}), why));
    if (type == "httpGet") check_choice(*one, "scheme", at + ".scheme", {"HTTP", "HTTPS"}, errors);
  }
  if (count == 0) errors.push_back(required(path, "must specify a handler type"));
}

void validate_probe(const json::Value& container, std::string_view name, const std::string& path, Errors& errors) {
  const auto* probe = json::find(container, {name});
  if (probe == nullptr) return;
  const std::string at = path + '.' + std::string(name);
  validate_handler(*probe, at, errors);
  for (const auto* key :
       {"initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"})
    check_not_negative(*probe, key, at + '.' + key, errors);
  if (const auto* grace = json::find(*probe, {"terminationGracePeriodSeconds"});
      grace != nullptr && json::int_at(*probe, {"terminationGracePeriodSeconds"}) <= 0)
    errors.push_back(invalid(at + ".terminationGracePeriodSeconds", *grace, "must be greater than 0"));
  if (name == "readinessProbe") return;
  if (const auto* threshold = json::find(*probe, {"successThreshold"});
      threshold != nullptr && json::int_at(*probe, {"successThreshold"}) != 1)
    errors.push_back(invalid(at + ".successThreshold", *threshold, "must be 1"));
}

void validate_security(const json::Value& container, const std::string& path, Errors& errors) {
  const auto* context = json::find(container, {"securityContext"});
  if (context == nullptr) return;
  for (const auto* key : {"runAsUser", "runAsGroup"}) {
    const auto* id = json::find(*context, {key});
    if (id != nullptr && (json::int_at(*context, {key}) < 0 || json::int_at(*context, {key}) > INT32_MAX))
      errors.push_back(invalid(path + '.' + key, *id, "must be between 0 and 2147483647, inclusive"));
  }
  const auto* escalation = json::find(*context, {"allowPrivilegeEscalation"});
  if (escalation == nullptr || json::bool_at(*context, {"allowPrivilegeEscalation"}, true)) return;
  if (json::bool_at(*context, {"privileged"}))
    errors.push_back(
        invalid(path, *context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
  for (const auto& capability : json::array_at(*context, {"capabilities", "add"}))
    if (text_of(capability) == "CAP_SYS_ADMIN")
      errors.push_back(invalid(path, *context,
                               "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"));
}

void validate_image(const json::Value& container, const std::string& path, Errors& errors) {
  const auto image = json::string_at(container, {"image"});
  if (image.empty()) {
    errors.push_back(required(path + ".image"));
  } else if (image.find_first_of(" \t\n") == 0 || image.find_last_of(" \t\n") == image.size() - 1) {
    errors.push_back(invalid(path + ".image", json::String(image), "must not have leading or trailing whitespace"));
  }
}

void validate_container(const json::Value& container, const std::string& path,
                        const std::set<std::string_view>& volumes, Errors& errors) {
  const auto name = json::string_at(container, {"name"});
  if (name.empty()) {
    errors.push_back(required(path + ".name"));
  } else {
    add_invalid(errors, path + ".name", name, check_dns_label(name));
  }
  validate_image(container, path, errors);
  check_choice(container, "terminationMessagePolicy", path + ".terminationMessagePolicy",
               {"FallbackToLogsOnError", "File"}, errors);
  validate_ports(json::array_at(container, {"ports"}), path + ".ports", errors);
  validate_env(container, path, errors);
  validate_mounts(json::array_at(container, {"volumeMounts"}), path + ".volumeMounts", volumes, errors);
  check_choice(container, "imagePullPolicy", path + ".imagePullPolicy", {"Always", "IfNotPresent", "Never"}, errors);
  validate_resources(json::find(container, {"resources"}), path + ".resources", errors);
  validate_security(container, path + ".securityContext", errors);
}

void validate_hooks_and_probes(const json::Value& container, const std::string& path, Errors& errors) {
  for (const auto* hook : {"postStart", "preStop"})
    if (const auto* handler = json::find(container, {"lifecycle", hook}); handler != nullptr)
      validate_handler(*handler, path + ".lifecycle." + hook, errors);
  validate_probe(container, "livenessProbe", path, errors);
  validate_probe(container, "readinessProbe", path, errors);
  validate_probe(container, "startupProbe", path, errors);
}

void validate_role(const json::Value& container, const std::string& path, ContainerRole role, Errors& errors) {
  const auto* policy = json::find(container, {"restartPolicy"});
  if (role == ContainerRole::kMain) {
    if (policy != nullptr)
      errors.push_back(forbidden(path + ".restartPolicy", "may not be set for non-init containers"));
    validate_hooks_and_probes(container, path, errors);
    return;
  }
  const bool is_sidecar = role == ContainerRole::kInit && policy != nullptr;
  if (is_sidecar) {
    check_choice(container, "restartPolicy", path + ".restartPolicy", {"Always"}, errors);
    validate_hooks_and_probes(container, path, errors);
    return;
  }
  const std::string why = role == ContainerRole::kInit
                              ? "may not be set for init containers without restartPolicy=Always"
                              : "cannot be set for an Ephemeral Container";
  for (const auto* key : {"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"})
    if (json::find(container, {key}) != nullptr) errors.push_back(forbidden(path + '.' + key, why));
}

}  // namespace

void validate_resources(const json::Value* resources, const std::string& path, Errors& errors) {
  if (resources == nullptr) return;
  const auto& limits = json::object_at(*resources, {"limits"});
  for (const auto* list : {"limits", "requests"}) {
    for (const auto& one : json::object_at(*resources, {list})) {
      const std::string_view name = {one.key().data(), one.key().size()};
      const std::string at = path + '.' + list;
      add_invalid(errors, at, name, check_qualified_name(name));
      const auto quantity = Quantity::parse(text_of(one.value()));
      if (!quantity) continue;  // decoding made it canonical
      if (quantity->sign() < 0)
        errors.push_back(
            invalid(at + '[' + std::string(name) + ']', one.value(), "must be greater than or equal to 0"));
      if (list == std::string_view("limits")) continue;
      const auto* limit = limits.if_contains(one.key());
      if (limit == nullptr) continue;
      const auto maximum = Quantity::parse(text_of(*limit));
      if (maximum && *quantity > *maximum)
        errors.push_back(invalid(
            at, one.value(), "must be less than or equal to " + std::string(name) + " limit of " + maximum->string()));
    }
  }
}

void validate_containers(const json::Array& containers, const std::string& path, ContainerRole role,
                         const std::set<std::string_view>& volumes, std::set<std::string_view>& names, Errors& errors) {
  if (role == ContainerRole::kMain && containers.empty()) {
    errors.push_back(required(path));
    return;
  }
  std::set<std::pair<std::string_view, int64_t>> host_ports;
  for (size_t i = 0; i < containers.size(); ++i) {
    const auto& container = containers[i];
    const std::string at = at_index(path, i);
    validate_container(container, at, volumes, errors);
    const auto name = json::string_at(container, {"name"});
    if (!name.empty() && !names.insert(name).second) errors.push_back(duplicate(at + ".name", json::String(name)));
    validate_role(container, at, role, errors);
    const auto& ports = json::array_at(container, {"ports"});
    for (size_t j = 0; j < ports.size() && role == ContainerRole::kMain; ++j) {
      const auto number = json::int_at(ports[j], {"hostPort"});
      const auto protocol = json::string_at(ports[j], {"protocol"});
      const auto host = json::string_at(ports[j], {"hostIP"});
      if (number != 0 && host.empty() && !host_ports.emplace(protocol, number).second)
        errors.push_back(duplicate(at_index(at + ".ports", j) + ".hostPort",
                                   json::String(std::string(protocol) + "//" + std::to_string(number))));
    }
  }
}

}  // namespace appliance::orchestrator::api
