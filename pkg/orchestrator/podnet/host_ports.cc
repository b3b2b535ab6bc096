#include "orchestrator/podnet/host_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <set>

#include "net/nft/conntrack.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::nft::Element;

// The last two fields of every host port key are proto . port, 4 bytes each.
uint8_t proto_of(const std::string& key) { return static_cast<uint8_t>(key[key.size() - 8]); }
uint16_t port_of(const std::string& key) {
  uint16_t port = 0;
  std::memcpy(&port, key.data() + key.size() - 4, sizeof port);
  return ntohs(port);
}

Result<> cut_udp_flows(const std::set<uint16_t>& ports) {
  if (ports.empty()) return {};
  TRY(net::nft::delete_flows(IPPROTO_UDP,
                             [&](const net::nft::Flow& f) { return ports.contains(f.original_dst.port); }));
  return {};
}

}  // namespace

Result<HostPortTable> HostPortTable::load() {
  HostPortTable out;
  auto nft = TRY(net::nft::Nft::open());
  for (const char* map : {kHostPorts, kHostPortsIp}) {
    auto& elements = out.maps_[map];
    for (auto& e : TRY(nft.elements(kTable, map)))
      if (e.key.size() >= 8 && e.data.size() == 8) elements[e.key] = e.data;
  }
  return out;
}

Result<> HostPortTable::set(net::netlink::Ipv4 pod, const std::vector<HostPort>& ports) {
  std::map<std::string, Elements> want;
  for (const auto& port : ports) {
    auto e = TRY(host_port_element(port, pod));
    want[e.map][e.element.key] = e.element.data;
  }
  const std::string pod_key = net::nft::key_ip(pod);
  net::nft::Batch batch(kTable);
  auto next = maps_;
  std::set<uint16_t> udp_ports;
  for (auto& [map, have] : maps_) {
    std::vector<Element> gone;
    std::vector<Element> added;
    for (const auto& [key, data] : have) {
      const auto it = want[map].find(key);
      const bool mine = data.compare(0, pod_key.size(), pod_key) == 0;
      if (it == want[map].end() ? !mine : it->second == data) continue;
      gone.push_back({.key = key});
      next[map].erase(key);
    }
    for (const auto& [key, data] : want[map]) {
      if (auto it = next[map].find(key); it != next[map].end()) continue;
      added.push_back({.key = key, .data = data});
      next[map][key] = data;
    }
    for (const auto* list : {&gone, &added})
      for (const auto& e : *list)
        if (proto_of(e.key) == IPPROTO_UDP) udp_ports.insert(port_of(e.key));
    batch.delete_elements(map, gone);
    batch.add_elements(map, added);
  }
  if (batch.empty()) return {};
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.commit(batch));
  maps_ = std::move(next);
  return cut_udp_flows(udp_ports);
}

Result<> HostPortTable::restore() const {
  net::nft::Batch batch(kTable);
  for (const auto& [map, elements] : maps_) {
    std::vector<Element> all;
    for (const auto& [key, data] : elements) all.push_back({.key = key, .data = data});
    batch.add_elements(map, all);
  }
  auto nft = TRY(net::nft::Nft::open());
  return nft.commit(batch);
}

}  // namespace appliance::orchestrator::podnet
