#include "net/netlink/route.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>

namespace appliance::net::netlink {
namespace {

std::string_view view(const Mac& mac) { return {reinterpret_cast<const char*>(mac.data()), mac.size()}; }

Link parse_link(const Message& message) {
  const auto info = message.fixed<ifinfomsg>();
  Link out;
  out.index = info.ifi_index;
  out.up = (info.ifi_flags & IFF_UP) != 0;
  out.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0;
  for (const auto& a : parse_attributes(message.attributes<ifinfomsg>())) {
    if (a.type == IFLA_IFNAME) out.name = a.as_text();
    if (a.type == IFLA_IFALIAS) out.alias = a.as_text();
    if (a.type == IFLA_MTU) out.mtu = static_cast<int>(a.as<uint32_t>());
    if (a.type == IFLA_GROUP) out.group = a.as<uint32_t>();
    if (a.type == IFLA_ADDRESS) out.mac = a.as<Mac>();
    if (a.type == IFLA_LINKINFO) {
      const auto inner = parse_attributes(a.data);
      if (const auto* kind = find_attribute(inner, IFLA_INFO_KIND)) out.kind = kind->as_text();
    }
  }
  return out;
}

void fill_address(Builder& b, uint16_t type, uint16_t flags, const Address& address) {
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  fixed.ifa_prefixlen = static_cast<uint8_t>(address.prefix);
  fixed.ifa_scope = static_cast<uint8_t>(address.scope);
  fixed.ifa_index = static_cast<uint32_t>(address.link);
  b.begin(type, flags, fixed);
  b.be32(IFA_LOCAL, address.ip.value);
  b.be32(IFA_ADDRESS, address.ip.value);
}

void fill_route(Builder& b, uint16_t type, uint16_t flags, const Route& route) {
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_dst_len = static_cast<uint8_t>(route.destination.prefix);
  fixed.rtm_table = RT_TABLE_MAIN;
  fixed.rtm_protocol = route.protocol;
  fixed.rtm_scope = static_cast<uint8_t>(route.gateway.value != 0 ? Scope::kGlobal : route.scope);
  fixed.rtm_type = RTN_UNICAST;
  fixed.rtm_flags = route.on_link ? RTNH_F_ONLINK : 0;
  b.begin(type, flags, fixed);
  if (route.destination.prefix > 0) b.be32(RTA_DST, route.destination.base.value);
  b.value(RTA_OIF, route.link);
  if (route.gateway.value != 0) b.be32(RTA_GATEWAY, route.gateway.value);
  if (route.source.value != 0) b.be32(RTA_PREFSRC, route.source.value);
  if (route.metric != 0) b.value(RTA_PRIORITY, route.metric);
}

// Errors of `failures` that are not `fine`.
Result<> first_failure(const std::vector<Failure>& failures, std::initializer_list<int> fine, std::string_view what) {
  for (const auto& f : failures)
    if (std::find(fine.begin(), fine.end(), f.errno_value) == fine.end()) return fail(f.error(what));
  return {};
}

}  // namespace

Result<RouteSocket> RouteSocket::open() { return RouteSocket(TRY(Socket::open(NETLINK_ROUTE))); }

Result<std::vector<Link>> RouteSocket::links() {
  std::vector<Link> out;
  Builder b;
  b.begin(RTM_GETLINK, 0, ifinfomsg{});
  TRY(socket_.dump(
      b, "list links", [&] { out.clear(); },
      [&](const Message& m) {
        if (m.type == RTM_NEWLINK) out.push_back(parse_link(m));
      }));
  return out;
}

Result<Link> RouteSocket::link(const std::string& name) {
  Builder b;
  b.begin(RTM_GETLINK, 0, ifinfomsg{});
  b.text(IFLA_IFNAME, name);
  std::optional<Link> out;
  TRY(socket_.query(b, "look up link " + name, [&](const Message& m) {
    if (m.type == RTM_NEWLINK) out = parse_link(m);
  }));
  if (!out) return fail(Code::kNotFound, "link " + name + " is not there");
  return *out;
}

Result<> RouteSocket::create_veth(const VethSpec& spec) {
  Builder b;
  b.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  b.text(IFLA_IFNAME, spec.name);
  b.value(IFLA_MTU, static_cast<uint32_t>(spec.mtu));
  b.bytes(IFLA_ADDRESS, view(spec.mac));
  {
    auto info = b.nest(IFLA_LINKINFO);
    b.text(IFLA_INFO_KIND, "veth");
    auto data = b.nest(IFLA_INFO_DATA);
    auto peer = b.nest(VETH_INFO_PEER);
    const ifinfomsg fixed{};
    b.raw({reinterpret_cast<const char*>(&fixed), sizeof fixed});
    b.text(IFLA_IFNAME, spec.peer_name);
    b.value(IFLA_MTU, static_cast<uint32_t>(spec.mtu));
    b.bytes(IFLA_ADDRESS, view(spec.peer_mac));
    if (spec.peer_netns_fd >= 0) b.value(IFLA_NET_NS_FD, spec.peer_netns_fd);
  }
  return socket_.request_one(b, "create veth " + spec.name);
}

Result<> RouteSocket::change_link(const std::string& name, const LinkChange& change) {
  ifinfomsg fixed{};
  if (change.up) {
    fixed.ifi_change = IFF_UP;
    fixed.ifi_flags = *change.up ? IFF_UP : 0;
  }
  Builder b;
  b.begin(RTM_NEWLINK, 0, fixed);
  b.text(IFLA_IFNAME, name);
  if (change.mtu) b.value(IFLA_MTU, static_cast<uint32_t>(*change.mtu));
  if (change.alias) b.bytes(IFLA_IFALIAS, *change.alias);
  if (change.group) b.value(IFLA_GROUP, *change.group);
  if (!change.ipv4_conf.empty()) {
    auto families = b.nest(IFLA_AF_SPEC);
    auto inet = b.nest(AF_INET);
    auto conf = b.nest(IFLA_INET_CONF);
    for (const auto& [key, value] : change.ipv4_conf) b.value(static_cast<uint16_t>(key), value);
  }
  return socket_.request_one(b, "change link " + name);
}

Result<> RouteSocket::delete_links(const std::vector<int>& indexes) {
  if (indexes.empty()) return {};
  Builder b;
  for (const int index : indexes) {
    ifinfomsg fixed{};
    fixed.ifi_index = index;
    b.begin(RTM_DELLINK, 0, fixed);
  }
  auto failures = TRY(socket_.request(b));
  return first_failure(failures, {ENODEV}, "delete link");
}

Result<std::vector<Address>> RouteSocket::addresses() {
  std::vector<Address> out;
  Builder b;
  ifaddrmsg fixed{};
  fixed.ifa_family = AF_INET;
  b.begin(RTM_GETADDR, 0, fixed);
  TRY(socket_.dump(
      b, "list addresses", [&] { out.clear(); },
      [&](const Message& m) {
        const auto info = m.fixed<ifaddrmsg>();
        const auto attributes = parse_attributes(m.attributes<ifaddrmsg>());
        const auto* local = find_attribute(attributes, IFA_LOCAL);
        if (m.type != RTM_NEWADDR || local == nullptr) return;
        out.push_back({.link = static_cast<int>(info.ifa_index),
                       .ip = {local->as_be32()},
                       .prefix = info.ifa_prefixlen,
                       .scope = static_cast<Scope>(info.ifa_scope)});
      }));
  return out;
}

Result<> RouteSocket::add_address(const Address& address) {
  Builder b;
  fill_address(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address);
  return first_failure(TRY(socket_.request(b)), {EEXIST}, "add address " + address.ip.string());
}

Result<> RouteSocket::delete_address(const Address& address) {
  Builder b;
  fill_address(b, RTM_DELADDR, 0, address);
  return first_failure(TRY(socket_.request(b)), {EADDRNOTAVAIL, ENODEV}, "remove address " + address.ip.string());
}

Result<std::vector<Route>> RouteSocket::routes() {
  std::vector<Route> out;
  Builder b;
  rtmsg fixed{};
  fixed.rtm_family = AF_INET;
  fixed.rtm_table = RT_TABLE_MAIN;
  b.begin(RTM_GETROUTE, 0, fixed);
  auto result = socket_.dump(
      b, "list routes", [&] { out.clear(); },
      [&](const Message& m) {
        const auto info = m.fixed<rtmsg>();
        if (m.type != RTM_NEWROUTE || info.rtm_type != RTN_UNICAST || info.rtm_table != RT_TABLE_MAIN) return;
        Route r;
        r.destination.prefix = info.rtm_dst_len;
        r.scope = static_cast<Scope>(info.rtm_scope);
        r.protocol = info.rtm_protocol;
        for (const auto& a : parse_attributes(m.attributes<rtmsg>())) {
          if (a.type == RTA_DST) r.destination.base.value = a.as_be32();
          if (a.type == RTA_OIF) r.link = a.as<int>();
          if (a.type == RTA_GATEWAY) r.gateway.value = a.as_be32();
          if (a.type == RTA_PREFSRC) r.source.value = a.as_be32();
          if (a.type == RTA_PRIORITY) r.metric = a.as<uint32_t>();
        }
        out.push_back(r);
      });
  if (!result && result.error().errno_value != ENOENT)
    return fail(result.error());  // ENOENT: no route was ever made here
  return out;
}

Result<> RouteSocket::add_route(const Route& route) {
  Builder b;
  fill_route(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
  return socket_.request_one(b, "add route to " + route.destination.string());
}

Result<> RouteSocket::delete_route(const Route& route) {
  Builder b;
  fill_route(b, RTM_DELROUTE, 0, route);
  return first_failure(TRY(socket_.request(b)), {ESRCH, ENODEV}, "delete route to " + route.destination.string());
}

Result<> RouteSocket::add_neighbour(int link, Ipv4 ip, const Mac& mac) {
  ndmsg fixed{};
  fixed.ndm_family = AF_INET;
  fixed.ndm_ifindex = link;
  fixed.ndm_state = NUD_PERMANENT;
  Builder b;
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, fixed);
  b.be32(NDA_DST, ip.value);
  b.bytes(NDA_LLADDR, view(mac));
  return socket_.request_one(b, "add neighbour " + ip.string());
}

}  // namespace appliance::net::netlink
