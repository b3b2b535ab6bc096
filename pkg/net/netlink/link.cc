#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "net/netlink/encode.h"

namespace appliance::net::netlink {
namespace {

Vxlan parse_vxlan(std::string_view data) {
  Vxlan out;
  for (const auto& a : parse_attributes(data)) {
    if (a.type == IFLA_VXLAN_ID) out.vni = a.as<uint32_t>();
    if (a.type == IFLA_VXLAN_LOCAL) out.local.value = a.as_be32();
    if (a.type == IFLA_VXLAN_PORT) out.port = a.as_be16();
    if (a.type == IFLA_VXLAN_LEARNING) out.learning = a.as<uint8_t>() != 0;
  }
  return out;
}

void parse_kind(std::string_view info, Link& out) {
  const auto inner = parse_attributes(info);
  if (const auto* kind = find_attribute(inner, IFLA_INFO_KIND)) out.kind = kind->as_text();
  const auto* data = find_attribute(inner, IFLA_INFO_DATA);
  if (out.kind == "vxlan" && data != nullptr) out.vxlan = parse_vxlan(data->data);
}

Link parse_link(const Message& message) {
  const auto info = message.fixed<ifinfomsg>();
  Link out;
  out.index = info.ifi_index;
  out.up = (info.ifi_flags & IFF_UP) != 0;
  out.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0;
  out.ethernet = info.ifi_type == ARPHRD_ETHER && (info.ifi_flags & (IFF_NOARP | IFF_POINTOPOINT)) == 0;
  for (const auto& a : parse_attributes(message.attributes<ifinfomsg>())) {
    if (a.type == IFLA_IFNAME) out.name = a.as_text();
    if (a.type == IFLA_IFALIAS) out.alias = a.as_text();
    if (a.type == IFLA_MTU) out.mtu = static_cast<int>(a.as<uint32_t>());
    if (a.type == IFLA_GROUP) out.group = a.as<uint32_t>();
    if (a.type == IFLA_ADDRESS) out.mac = a.as<Mac>();
    if (a.type == IFLA_MASTER) out.master = a.as<int>();
    if (a.type == IFLA_LINKINFO) parse_kind(a.data, out);
  }
  return out;
}

}  // namespace

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
  if (spec.netns_fd >= 0) b.value(IFLA_NET_NS_FD, spec.netns_fd);
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

Result<> RouteSocket::create_bridge(const std::string& name) {
  Builder b;
  b.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  b.text(IFLA_IFNAME, name);
  {
    auto info = b.nest(IFLA_LINKINFO);
    b.text(IFLA_INFO_KIND, "bridge");
  }
  return socket_.request_one(b, "create bridge " + name);
}

Result<> RouteSocket::create_vxlan(const VxlanSpec& spec) {
  Builder b;
  b.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  b.text(IFLA_IFNAME, spec.name);
  b.value(IFLA_MTU, static_cast<uint32_t>(spec.mtu));
  b.bytes(IFLA_ADDRESS, view(spec.mac));
  {
    auto info = b.nest(IFLA_LINKINFO);
    b.text(IFLA_INFO_KIND, "vxlan");
    auto data = b.nest(IFLA_INFO_DATA);
    b.value(IFLA_VXLAN_ID, spec.vxlan.vni);
    b.be32(IFLA_VXLAN_LOCAL, spec.vxlan.local.value);
    b.be16(IFLA_VXLAN_PORT, spec.vxlan.port);
    b.value(IFLA_VXLAN_LEARNING, static_cast<uint8_t>(spec.vxlan.learning ? 1 : 0));
  }
  return socket_.request_one(b, "create VXLAN device " + spec.name);
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
  if (change.master) b.value(IFLA_MASTER, *change.master);
  if (change.no_ipv6_address) {
    auto families = b.nest(IFLA_AF_SPEC);
    auto inet6 = b.nest(AF_INET6);
    b.value(IFLA_INET6_ADDR_GEN_MODE, static_cast<uint8_t>(IN6_ADDR_GEN_MODE_NONE));
  }
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

}  // namespace appliance::net::netlink
