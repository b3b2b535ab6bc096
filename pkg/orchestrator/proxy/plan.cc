#include "orchestrator/proxy/plan.h"

#include <netinet/in.h>

#include <algorithm>

namespace appliance::orchestrator::proxy {
namespace {

using net::nft::Element;
using net::nft::key_ip;
using net::nft::key_port;
using net::nft::key_proto;
using net::nft::key_u32;

void put(State& state, const char* map, Element element) {
  state[map].insert_or_assign(element.key, std::move(element));
}

struct Frontend {
  FrontendKind kind = FrontendKind::kCluster;
  Ipv4 ip{};  // of kCluster and kExternal*
  ServicePort port{};
  bool local_only = false;
};

bool is_node_port(FrontendKind kind) {
  return kind == FrontendKind::kNodePort || kind == FrontendKind::kNodePortLocal ||
         kind == FrontendKind::kNodePortInside;
}

std::vector<Frontend> frontends_of(const ServiceModel& service) {
  std::vector<Frontend> out;
  for (const auto& port : service.ports) {
    for (const auto ip : service.cluster_ips)
      out.push_back({.kind = FrontendKind::kCluster, .ip = ip, .port = port, .local_only = service.internal_local});
    for (const auto ip : service.external_ips)
      out.push_back({.kind = service.external_local ? FrontendKind::kExternalLocal : FrontendKind::kExternal,
                     .ip = ip,
                     .port = port,
                     .local_only = service.external_local});
    if (port.node_port == 0) continue;
    if (!service.external_local) {
      out.push_back({.kind = FrontendKind::kNodePort, .port = port});
      continue;
    }
    out.push_back({.kind = FrontendKind::kNodePortLocal, .port = port, .local_only = true});
    out.push_back({.kind = FrontendKind::kNodePortInside, .port = port});
  }
  return out;
}

struct Keys {
  std::string element;  // of svc or nodeports
  std::string backend;  // of be, without the slot
  const char* map = "svc";
  const char* empty_map = "no_svc";
};

Keys keys_of(const Frontend& f) {
  Keys out;
  if (!is_node_port(f.kind)) {
    out.element = key_ip(f.ip) + key_proto(f.port.proto) + key_port(f.port.port);
    out.backend = out.element;
    return out;
  }
  out.element = key_proto(f.port.proto) + key_port(f.port.node_port);
  out.backend = key_ip({f.kind == FrontendKind::kNodePortInside ? 1U : 0U}) + out.element;
  out.map = f.kind == FrontendKind::kNodePortInside ? "nodeports_in" : "nodeports";
  out.empty_map = "no_nodeports";
  return out;
}

void plan_empty(const Frontend& f, const Keys& keys, ServicePlan& out) {
  if (f.kind == FrontendKind::kNodePortInside) return;  // its twin from outside says it
  // A Local policy without a local endpoint drops: another node may have one, and the client shall try that.
  put(out.state, keys.empty_map,
      {.key = keys.element, .verdict = f.local_only ? net::nft::drop() : net::nft::go_to("reject")});
}

void plan_frontend(const Frontend& f, const std::vector<EndpointModel>& endpoints, uint32_t affinity_seconds,
                   ServicePlan& out) {
  const Keys keys = keys_of(f);
  if (endpoints.empty()) return plan_empty(f, keys, out);
  const ChainSpec chain{.kind = f.kind, .slots = slots_for(endpoints.size()), .affinity_seconds = affinity_seconds};
  out.chains.insert(chain);
  put(out.state, keys.map, {.key = keys.element, .verdict = net::nft::go_to(chain.name())});
  for (uint32_t slot = 0; slot < chain.slots; ++slot) {
    const auto& e = endpoints[slot % endpoints.size()];
    put(out.state, "be", {.key = keys.backend + key_u32(slot), .data = key_ip(e.ip) + key_port(e.port)});
  }
  if (affinity_seconds == 0) return;
  for (const auto& e : endpoints) put(out.state, "live", {.key = keys.backend + key_ip(e.ip) + key_port(e.port)});
}

UdpFrontend udp_frontend(const Frontend& f, const std::vector<EndpointModel>& endpoints) {
  UdpFrontend out{.ip = f.ip, .port = is_node_port(f.kind) ? f.port.node_port : f.port.port, .endpoints = {}};
  for (const auto& e : endpoints) out.endpoints.emplace(e.ip, e.port);
  return out;
}

}  // namespace

ServicePlan plan_service(const ServiceModel& service, const std::vector<PortEndpoints>& endpoints) {
  ServicePlan out;
  for (const auto ip : service.cluster_ips) put(out.state, "cluster_ips", {.key = key_ip(ip)});
  for (const auto& f : frontends_of(service)) {
    const auto it = std::find_if(endpoints.begin(), endpoints.end(),
                                 [&](const auto& e) { return e.name == f.port.name && e.proto == f.port.proto; });
    const auto chosen = it == endpoints.end() ? std::vector<EndpointModel>{} : usable(it->endpoints, f.local_only);
    plan_frontend(f, chosen, service.affinity_seconds, out);
    if (f.port.proto == IPPROTO_UDP) out.udp.push_back(udp_frontend(f, chosen));
  }
  return out;
}

Changes difference(const State& have, const State& want) {
  Changes out;
  static const Elements kNothing;
  const auto elements = [](const State& state, const std::string& map) -> const Elements& {
    const auto it = state.find(map);
    return it == state.end() ? kNothing : it->second;
  };
  std::set<std::string> maps;
  for (const auto& [map, unused] : have) maps.insert(map);
  for (const auto& [map, unused] : want) maps.insert(map);
  for (const auto& map : maps) {
    ElementChange change;
    const auto& old_elements = elements(have, map);
    const auto& new_elements = elements(want, map);
    for (const auto& [key, element] : old_elements) {
      const auto it = new_elements.find(key);
      if (it == new_elements.end() || it->second != element) change.removed.push_back(element);
    }
    for (const auto& [key, element] : new_elements) {
      const auto it = old_elements.find(key);
      if (it == old_elements.end() || it->second != element) change.added.push_back(element);
    }
    if (!change.removed.empty() || !change.added.empty()) out.emplace(map, std::move(change));
  }
  return out;
}

void merge(State& into, const State& part) {
  for (const auto& [map, elements] : part)
    for (const auto& [key, element] : elements) into[map].insert_or_assign(key, element);
}

void merge(Changes& into, Changes part) {
  for (auto& [map, change] : part) {
    auto& target = into[map];
    std::move(change.removed.begin(), change.removed.end(), std::back_inserter(target.removed));
    std::move(change.added.begin(), change.added.end(), std::back_inserter(target.added));
  }
}

}  // namespace appliance::orchestrator::proxy
