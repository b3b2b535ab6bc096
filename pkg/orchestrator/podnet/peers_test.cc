// The plan alone: no kernel.
#include "orchestrator/podnet/peers.h"

#include <catch2/catch.hpp>

#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/rules.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using net::netlink::Address;
using net::netlink::Cidr;
using net::netlink::ForwardingEntry;
using net::netlink::Ipv4;
using net::netlink::kOwnProtocol;
using net::netlink::Link;
using net::netlink::Neighbour;
using net::netlink::Route;

namespace {

Ipv4 ip(const char* text) { return *net::netlink::parse_ipv4(text); }
Cidr cidr(const char* text) { return *net::netlink::parse_cidr(text); }

constexpr int kUplink = 2;
constexpr int kTunnel = 7;

PeerSettings settings() {
  return {.pod_cidr = cidr("10.42.0.0/24"),
          .cluster_cidr = cidr("10.42.0.0/16"),
          .node_name = "a",
          .node_ip = ip("192.0.2.1"),
          .tunnel = Tunnel::kAuto,
          .vxlan_port = 8472,
          .mtu = 1500};
}

PeerState machine() {
  return {.links = {{.index = 1, .name = "lo", .mtu = 65536, .up = true, .loopback = true},
                    {.index = kUplink, .name = "eth0", .mtu = 1500, .up = true, .ethernet = true}},
          .addresses = {{.link = kUplink, .ip = ip("192.0.2.1"), .prefix = 24}},
          .routes = {{.destination = cidr("192.0.2.0/24"), .link = kUplink, .protocol = 2},
                     {.destination = cidr("0.0.0.0/0"), .link = kUplink, .gateway = ip("192.0.2.254"), .protocol = 3}}};
}

const Peer kNear{.node = "b", .pod_cidr = "10.42.1.0/24", .node_ip = "192.0.2.2"};
const Peer kFar{.node = "c", .pod_cidr = "10.42.2.0/24", .node_ip = "198.51.100.3"};

// The kernel after these changes.
PeerState after(PeerState have, const PeerChanges& c) {
  REQUIRE(c.wrong_tunnel.empty());
  if (c.create_tunnel)
    have.links.push_back({.index = kTunnel,
                          .name = c.create_tunnel->name,
                          .kind = "vxlan",
                          .mac = c.create_tunnel->mac,
                          .mtu = c.create_tunnel->mtu,
                          .up = true,
                          .ethernet = true,
                          .vxlan = c.create_tunnel->vxlan});
  const auto take = [](auto& list, const auto& difference) {
    for (auto e : difference.added) {
      if (e.link == 0) e.link = kTunnel;
      list.push_back(e);
    }
    for (const auto& e : difference.gone) std::erase(list, e);
  };
  take(have.addresses, c.addresses);
  take(have.routes, c.routes);
  take(have.neighbours, c.neighbours);
  take(have.forwarding, c.forwarding);
  for (const auto n : c.nodes.added) have.nodes.insert(n);
  for (const auto n : c.nodes.gone) have.nodes.erase(n);
  for (const auto p : c.tunnel_port.added) have.tunnel_port.insert(p);
  for (const auto p : c.tunnel_port.gone) have.tunnel_port.erase(p);
  return have;
}

PeerState settled(const std::vector<Peer>& peers) { return after(machine(), plan_peers(settings(), peers, machine())); }

}  // namespace

TEST_CASE("peer plan: a neighbour gets a route by its own address and nothing else") {
  const auto c = plan_peers(settings(), {kNear}, machine());
  REQUIRE(c.routes.added.size() == 1);
  CHECK(c.routes.added[0] == Route{.destination = cidr("10.42.1.0/24"), .link = kUplink, .gateway = ip("192.0.2.2")});
  CHECK_FALSE(c.create_tunnel);
  CHECK(c.neighbours.empty());
  CHECK(c.forwarding.empty());
  CHECK(c.tunnel_port.empty());
  CHECK(c.nodes.added == std::vector<Ipv4>{ip("192.0.2.2")});
  CHECK(c.refused.empty());
}

TEST_CASE("peer plan: a node behind a gateway gets route, neighbour and forwarding entry of a tunnel") {
  const auto c = plan_peers(settings(), {kFar}, machine());
  REQUIRE(c.create_tunnel);
  CHECK(c.create_tunnel->mtu == 1450);
  CHECK(c.create_tunnel->mac == tunnel_mac("a"));
  CHECK(c.create_tunnel->vxlan.local == ip("192.0.2.1"));
  CHECK(c.addresses.added == std::vector<Address>{{.link = 0, .ip = ip("10.42.0.1"), .prefix = 32}});
  CHECK(c.forwarding.added ==
        std::vector<ForwardingEntry>{{.link = 0, .mac = tunnel_mac("c"), .remote = ip("198.51.100.3")}});
  CHECK(c.neighbours.added == std::vector<Neighbour>{{.link = 0, .ip = ip("10.42.2.1"), .mac = tunnel_mac("c")}});
  CHECK(c.routes.added == std::vector<Route>{{.destination = cidr("10.42.2.0/24"),
                                              .link = 0,
                                              .gateway = ip("10.42.2.1"),
                                              .source = ip("10.42.0.1"),
                                              .on_link = true}});
  CHECK(c.tunnel_port.added == std::vector<uint16_t>{8472});
}

TEST_CASE("peer plan: what is right is left alone") {
  const std::vector<Peer> peers{kNear, kFar};
  auto have = settled(peers);
  CHECK(plan_peers(settings(), peers, have).nothing_to_do());
  CHECK(plan_peers(settings(), {kFar, kNear, {.node = "a", .pod_cidr = "", .node_ip = ""}}, have).nothing_to_do());
  for (auto& r : have.routes)
    if (r.gateway.value != 0) r.scope = net::netlink::Scope::kGlobal;  // as the kernel gives it back
  CHECK(plan_peers(settings(), peers, have).nothing_to_do());
}

TEST_CASE("peer plan: only what belongs to a peer that left goes, and the tunnel with the last that needs it") {
  const auto have = settled({kNear, kFar});
  const auto near_left = plan_peers(settings(), {kFar}, have);
  CHECK(near_left.routes.gone.size() == 1);
  CHECK(near_left.routes.added.empty());
  CHECK(near_left.unused_tunnel.empty());
  CHECK(near_left.nodes.gone == std::vector<Ipv4>{ip("192.0.2.2")});
  const auto far_left = plan_peers(settings(), {kNear}, have);
  CHECK(far_left.unused_tunnel == std::vector<int>{kTunnel});
  CHECK(far_left.routes.empty());  // its routes go with the device
  CHECK(far_left.tunnel_port.gone == std::vector<uint16_t>{8472});
}

TEST_CASE("peer plan: routes of ours without a gateway, and routes of others, are never touched") {
  auto have = machine();
  have.routes.push_back({.destination = cidr("10.42.0.2/32"), .link = 5});  // a pod
  have.routes.push_back({.destination = cidr("10.43.0.0/16"), .link = 1});  // services
  have.routes.push_back({.destination = cidr("10.42.1.0/24"),
                         .link = kUplink,
                         .gateway = ip("192.0.2.9"),
                         .protocol = 3});  // an administrator's
  CHECK(plan_peers(settings(), {}, have).nothing_to_do());
  const auto c = plan_peers(settings(), {kNear}, have);
  CHECK(c.nothing_to_do());
  REQUIRE(c.refused.size() == 1);
  CHECK(c.refused[0].find("made by something else") != std::string::npos);
}

TEST_CASE("peer plan: a tunnel with another port, address or vni is made anew with all its entries") {
  const auto have = settled({kFar});
  auto other_port = settings();
  other_port.vxlan_port = 4789;
  const auto c = plan_peers(other_port, {kFar}, have);
  CHECK(c.wrong_tunnel == std::vector<int>{kTunnel});
  REQUIRE(c.create_tunnel);
  CHECK(c.create_tunnel->vxlan.port == 4789);
  CHECK(c.routes.added.size() == 1);
  CHECK(c.forwarding.added.size() == 1);
  CHECK(c.neighbours.added.size() == 1);
  CHECK(c.addresses.added.size() == 1);
  CHECK(c.addresses.gone.empty());
}

TEST_CASE("peer plan: the tunnel follows the underlay's MTU and comes up again") {
  auto have = settled({kFar});
  have.links[1].mtu = 1400;
  have.links.back().up = false;
  const auto c = plan_peers(settings(), {kFar}, have);
  CHECK(c.tunnel_mtu == 1350);
  CHECK(c.tunnel_up);
  CHECK_FALSE(c.create_tunnel);
}

TEST_CASE("peer plan: always and never are obeyed") {
  auto s = settings();
  s.tunnel = Tunnel::kAlways;
  CHECK(plan_peers(s, {kNear}, machine()).create_tunnel);
  s.tunnel = Tunnel::kNever;
  const auto never = plan_peers(s, {kNear, kFar}, machine());
  CHECK(never.routes.added.size() == 1);
  CHECK_FALSE(never.create_tunnel);
  CHECK(never.refused.size() == 1);
}

TEST_CASE("peer plan: direct is an address on an Ethernet link without a gateway, by the most specific route") {
  auto have = machine();
  CHECK(direct_link(ip("192.0.2.77"), have) == kUplink);
  CHECK_FALSE(direct_link(ip("198.51.100.3"), have));
  have.routes.push_back(
      {.destination = cidr("192.0.2.77/32"), .link = kUplink, .gateway = ip("192.0.2.254"), .protocol = 3});
  CHECK_FALSE(direct_link(ip("192.0.2.77"), have));
  CHECK(direct_link(ip("192.0.2.78"), have) == kUplink);
  have.links[1].ethernet = false;  // a point-to-point link, WireGuard: it routes by its own rules
  CHECK_FALSE(direct_link(ip("192.0.2.78"), have));
  have.links[1].ethernet = true;
  have.links[1].up = false;
  CHECK_FALSE(direct_link(ip("192.0.2.78"), have));
}

TEST_CASE("peer plan: a peer that cannot be right is refused by name and reason") {
  struct Row {
    Peer peer;
    const char* why;
  };
  const std::vector<Row> rows{
      {{.node = "x", .pod_cidr = "10.42.1.0", .node_ip = "192.0.2.5"}, "not an IPv4 range"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "host.example"}, "not an IPv4 address"},
      {{.node = "x", .pod_cidr = "10.99.0.0/24", .node_ip = "192.0.2.5"}, "outside of the cluster's 10.42.0.0/16"},
      {{.node = "x", .pod_cidr = "10.0.0.0/8", .node_ip = "192.0.2.5"}, "outside of the cluster's 10.42.0.0/16"},
      {{.node = "x", .pod_cidr = "10.42.9.9/32", .node_ip = "192.0.2.5"}, "too small"},
      {{.node = "x", .pod_cidr = "10.42.0.128/25", .node_ip = "192.0.2.5"}, "overlaps this node's"},
      {{.node = "x", .pod_cidr = "10.42.0.0/16", .node_ip = "192.0.2.5"}, "overlaps this node's"},
      {{.node = "x", .pod_cidr = "10.42.1.128/25", .node_ip = "192.0.2.5"}, "overlaps that of node b"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "192.0.2.2"}, "also that of node b"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "192.0.2.1"}, "this machine's"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "127.0.0.1"}, "not one of a machine"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "224.0.0.1"}, "not one of a machine"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "255.255.255.255"}, "not one of a machine"},
      {{.node = "x", .pod_cidr = "10.42.9.0/24", .node_ip = "10.42.200.1"}, "inside of the cluster's pod range"},
      {{.node = "", .pod_cidr = "10.42.9.0/24", .node_ip = "192.0.2.5"}, "no name"},
      {{.node = "b", .pod_cidr = "10.42.9.0/24", .node_ip = "192.0.2.5"}, "named twice"},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    const auto c = plan_peers(settings(), {kNear, row.peer}, machine());
    REQUIRE(c.refused.size() == 1);
    CHECK(c.refused[0].find(row.why) != std::string::npos);
    CHECK(c.routes.added.size() == 1);  // the good one
  }
}

TEST_CASE("peer plan: a tunnel without a name or an address of this node is refused, a direct route is not") {
  for (const bool nameless : {true, false}) {
    auto s = settings();
    if (nameless) s.node_name = "";
    if (!nameless) s.node_ip = ip("203.0.113.1");  // of a router that translates addresses
    const auto c = plan_peers(s, {kNear, kFar}, machine());
    CHECK(c.routes.added.size() == 1);
    CHECK_FALSE(c.create_tunnel);
    CHECK(c.refused.size() == 1);
  }
}

TEST_CASE("peer plan: the number of peers has a limit") {
  std::vector<Peer> peers;
  auto s = settings();
  s.cluster_cidr = cidr("10.0.0.0/8");
  for (size_t i = 0; i < kPeersMax + 2; ++i) {
    const Ipv4 pods{0x0a800000 + static_cast<uint32_t>(i) * 256};
    const Ipv4 node{0xc6336400 + static_cast<uint32_t>(i)};
    peers.push_back({.node = "n" + std::to_string(i), .pod_cidr = pods.string() + "/24", .node_ip = node.string()});
  }
  const auto c = plan_peers(s, peers, machine());
  CHECK(c.nodes.added.size() == kPeersMax);
  CHECK(c.refused.size() == 2);
}
