// Service (core/v1). Addresses and node ports are the API server's to allocate.
#include <set>

#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/schema/schemas.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

bool is_headless(const json::Value& service) { return json::string_at(service, {"spec", "clusterIP"}) == "None"; }

std::string external_ips(const json::Value& service) {
  const auto type = json::string_at(service, {"spec", "type"});
  if (type == "ExternalName") return std::string(json::string_at(service, {"spec", "externalName"}));
  std::string out;
  const auto add = [&](std::string_view text) {
    if (text.empty()) return;
    if (!out.empty()) out += ',';
    out += text;
  };
  if (type == "LoadBalancer") {
    for (const auto& one : json::array_at(service, {"status", "loadBalancer", "ingress"})) {
      const auto ip = json::string_at(one, {"ip"});
      add(ip.empty() ? json::string_at(one, {"hostname"}) : ip);
    }
  }
  for (const auto& one : json::array_at(service, {"spec", "externalIPs"})) add(text_of(one));
  if (!out.empty()) return out;
  return type == "LoadBalancer" ? "<pending>" : "<none>";
}

std::string ports_text(const json::Value& service) {
  std::string out;
  for (const auto& port : json::array_at(service, {"spec", "ports"})) {
    if (!out.empty()) out += ',';
    out += std::to_string(json::int_at(port, {"port"}));
    if (const auto node = json::int_at(port, {"nodePort"}); node > 0) out += ':' + std::to_string(node);
    out += '/';
    out += json::string_at(port, {"protocol"});
  }
  return out.empty() ? "<none>" : out;
}

json::Array cells(const json::Value& service, int64_t now_seconds) {
  const auto& ips = json::array_at(service, {"spec", "clusterIPs"});
  std::string_view ip = ips.empty() ? json::string_at(service, {"spec", "clusterIP"}) : text_of(ips.front());
  if (ip.empty()) ip = "<none>";
  return {name_cell(service),
          cell(json::string_at(service, {"spec", "type"})),
          cell(ip),
          cell(external_ips(service)),
          cell(ports_text(service)),
          age_cell(service, now_seconds),
          cell(joined_labels(json::find(service, {"spec", "selector"})))};
}

void prepare(json::Value& service, const json::Value* /*old*/) {
  auto& spec = json::ensure(service, {"spec"});
  if (!spec.is_object()) spec.emplace_object();
  const auto type = json::string_at(service, {"spec", "type"});
  if (type == "ExternalName") return;
  // One address family: what the pods have.
  if (json::find(spec, {"ipFamilyPolicy"}) == nullptr) spec.get_object()["ipFamilyPolicy"] = "SingleStack";
  if (json::find(spec, {"ipFamilies"}) == nullptr) spec.get_object()["ipFamilies"] = json::Array{"IPv4"};
  const auto ip = json::string_at(spec, {"clusterIP"});
  if (!ip.empty() && json::array_at(spec, {"clusterIPs"}).empty())
    spec.get_object()["clusterIPs"] = json::Array{json::String(ip)};
}

void validate_port(const json::Value& service, const json::Value& port, const std::string& at, bool needs_name,
                   std::set<std::string_view>& names, Errors& errors) {
  const auto name = json::string_at(port, {"name"});
  if (needs_name && name.empty()) {
    errors.push_back(required(at + ".name"));
  } else if (!name.empty()) {
    add_invalid(errors, at + ".name", name, check_dns_label(name));
    if (!names.insert(name).second) errors.push_back(duplicate(at + ".name", json::String(name)));
  }
  for (const auto& why : check_port(json::int_at(port, {"port"})))
    errors.push_back(invalid(at + ".port", json::int_at(port, {"port"}), why));
  check_choice(port, "protocol", at + ".protocol", {"SCTP", "TCP", "UDP"}, errors);
  if (const auto* target = json::find(port, {"targetPort"}); target != nullptr) {
    if (target->is_int64())
      for (const auto& why : check_port(target->get_int64()))
        errors.push_back(invalid(at + ".targetPort", *target, why));
    if (target->is_string())
      add_invalid(errors, at + ".targetPort", text_of(*target), check_port_name(text_of(*target)));
  }
  if (const auto* node = json::find(port, {"nodePort"}); node != nullptr && json::int_at(port, {"nodePort"}) != 0) {
    if (json::string_at(service, {"spec", "type"}) == "ClusterIP")
      errors.push_back(forbidden(at + ".nodePort", "may not be used when `type` is 'ClusterIP'"));
  }
}

void validate_ports(const json::Value& service, Errors& errors) {
  const auto& ports = json::array_at(service, {"spec", "ports"});
  if (ports.empty() && !is_headless(service) && json::string_at(service, {"spec", "type"}) != "ExternalName")
    errors.push_back(required("spec.ports"));
  std::set<std::string_view> names;
  std::set<std::pair<std::string_view, int64_t>> seen;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string at = at_index("spec.ports", i);
    validate_port(service, ports[i], at, ports.size() > 1, names, errors);
    const auto protocol = json::string_at(ports[i], {"protocol"});
    const auto number = json::int_at(ports[i], {"port"});
    if (!seen.emplace(protocol, number).second)
      errors.push_back(duplicate(at, json::Object{{"protocol", json::String(protocol)}, {"port", number}}));
  }
}

void validate_update(const json::Value& service, const json::Value& old, Errors& errors) {
  const auto type = json::string_at(service, {"spec", "type"});
  if (type == "ExternalName" || json::string_at(old, {"spec", "type"}) == "ExternalName") return;
  const auto before = json::string_at(old, {"spec", "clusterIP"});
  const auto now = json::string_at(service, {"spec", "clusterIP"});
  if (before.empty() || now == before) return;
  const auto* ips = json::find(service, {"spec", "clusterIPs"});
  errors.push_back(invalid("spec.clusterIPs[0]", ips != nullptr ? *ips : json::Value(json::Array{json::String(now)}),
                           "may not change once set"));
}

void validate(const json::Value& service, const json::Value* old, Errors& errors) {
  static const json::Value kNone = json::Object();
  const auto* spec = json::find(service, {"spec"});
  if (spec == nullptr) spec = &kNone;
  validate_ports(service, errors);
  check_choice(*spec, "sessionAffinity", "spec.sessionAffinity", {"ClientIP", "None"}, errors);
  const auto type = json::string_at(*spec, {"type"});
  if (type == "ExternalName") {
    const auto name = json::string_at(*spec, {"externalName"});
    if (name.empty()) {
      errors.push_back(required("spec.externalName"));
    } else {
      add_invalid(errors, "spec.externalName", name.ends_with('.') ? name.substr(0, name.size() - 1) : name,
                  check_dns_subdomain(name.ends_with('.') ? name.substr(0, name.size() - 1) : name));
    }
    if (!json::string_at(*spec, {"clusterIP"}).empty())
      errors.push_back(forbidden("spec.clusterIPs", "may not be set when `type` is 'ExternalName'"));
  }
  check_choice(*spec, "type", "spec.type", {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, errors);
  check_labels(errors, "spec.selector", json::find(*spec, {"selector"}));
  const auto ip = json::string_at(*spec, {"clusterIP"});
  if (!ip.empty() && ip != "None" && !is_ip(ip))
    errors.push_back(invalid("spec.clusterIPs[0]", json::Array{json::String(ip)},
                             "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  if (ip == "None" && (type == "NodePort" || type == "LoadBalancer"))
    errors.push_back(invalid("spec.clusterIPs[0]", json::Array{"None"},
                             "may not be set to 'None' for " + std::string(type) + " services"));
  const auto& externals = json::array_at(*spec, {"externalIPs"});
  for (size_t i = 0; i < externals.size(); ++i)
    if (!is_ip(text_of(externals[i])))
      errors.push_back(invalid(at_index("spec.externalIPs", i), externals[i],
                               "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
  if (old != nullptr) validate_update(service, *old, errors);
}

}  // namespace

Kind service_kind() {
  Kind kind = stored_kind("", "Service", "services");
  kind.short_names = {"svc"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.schema = &core::kService;
  kind.prepare = prepare;
  kind.validate = validate;
  kind.check_name = check_dns_1035_label;
  kind.columns.push_back({.name = "Type", .format = {}, .description = "How the service is exposed."});
  kind.columns.push_back({.name = "Cluster-IP", .format = {}, .description = "Address inside the cluster."});
  kind.columns.push_back({.name = "External-IP", .format = {}, .description = "Addresses outside of the cluster."});
  kind.columns.push_back({.name = "Port(s)", .format = {}, .description = "Ports, with node port and protocol."});
  kind.columns.push_back({.name = "Age", .format = {}, .description = "Time since the object was created."});
  kind.columns.push_back(
      {.name = "Selector", .format = {}, .description = "Labels of the pods behind it.", .priority = 1});
  kind.cells = cells;
  return kind;
}

}  // namespace appliance::orchestrator::api
