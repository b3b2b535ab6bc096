#include "net/netlink/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "net/netlink/encode.h"

namespace appliance::net::netlink {
namespace {

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

}  // namespace

Result<RouteSocket> RouteSocket::open() { return RouteSocket(TRY(Socket::open(NETLINK_ROUTE))); }

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
        r.on_link = (info.rtm_flags & RTNH_F_ONLINK) != 0;
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

}  // namespace appliance::net::netlink
