#include "orchestrator/proxy/model.h"

#include <netinet/in.h>

#include <algorithm>
#include <optional>

namespace appliance::orchestrator::proxy {
namespace {

std::optional<uint8_t> proto_of(std::string_view name) {
  if (name.empty() || name == "TCP") return uint8_t{IPPROTO_TCP};
  if (name == "UDP") return uint8_t{IPPROTO_UDP};
  return std::nullopt;  // SCTP needs conntrack help that this kernel may lack: not yet
}

std::string_view text_of(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

uint16_t port_of(int64_t value) {
  return value > 0 && value <= UINT16_MAX ? static_cast<uint16_t>(value) : uint16_t{0};
}

void add_ip(std::vector<Ipv4>& out, std::string_view text) {
  const auto ip = net::netlink::parse_ipv4(text);
  if (ip && std::find(out.begin(), out.end(), *ip) == out.end()) out.push_back(*ip);
}

std::vector<ServicePort> read_ports(const json::Value& service) {
  std::vector<ServicePort> out;
  for (const auto& p : json::array_at(service, {"spec", "ports"})) {
    const auto proto = proto_of(json::string_at(p, {"protocol"}));
    const uint16_t port = port_of(json::int_at(p, {"port"}));
    if (!proto || port == 0) continue;
    out.push_back({.name = std::string(json::string_at(p, {"name"})),
                   .proto = *proto,
                   .port = port,
                   .node_port = port_of(json::int_at(p, {"nodePort"}))});
  }
  return out;
}

constexpr int64_t kAffinityDefault_seconds = 10800;
constexpr int64_t kAffinityMax_seconds = 86400;  // the API's own limit

}  // namespace

ServiceModel read_service(const json::Value& service) {
  ServiceModel out;
  if (json::string_at(service, {"spec", "type"}) == "ExternalName") return out;
  for (const auto& ip : json::array_at(service, {"spec", "clusterIPs"})) add_ip(out.cluster_ips, text_of(ip));
  add_ip(out.cluster_ips, json::string_at(service, {"spec", "clusterIP"}));
  if (out.cluster_ips.empty()) return out;
  for (const auto& ip : json::array_at(service, {"spec", "externalIPs"})) add_ip(out.external_ips, text_of(ip));
  for (const auto& ingress : json::array_at(service, {"status", "loadBalancer", "ingress"}))
    if (json::string_at(ingress, {"ipMode"}, "VIP") == "VIP")
      add_ip(out.external_ips, json::string_at(ingress, {"ip"}));
  out.ports = read_ports(service);
  out.external_local = json::string_at(service, {"spec", "externalTrafficPolicy"}) == "Local";
  out.internal_local = json::string_at(service, {"spec", "internalTrafficPolicy"}) == "Local";
  if (json::string_at(service, {"spec", "sessionAffinity"}) == "ClientIP")
    out.affinity_seconds = static_cast<uint32_t>(
        std::clamp<int64_t>(json::int_at(service, {"spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"},
                                         kAffinityDefault_seconds),
                            1, kAffinityMax_seconds));
  return out;
}

void read_slice(const json::Value& slice, std::string_view node_name, std::vector<PortEndpoints>& ports) {
  if (json::string_at(slice, {"addressType"}) != "IPv4") return;
  for (const auto& p : json::array_at(slice, {"ports"})) {
    const auto proto = proto_of(json::string_at(p, {"protocol"}));
    const uint16_t port = port_of(json::int_at(p, {"port"}));
    if (!proto || port == 0) continue;
    const auto name = json::string_at(p, {"name"});
    auto it =
        std::find_if(ports.begin(), ports.end(), [&](const auto& e) { return e.name == name && e.proto == *proto; });
    if (it == ports.end())
      it = ports.insert(ports.end(), {.name = std::string(name), .proto = *proto, .endpoints = {}});
    for (const auto& e : json::array_at(slice, {"endpoints"})) {
      const auto& addresses = json::array_at(e, {"addresses"});
      const auto ip = addresses.empty() ? std::nullopt : net::netlink::parse_ipv4(text_of(addresses[0]));
      if (!ip) continue;
      const bool ready = json::bool_at(e, {"conditions", "ready"}, true);  // absent means ready
      it->endpoints.push_back({.ip = *ip,
                               .port = port,
                               .local = json::string_at(e, {"nodeName"}) == node_name,
                               .ready = ready,
                               .serving = json::bool_at(e, {"conditions", "serving"}, ready),
                               .terminating = json::bool_at(e, {"conditions", "terminating"}, false)});
    }
  }
}

std::vector<EndpointModel> usable(const std::vector<EndpointModel>& endpoints, bool local_only) {
  std::vector<EndpointModel> ready;
  std::vector<EndpointModel> draining;
  for (const auto& e : endpoints) {
    if (local_only && !e.local) continue;
    if (e.ready) ready.push_back(e);
    if (!e.ready && e.serving && e.terminating) draining.push_back(e);
  }
  auto& out = ready.empty() ? draining : ready;
  std::sort(out.begin(), out.end());
  const auto same = [](const EndpointModel& a, const EndpointModel& b) { return a.ip == b.ip && a.port == b.port; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return std::move(out);
}

}  // namespace appliance::orchestrator::proxy
