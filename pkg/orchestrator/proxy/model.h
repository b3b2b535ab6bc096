// What the proxy plans on: services and endpoints as values, read out of API documents. Pure; IPv4.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json/json.h"
#include "net/netlink/ip.h"

namespace appliance::orchestrator::proxy {

using net::netlink::Ipv4;

struct ServicePort {
  std::string name;
  uint8_t proto = 6;  // 6 TCP, 17 UDP
  uint16_t port = 0;
  uint16_t node_port = 0;  // 0 = none
  auto operator<=>(const ServicePort&) const = default;
};

struct ServiceModel {
  std::vector<Ipv4> cluster_ips;   // empty: headless or ExternalName, no rules
  std::vector<Ipv4> external_ips;  // spec.externalIPs and load balancer ingress of ipMode VIP
  std::vector<ServicePort> ports;  // TCP and UDP; others are left out
  bool external_local = false;     // externalTrafficPolicy: Local
  bool internal_local = false;     // internalTrafficPolicy: Local
  uint32_t affinity_seconds = 0;   // 0 = no session affinity
};

struct EndpointModel {
  Ipv4 ip;
  uint16_t port = 0;
  bool local = false;  // on this node
  bool ready = false;
  bool serving = false;
  bool terminating = false;
  auto operator<=>(const EndpointModel&) const = default;
};

struct PortEndpoints {  // of one port name and protocol
  std::string name;
  uint8_t proto = 6;
  std::vector<EndpointModel> endpoints;
};

ServiceModel read_service(const json::Value& service);
// Adds the slice's endpoints to `ports`. A slice of another address type than IPv4 adds nothing.
void read_slice(const json::Value& slice, std::string_view node_name, std::vector<PortEndpoints>& ports);

// Which endpoints get new connections: the ready ones; if there are none, those that serve while they terminate
// (KEP-1669). With local_only only this node's are looked at. Sorted, without duplicates.
std::vector<EndpointModel> usable(const std::vector<EndpointModel>& endpoints, bool local_only);

}  // namespace appliance::orchestrator::proxy
