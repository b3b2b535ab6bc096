// Links, addresses, routes and neighbours of one network namespace, by raw rtnetlink (man 7 rtnetlink). IPv4.
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

struct Link {
  int index = 0;
  std::string name;
  std::string alias;
  std::string kind;  // "veth", "" for hardware
  Mac mac{};
  int mtu = 0;
  uint32_t group = 0;
  bool up = false;
  bool loopback = false;
};

struct VethSpec {
  std::string name{};  // <= 15 characters
  Mac mac{};
  std::string peer_name;  // "eth0"
  Mac peer_mac{};
  int peer_netns_fd = -1;  // the peer is born there: no move, no race for its name
  int mtu = 1500;          // of both ends
};

struct LinkChange {
  std::optional<bool> up{};
  std::optional<int> mtu{};
  std::optional<std::string> alias{};
  std::optional<uint32_t> group{};
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

class RouteSocket {
 public:
  static Result<RouteSocket> open();

  Result<std::vector<Link>> links();
  Result<Link> link(const std::string& name);  // kNotFound
  Result<> create_veth(const VethSpec& spec);  // kAlreadyExists
  Result<> change_link(const std::string& name, const LinkChange& change);
  Result<> delete_links(const std::vector<int>& indexes);

  Result<std::vector<Address>> addresses();
  Result<> add_address(const Address& address);
  Result<> delete_address(const Address& address);

  Result<std::vector<Route>> routes();        // main table, unicast
  Result<> add_route(const Route& route);     // replaces a route to the same destination
  Result<> delete_route(const Route& route);  // destination, link and protocol must match

  // A permanent neighbour: never asked for by ARP, never expired.
  Result<> add_neighbour(int link, Ipv4 ip, const Mac& mac);

 private:
  explicit RouteSocket(Socket socket) : socket_(std::move(socket)) {}
  Socket socket_;
};

}  // namespace appliance::net::netlink
