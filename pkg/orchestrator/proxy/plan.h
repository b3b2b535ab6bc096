// plan(): from services and endpoints to the elements that the kernel shall have, and from two such states to the
// smallest transaction between them. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "net/nft/types.h"
#include "orchestrator/proxy/layout.h"
#include "orchestrator/proxy/model.h"

namespace appliance::orchestrator::proxy {

// Elements by map, then by key.
using Elements = std::map<std::string, net::nft::Element>;
using State = std::map<std::string, Elements, std::less<>>;  // "svc", "be", ...: the maps of layout.h

// One UDP way in and who may answer behind it: for the clean-up of connection tracking.
struct UdpFrontend {
  Ipv4 ip;  // 0 = a node port
  uint16_t port = 0;
  std::set<std::pair<Ipv4, uint16_t>> endpoints;
  auto operator<=>(const UdpFrontend&) const = default;
};

struct ServicePlan {
  State state;
  std::set<ChainSpec> chains;
  std::vector<UdpFrontend> udp;
};

ServicePlan plan_service(const ServiceModel& service, const std::vector<PortEndpoints>& endpoints);

struct ElementChange {
  std::vector<net::nft::Element> removed;  // by key; a changed element stands in both lists
  std::vector<net::nft::Element> added;
};
using Changes = std::map<std::string, ElementChange, std::less<>>;  // by map; only maps that change

Changes difference(const State& have, const State& want);
void merge(State& into, const State& part);
// Several changes in one: a key that one service gives up and another takes is removed and added.
void merge(Changes& into, Changes part);

}  // namespace appliance::orchestrator::proxy
