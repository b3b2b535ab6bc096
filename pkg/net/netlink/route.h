// Links, addresses, routes, neighbours and forwarding entries of one network namespace, by raw rtnetlink (man 7
// rtnetlink). IPv4. Implemented in link.cc (links), route.cc (addresses and routes) and neighbour.cc.
//
//   auto net = TRY(RouteSocket::open());
//   auto link = TRY(net.link("eth0"));
//   TRY(net.add_route({.destination = pod, .link = link.index}));
//
// add_* and delete_* are idempotent: what is there already, or gone already, is fine. Not thread-safe; blocking (µs to
// ms; delete_links ~18 ms per link). Socket::open() says which namespace.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/netlink/ip.h"
#include "net/netlink/socket.h"

namespace appliance::net::netlink {

using Mac = std::array<uint8_t, 6>;

constexpr uint8_t kOwnProtocol =
    0x52;  // rtm_protocol of every route that appliance makes: own routes can be listed and swept

// A VXLAN device (RFC 7348) that learns nothing: forwarding entries say where each link address is.
struct Vxlan {
  uint32_t vni = 0;   // 24 bits
  Ipv4 local{};       // source of the outer packets
  uint16_t port = 0;  // UDP, own and the others'
  bool learning = false;
  auto operator<=>(const Vxlan&) const = default;
};

struct Link {
  int index = 0;
  std::string name{};
  std::string alias{};
  std::string kind{};  // "veth", "" for hardware
  Mac mac{};
  int mtu = 0;
  uint32_t group = 0;
  bool up = false;
  bool loopback = false;
  bool ethernet = false;  // neighbours are found by ARP: no tunnel, point-to-point or loopback link
  int master = 0;         // index of the bridge that it is a port of; 0 = none
  std::optional<Vxlan> vxlan{};
};

struct VethSpec {
  std::string name{};  // <= 15 characters
  Mac mac{};
  std::string peer_name;  // "eth0"
  Mac peer_mac{};
  int peer_netns_fd = -1;  // the peer is born there: no move, no race for its name
  int mtu = 1500;          // of both ends
  int netns_fd = -1;       // of the first end; -1: the socket's own namespace
};

struct VxlanSpec {
  std::string name{};  // <= 15 characters
  Mac mac{};
  int mtu = 1450;
  Vxlan vxlan{};
};

struct LinkChange {
  std::optional<bool> up{};
  std::optional<int> mtu{};
  std::optional<std::string> alias{};
  std::optional<uint32_t> group{};
  std::optional<int> master{};                        // becomes a port of this bridge; 0: of none
  bool no_ipv6_address = false;                       // none of its own making, before it is up; EAFNOSUPPORT: no IPv6
  std::vector<std::pair<int, uint32_t>> ipv4_conf{};  // net.ipv4.conf.<link>.*: IPV4_DEVCONF_* (linux/ip.h) and value
};

enum class Scope : uint8_t { kGlobal = 0, kLink = 253, kHost = 254 };

struct Address {
  int link = 0;
  Ipv4 ip{};
  int prefix = 32;
  Scope scope = Scope::kGlobal;
  auto operator<=>(const Address&) const = default;
};

struct Route {
  Cidr destination{};
  int link = 0;
  Ipv4 gateway{};  // 0 = none
  Ipv4 source{};   // preferred source address; 0 = the kernel's choice
  Scope scope = Scope::kLink;
  uint8_t protocol = kOwnProtocol;
  uint32_t metric = 0;
  bool on_link = false;  // the gateway needs no route of its own
  auto operator<=>(const Route&) const = default;
};

// An IPv4 address's link address on a link.
struct Neighbour {
  int link = 0;
  Ipv4 ip{};
  Mac mac{};
  bool permanent = true;  // false: found by ARP
  auto operator<=>(const Neighbour&) const = default;
};

// Where a VXLAN device sends what is for a link address.
struct ForwardingEntry {
  int link = 0;
  Mac mac{};
  Ipv4 remote{};  // outer destination
  auto operator<=>(const ForwardingEntry&) const = default;
};

class RouteSocket {
 public:
  static Result<RouteSocket> open();

  Result<std::vector<Link>> links();
  Result<Link> link(const std::string& name);       // kNotFound
  Result<> create_veth(const VethSpec& spec);       // kAlreadyExists
  Result<> create_bridge(const std::string& name);  // kAlreadyExists; down, without ports
  Result<> create_vxlan(const VxlanSpec& spec);     // kAlreadyExists
  Result<> change_link(const std::string& name, const LinkChange& change);
  Result<> delete_links(const std::vector<int>& indexes);

  Result<std::vector<Address>> addresses();
  Result<> add_address(const Address& address);
  Result<> delete_address(const Address& address);

  Result<std::vector<Route>> routes();        // main table, unicast
  Result<> add_route(const Route& route);     // replaces a route to the same destination
  Result<> delete_route(const Route& route);  // destination, link and protocol must match

  Result<std::vector<Neighbour>> neighbours(int link);  // those with a link address
  // A permanent neighbour: never asked for by ARP, never expired. Replaces what is known about this address.
  Result<> add_neighbour(int link, Ipv4 ip, const Mac& mac);
  Result<> delete_neighbour(int link, Ipv4 ip);

  Result<std::vector<ForwardingEntry>> forwarding(int link);  // of a VXLAN device
  Result<> add_forwarding(const ForwardingEntry& entry);      // replaces the one of this link address
  Result<> delete_forwarding(const ForwardingEntry& entry);

 private:
  explicit RouteSocket(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

}  // namespace appliance::net::netlink
