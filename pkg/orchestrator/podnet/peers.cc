#include "orchestrator/podnet/peers.h"

#include <algorithm>
#include <map>

#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Address;
using net::netlink::Cidr;
using net::netlink::ForwardingEntry;
using net::netlink::Ipv4;
using net::netlink::kOwnProtocol;
using net::netlink::Link;
using net::netlink::Neighbour;
using net::netlink::Route;

constexpr Cidr kLoopback{.base = {0x7f000000}, .prefix = 8};
constexpr Cidr kMulticastAndAbove{.base = {0xe0000000}, .prefix = 3};
constexpr Cidr kThisNetwork{.base = {}, .prefix = 8};

struct ParsedPeer {
  std::string node;
  Cidr pods;
  Ipv4 address;
};

Ipv4 tunnel_end(Cidr pods) { return {pods.base.value + 1}; }

bool is_own_address(Ipv4 ip, const PeerState& have) {
  return std::any_of(have.addresses.begin(), have.addresses.end(), [&](const Address& a) { return a.ip == ip; });
}

// Why this peer cannot be taken; "" if it can.
std::string judge(const PeerSettings& s, const ParsedPeer& p, const std::vector<ParsedPeer>& taken,
                  const PeerState& have) {
  if (!s.cluster_cidr.contains(p.pods.base) || p.pods.prefix < s.cluster_cidr.prefix)
    return "its pod range " + p.pods.string() + " is outside of the cluster's " + s.cluster_cidr.string();
  if (p.pods.prefix > 30) return "its pod range " + p.pods.string() + " is too small";
  if (p.pods.overlaps(s.pod_cidr))
    return "its pod range " + p.pods.string() + " overlaps this node's " + s.pod_cidr.string();
  if (kLoopback.contains(p.address) || kMulticastAndAbove.contains(p.address) || kThisNetwork.contains(p.address))
    return "its address " + p.address.string() + " is not one of a machine";
  if (s.cluster_cidr.contains(p.address))
    return "its address " + p.address.string() + " is inside of the cluster's pod range " + s.cluster_cidr.string();
  if (is_own_address(p.address, have)) return "its address " + p.address.string() + " is this machine's";
  for (const auto& other : taken) {
    if (p.pods.overlaps(other.pods)) return "its pod range " + p.pods.string() + " overlaps that of node " + other.node;
    if (p.address == other.address) return "its address " + p.address.string() + " is also that of node " + other.node;
  }
  for (const auto& r : have.routes)
    if (r.destination == p.pods && r.protocol != kOwnProtocol && r.metric == 0)
      return "a route to its pod range " + p.pods.string() + " was made by something else";
  return "";
}

// By name, so that of two that exclude each other every run takes the same.
std::vector<ParsedPeer> take_good(const PeerSettings& settings, const std::vector<Peer>& peers, const PeerState& have,
                                  std::vector<std::string>& refused) {
  std::map<std::string, const Peer*> by_name;
  for (const auto& p : peers)
    if (p.node != settings.node_name && !by_name.emplace(p.node, &p).second)
      refused.push_back("node " + p.node + ": named twice");
  std::vector<ParsedPeer> out;
  for (const auto& [node, peer] : by_name) {
    const auto pods = net::netlink::parse_cidr(peer->pod_cidr);
    const auto address = net::netlink::parse_ipv4(peer->node_ip);
    std::string why;
    if (node.empty()) why = "it has no name";
    if (!pods) why = "'" + peer->pod_cidr + "' is not an IPv4 range";
    if (!address) why = "'" + peer->node_ip + "' is not an IPv4 address";
    if (out.size() == kPeersMax) why = "more than " + std::to_string(kPeersMax) + " nodes";
    if (why.empty()) why = judge(settings, {.node = node, .pods = *pods, .address = *address}, out, have);
    if (why.empty()) {
      out.push_back({.node = node, .pods = *pods, .address = *address});
    } else {
      refused.push_back("node " + node + ": " + why);
    }
  }
  return out;
}

const Link* find_tunnel(const PeerState& have) {
  for (const auto& l : have.links)
    if (is_tunnel(l)) return &l;
  return nullptr;
}

// What the kernel shall hold.
struct Wanted {
  std::vector<Route> routes;
  std::vector<Neighbour> neighbours;
  std::vector<ForwardingEntry> forwarding;
  std::set<Ipv4> nodes;
  bool tunnel = false;
};

// "" if a tunnel is possible.
std::string tunnel_refused(const PeerSettings& s, const PeerState& have) {
  if (s.tunnel == Tunnel::kNever) return "no link of this machine reaches it directly, and tunnels are turned off";
  if (s.node_name.empty()) return "a tunnel to it needs this node's name";
  if (!s.node_ip) return "a tunnel to it needs this node's own address";
  if (!is_own_address(*s.node_ip, have))
    return "a tunnel to it needs this node's address " + s.node_ip->string() + " to be on a link of this machine";
  return "";
}

void want_tunnel(const PeerSettings& s, const ParsedPeer& p, int link, Wanted& out) {
  const auto mac = tunnel_mac(p.node);
  out.forwarding.push_back({.link = link, .mac = mac, .remote = p.address});
  out.neighbours.push_back({.link = link, .ip = tunnel_end(p.pods), .mac = mac});
  out.routes.push_back({.destination = p.pods,
                        .link = link,
                        .gateway = tunnel_end(p.pods),
                        .source = tunnel_end(s.pod_cidr),
                        .on_link = true});
  out.tunnel = true;
}

Wanted want(const PeerSettings& s, const std::vector<ParsedPeer>& peers, const PeerState& have, int tunnel,
            std::vector<std::string>& refused) {
  Wanted out;
  for (const auto& p : peers) {
    const auto link = s.tunnel == Tunnel::kAlways ? std::nullopt : direct_link(p.address, have);
    const std::string why = link ? "" : tunnel_refused(s, have);
    if (!why.empty()) {
      refused.push_back("node " + p.node + ": " + why);
      continue;
    }
    out.nodes.insert(p.address);
    if (link) {
      out.routes.push_back({.destination = p.pods, .link = *link, .gateway = p.address});
    } else {
      want_tunnel(s, p, tunnel, out);
    }
  }
  return out;
}

// Routes compare by what we set; the kernel adds a scope of its own.
bool same_route(const Route& a, const Route& b) {
  return a.destination == b.destination && a.link == b.link && a.gateway == b.gateway && a.source == b.source &&
         a.on_link == b.on_link && a.metric == b.metric;
}

Difference<Route> route_difference(const std::vector<Route>& wanted, const std::vector<Route>& have) {
  Difference<Route> out;
  const auto holds = [](const std::vector<Route>& list, auto test) {
    return std::any_of(list.begin(), list.end(), test);
  };
  for (const auto& w : wanted)
    if (!holds(have, [&](const Route& h) { return same_route(w, h); })) out.added.push_back(w);
  for (const auto& h : have)
    if (!holds(wanted, [&](const Route& w) { return w.destination == h.destination && w.metric == h.metric; }))
      out.gone.push_back(h);
  return out;
}

template <class Wanted, class Have>
auto difference(const Wanted& wanted, const Have& have) {
  Difference<typename Wanted::value_type> out;
  for (const auto& w : wanted)
    if (std::find(have.begin(), have.end(), w) == have.end()) out.added.push_back(w);
  for (const auto& h : have)
    if (std::find(wanted.begin(), wanted.end(), h) == wanted.end()) out.gone.push_back(h);
  return out;
}

// Routes of ours to other nodes: pods of this node and the service range have no gateway.
std::vector<Route> peer_routes(const PeerState& have, const std::vector<int>& dying) {
  std::vector<Route> out;
  for (const auto& r : have.routes)
    if (r.protocol == kOwnProtocol && r.gateway.value != 0 &&
        std::find(dying.begin(), dying.end(), r.link) == dying.end())
      out.push_back(r);
  return out;
}

void plan_tunnel_link(const PeerSettings& s, const Wanted& wanted, const PeerState& have, const Link* kept,
                      PeerChanges& out) {
  if (!wanted.tunnel) {
    if (kept != nullptr) out.unused_tunnel.push_back(kept->index);
    return;
  }
  const int mtu = tunnel_mtu(s, have);
  if (kept == nullptr) {
    out.create_tunnel = {.name = kTunnelLink,
                         .mac = tunnel_mac(s.node_name),
                         .mtu = mtu,
                         .vxlan = {.vni = kTunnelVni, .local = *s.node_ip, .port = s.vxlan_port}};
  } else {
    if (kept->mtu != mtu) out.tunnel_mtu = mtu;
    out.tunnel_up = !kept->up;
  }
  const int link = kept == nullptr ? 0 : kept->index;
  std::vector<Address> present;
  for (const auto& a : have.addresses)
    if (kept != nullptr && a.link == link) present.push_back(a);
  out.addresses = difference(std::vector<Address>{{.link = link, .ip = tunnel_end(s.pod_cidr), .prefix = 32}}, present);
}

// The tunnel that is there and right.
const Link* right_tunnel(const PeerSettings& s, const PeerState& have) {
  const Link* found = find_tunnel(have);
  if (found == nullptr || !s.node_ip) return nullptr;
  const net::netlink::Vxlan want{.vni = kTunnelVni, .local = *s.node_ip, .port = s.vxlan_port};
  return found->vxlan == want && found->mac == tunnel_mac(s.node_name) ? found : nullptr;
}

}  // namespace

bool PeerChanges::nothing_to_do() const {
  return wrong_tunnel.empty() && !create_tunnel && !tunnel_mtu && !tunnel_up && addresses.empty() &&
         forwarding.empty() && neighbours.empty() && routes.empty() && nodes.empty() && tunnel_port.empty() &&
         unused_tunnel.empty();
}

bool is_tunnel(const Link& link) { return link.kind == "vxlan" && link.name == kTunnelLink; }

std::optional<int> direct_link(Ipv4 address, const PeerState& have) {
  const Route* best = nullptr;
  for (const auto& r : have.routes) {
    if (!r.destination.contains(address) || r.protocol == kOwnProtocol) continue;
    const bool better = best == nullptr || r.destination.prefix > best->destination.prefix ||
                        (r.destination.prefix == best->destination.prefix && r.metric < best->metric);
    if (better) best = &r;
  }
  if (best == nullptr || best->gateway.value != 0) return std::nullopt;
  for (const auto& l : have.links)
    if (l.index == best->link && l.ethernet && l.up && l.group != kLinkGroup && !is_tunnel(l)) return l.index;
  return std::nullopt;
}

int tunnel_mtu(const PeerSettings& settings, const PeerState& have) {
  int mtu = settings.mtu;
  for (const auto& a : have.addresses)
    for (const auto& l : have.links)
      if (a.ip == settings.node_ip && l.index == a.link && !l.loopback) mtu = std::min(mtu, l.mtu);
  return mtu - kTunnelOverhead;
}

PeerChanges plan_peers(const PeerSettings& settings, const std::vector<Peer>& peers, const PeerState& have) {
  PeerChanges out;
  const Link* kept = right_tunnel(settings, have);
  const Link* present = find_tunnel(have);
  if (present != nullptr && kept == nullptr) out.wrong_tunnel.push_back(present->index);
  const auto good = take_good(settings, peers, have, out.refused);
  const auto wanted = want(settings, good, have, kept == nullptr ? 0 : kept->index, out.refused);
  plan_tunnel_link(settings, wanted, have, kept, out);

  std::vector<int> dying = out.wrong_tunnel;  // its entries go with it
  dying.insert(dying.end(), out.unused_tunnel.begin(), out.unused_tunnel.end());
  out.routes = route_difference(wanted.routes, peer_routes(have, dying));
  if (wanted.tunnel) {
    const bool fresh = kept == nullptr;
    out.neighbours = difference(wanted.neighbours, fresh ? std::vector<Neighbour>{} : have.neighbours);
    std::erase_if(out.neighbours.gone, [&](const Neighbour& gone) {  // replaced: they are deleted by address
      return std::any_of(out.neighbours.added.begin(), out.neighbours.added.end(),
                         [&](const Neighbour& added) { return added.ip == gone.ip; });
    });
    out.forwarding = difference(wanted.forwarding, fresh ? std::vector<ForwardingEntry>{} : have.forwarding);
  }
  out.nodes = difference(wanted.nodes, have.nodes);
  out.tunnel_port =
      difference(wanted.tunnel ? std::set<uint16_t>{settings.vxlan_port} : std::set<uint16_t>{}, have.tunnel_port);
  return out;
}

}  // namespace appliance::orchestrator::podnet
