#include "orchestrator/api/schema/defaults.h"

#include <string>
#include <string_view>

namespace appliance::orchestrator::api {
namespace {

std::string_view text(const json::Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

bool present(const json::Object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
}

void set_if_absent(json::Object& object, std::string_view key, json::Value value) {
  if (!present(object, key)) object[key] = std::move(value);
}

json::Array* list(json::Object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

// "latest" decides Always: no tag and no digest, or :latest. A colon in front of a slash is a registry's port.
bool is_latest(std::string_view image) {
  if (image.empty() || image.find('@') != std::string_view::npos) return false;
  const auto slash = image.rfind('/');
  const auto colon = image.rfind(':');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && colon < slash)) return true;
  return image.substr(colon + 1) == "latest";
}

void requests_from_limits(json::Object& container) {
  auto* resources = container.if_contains("resources");
  if (resources == nullptr || !resources->is_object()) return;
  auto* limits = resources->get_object().if_contains("limits");
  if (limits == nullptr || !limits->is_object() || limits->get_object().empty()) return;
  auto& requests = resources->get_object()["requests"];
  if (!requests.is_object()) requests.emplace_object();
  // Looked up again: inserting "requests" can move the members.
  for (const auto& limit : resources->get_object().at("limits").get_object())
    set_if_absent(resources->get_object().at("requests").get_object(), limit.key(), limit.value());
}

void default_host_ports(json::Object& spec, std::string_view key) {
  auto* containers = list(spec, key);
  if (containers == nullptr) return;
  for (auto& container : *containers) {
    if (!container.is_object()) continue;
    auto* ports = list(container.get_object(), "ports");
    if (ports == nullptr) continue;
    for (auto& port : *ports) {
      if (port.is_object() && present(port.get_object(), "containerPort"))
        set_if_absent(port.get_object(), "hostPort", port.get_object().at("containerPort"));
    }
  }
}

}  // namespace

void default_pod(json::Object& pod) {
  auto* spec = &pod["spec"];
  if (!spec->is_object()) spec->emplace_object();
  set_if_absent(spec->get_object(), "enableServiceLinks", true);
  for (const auto* key : {"initContainers", "containers"}) {
    auto* containers = list(spec->get_object(), key);
    if (containers == nullptr) continue;
    for (auto& container : *containers)
      if (container.is_object()) requests_from_limits(container.get_object());
  }
}

void default_pod_spec(json::Object& spec) {
  const std::string_view name = text(spec, "serviceAccountName");
  const std::string_view twin = text(spec, "serviceAccount");
  if (name.empty() && !twin.empty()) {
    spec["serviceAccountName"] = json::String(twin);
  } else if (!name.empty() && twin != name) {
    spec["serviceAccount"] = json::String(name);
  }
  if (const auto* host = spec.if_contains("hostNetwork"); host != nullptr && host->is_bool() && host->get_bool()) {
    default_host_ports(spec, "containers");
    default_host_ports(spec, "initContainers");
  }
}

void default_container(json::Object& container) {
  if (!text(container, "imagePullPolicy").empty()) return;
  container["imagePullPolicy"] = is_latest(text(container, "image")) ? "Always" : "IfNotPresent";
}

void default_volume(json::Object& volume) {
  for (const auto& member : volume)
    if (member.key() != "name" && !member.value().is_null()) return;
  volume["emptyDir"].emplace_object();
}

void default_service_spec(json::Object& spec) {
  std::string type(text(spec, "type"));  // a copy: members move when others come and go
  if (type.empty()) type = "ClusterIP";
  if (text(spec, "sessionAffinity") == "ClientIP") {
    json::Value config = present(spec, "sessionAffinityConfig") ? spec.at("sessionAffinityConfig") : json::Object();
    auto& client = json::ensure(config, {"clientIP"});
    if (!client.is_object()) client.emplace_object();
    set_if_absent(client.get_object(), "timeoutSeconds", 10800);
    spec["sessionAffinityConfig"] = std::move(config);
  } else {
    spec.erase("sessionAffinityConfig");
  }
  const bool is_node_port = type == "NodePort";
  const bool is_balancer = type == "LoadBalancer";
  const auto* external_ips = list(spec, "externalIPs");
  const bool has_external_ips = external_ips != nullptr && !external_ips->empty();
  if ((is_node_port || is_balancer || (type == "ClusterIP" && has_external_ips)) &&
      text(spec, "externalTrafficPolicy").empty())
    spec["externalTrafficPolicy"] = "Cluster";
  if (type != "ExternalName" && text(spec, "internalTrafficPolicy").empty()) spec["internalTrafficPolicy"] = "Cluster";
  if (is_balancer) set_if_absent(spec, "allocateLoadBalancerNodePorts", true);
}

void default_service_port(json::Object& port) {
  const auto* target = port.if_contains("targetPort");
  const bool is_unset = target == nullptr || target->is_null() || (target->is_int64() && target->get_int64() == 0) ||
                        (target->is_string() && target->get_string().empty());
  if (is_unset && present(port, "port"))
    port["targetPort"] = json::Value(port.at("port"));  // a copy: the insertion moves members
}

void default_deployment_strategy(json::Object& strategy) {
  if (text(strategy, "type").empty()) strategy["type"] = "RollingUpdate";
  if (text(strategy, "type") != "RollingUpdate") return;
  auto& rolling = strategy["rollingUpdate"];
  if (!rolling.is_object()) rolling.emplace_object();
  set_if_absent(rolling.get_object(), "maxUnavailable", "25%");
  set_if_absent(rolling.get_object(), "maxSurge", "25%");
}

void default_node_status(json::Object& status) {
  if (present(status, "capacity") && !present(status, "allocatable"))
    status["allocatable"] = json::Value(status.at("capacity"));
}

}  // namespace appliance::orchestrator::api
