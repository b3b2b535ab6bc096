#include "orchestrator/podnet/peers_apply.h"

#include <arpa/inet.h>
#include <linux/ip.h>

#include <cstring>

#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Ipv4;
using net::netlink::RouteSocket;
using net::nft::Element;
using net::nft::Nft;

// Keeps the first error and counts the others.
class Errors {
 public:
  void take(const Result<>& result) {
    if (result) return;
    if (count_++ == 0) first_ = result.error();
  }
  [[nodiscard]] Result<> result() const {
    if (count_ == 0) return {};
    Error out = first_;
    if (count_ > 1) out.message += " (and " + std::to_string(count_ - 1) + " more errors)";
    return fail(out);
  }

 private:
  Error first_;
  size_t count_ = 0;
};

template <class T, class Key>
std::vector<Element> elements(const std::vector<T>& values, Key key) {
  std::vector<Element> out;
  for (const auto& v : values) out.push_back({.key = key(v)});
  return out;
}

// A set's key has the length of its field; only concatenations are padded.
std::string port_key(uint16_t port) { return net::nft::key_port(port).substr(0, sizeof port); }

template <class T>
T number(const std::string& key) {
  T out = 0;
  if (key.size() >= sizeof out) std::memcpy(&out, key.data(), sizeof out);
  return out;
}

Result<> apply_sets(Nft& nft, const PeerChanges& c) {
  if (c.nodes.empty() && c.tunnel_port.empty()) return {};
  net::nft::Batch b(kTable);
  b.delete_elements(kNodes, elements(c.nodes.gone, net::nft::key_ip));
  b.add_elements(kNodes, elements(c.nodes.added, net::nft::key_ip));
  b.delete_elements(kTunnelPort, elements(c.tunnel_port.gone, port_key));
  b.add_elements(kTunnelPort, elements(c.tunnel_port.added, port_key));
  return nft.commit(b);
}

Result<> bring_up(RouteSocket& net) {
  // Loose reverse path filter (the kernel takes the larger of this and `all`): a direct route one way and the tunnel
  // the other way is no forgery.
  auto result = net.change_link(kTunnelLink, {.up = true,
                                              .ipv4_conf = {{IPV4_DEVCONF_RP_FILTER, 2},
                                                            {IPV4_DEVCONF_SEND_REDIRECTS, 0},
                                                            {IPV4_DEVCONF_ACCEPT_REDIRECTS, 0}}});
  if (!result && result.error().errno_value == EADDRINUSE)
    return fail(Error(result.error()).with_hint("another program has the tunnel's UDP port: give the cluster another"));
  return result;
}

Result<> prepare_tunnel(RouteSocket& net, const PeerChanges& c) {
  TRY(net.delete_links(c.wrong_tunnel));
  if (c.create_tunnel) {
    TRY(net.create_vxlan(*c.create_tunnel));
    if (auto up = bring_up(net); !up) {
      const auto half = TRY(net.link(kTunnelLink));
      TRY(net.delete_links({half.index}));
      return up;
    }
  }
  if (c.tunnel_up) TRY(bring_up(net));
  if (c.tunnel_mtu) TRY(net.change_link(kTunnelLink, {.mtu = c.tunnel_mtu}));
  return {};
}

}  // namespace

Result<PeerState> observe_peers(RouteSocket& net, Nft& nft) {
  PeerState out;
  out.links = TRY(net.links());
  out.addresses = TRY(net.addresses());
  out.routes = TRY(net.routes());
  for (const auto& link : out.links) {
    if (!is_tunnel(link)) continue;
    out.neighbours = TRY(net.neighbours(link.index));
    std::erase_if(out.neighbours, [](const auto& n) { return !n.permanent; });  // the kernel's own, for multicast
    out.forwarding = TRY(net.forwarding(link.index));
  }
  for (const auto& e : TRY(nft.elements(kTable, kNodes))) out.nodes.insert({ntohl(number<uint32_t>(e.key))});
  for (const auto& e : TRY(nft.elements(kTable, kTunnelPort))) out.tunnel_port.insert(ntohs(number<uint16_t>(e.key)));
  return out;
}

Result<> apply_peers(RouteSocket& net, Nft& nft, const PeerChanges& c) {
  TRY(apply_sets(nft, c));  // the guard comes before what it guards
  Errors errors;
  int tunnel = 0;  // stays 0 without one: its entries are skipped, direct routes are set all the same
  if (const auto prepared = prepare_tunnel(net, c); !prepared) {
    errors.take(prepared);
  } else if (const auto link = net.link(kTunnelLink)) {
    tunnel = link->index;
  }
  const auto placed = [&](auto entry) {
    if (entry.link == 0) entry.link = tunnel;
    return entry;
  };
  const auto add = [&](const auto& list, auto call) {
    for (const auto& entry : list)
      if (const auto e = placed(entry); e.link != 0) errors.take(call(e));
  };
  add(c.addresses.added, [&](const auto& e) { return net.add_address(e); });
  add(c.forwarding.added, [&](const auto& e) { return net.add_forwarding(e); });
  add(c.neighbours.added, [&](const auto& e) { return net.add_neighbour(e.link, e.ip, e.mac); });
  add(c.routes.added, [&](const auto& e) { return net.add_route(e); });
  for (const auto& e : c.routes.gone) errors.take(net.delete_route(e));
  for (const auto& e : c.neighbours.gone) errors.take(net.delete_neighbour(e.link, e.ip));
  for (const auto& e : c.forwarding.gone) errors.take(net.delete_forwarding(e));
  for (const auto& e : c.addresses.gone) errors.take(net.delete_address(e));
  errors.take(net.delete_links(c.unused_tunnel));
  return errors.result();
}

}  // namespace appliance::orchestrator::podnet
