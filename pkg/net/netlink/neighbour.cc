#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "net/netlink/encode.h"

namespace appliance::net::netlink {
namespace {

ndmsg forwarding_header(int link) {
  ndmsg out{};
  out.ndm_family = AF_BRIDGE;
  out.ndm_ifindex = link;
  out.ndm_state = NUD_PERMANENT | NUD_NOARP;
  out.ndm_flags = NTF_SELF;  // the device's own table, not that of a bridge it is a port of
  return out;
}

}  // namespace

Result<std::vector<Neighbour>> RouteSocket::neighbours(int link) {
  std::vector<Neighbour> out;
  Builder b;
  ndmsg fixed{};
  fixed.ndm_family = AF_INET;
  b.begin(RTM_GETNEIGH, 0, fixed);
  TRY(socket_.dump(
      b, "list neighbours", [&] { out.clear(); },
      [&](const Message& m) {
        const auto info = m.fixed<ndmsg>();
        if (m.type != RTM_NEWNEIGH || info.ndm_family != AF_INET || info.ndm_ifindex != link) return;
        const auto attributes = parse_attributes(m.attributes<ndmsg>());
        const auto* ip = find_attribute(attributes, NDA_DST);
        const auto* mac = find_attribute(attributes, NDA_LLADDR);
        if (ip == nullptr || mac == nullptr) return;
        out.push_back({.link = link,
                       .ip = {ip->as_be32()},
                       .mac = mac->as<Mac>(),
                       .permanent = (info.ndm_state & NUD_PERMANENT) != 0});
      }));
  return out;
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

Result<> RouteSocket::delete_neighbour(int link, Ipv4 ip) {
  ndmsg fixed{};
  fixed.ndm_family = AF_INET;
  fixed.ndm_ifindex = link;
  Builder b;
  b.begin(RTM_DELNEIGH, 0, fixed);
  b.be32(NDA_DST, ip.value);
  return first_failure(TRY(socket_.request(b)), {ENOENT, ENODEV}, "delete neighbour " + ip.string());
}

Result<std::vector<ForwardingEntry>> RouteSocket::forwarding(int link) {
  std::vector<ForwardingEntry> out;
  Builder b;
  ndmsg fixed{};
  fixed.ndm_family = AF_BRIDGE;
  fixed.ndm_ifindex = link;
  b.begin(RTM_GETNEIGH, 0, fixed);
  TRY(socket_.dump(
      b, "list forwarding entries", [&] { out.clear(); },
      [&](const Message& m) {
        const auto info = m.fixed<ndmsg>();
        if (m.type != RTM_NEWNEIGH || info.ndm_family != AF_BRIDGE || info.ndm_ifindex != link) return;
        const auto attributes = parse_attributes(m.attributes<ndmsg>());
        const auto* mac = find_attribute(attributes, NDA_LLADDR);
        const auto* remote = find_attribute(attributes, NDA_DST);
        if (mac != nullptr && remote != nullptr)
          out.push_back({.link = link, .mac = mac->as<Mac>(), .remote = {remote->as_be32()}});
      }));
  return out;
}

Result<> RouteSocket::add_forwarding(const ForwardingEntry& entry) {
  Builder b;
  b.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, forwarding_header(entry.link));
  b.bytes(NDA_LLADDR, view(entry.mac));
  b.be32(NDA_DST, entry.remote.value);
  return socket_.request_one(b, "add forwarding entry to " + entry.remote.string());
}

Result<> RouteSocket::delete_forwarding(const ForwardingEntry& entry) {
  Builder b;
  b.begin(RTM_DELNEIGH, 0, forwarding_header(entry.link));
  b.bytes(NDA_LLADDR, view(entry.mac));
  b.be32(NDA_DST, entry.remote.value);
  return first_failure(TRY(socket_.request(b)), {ENOENT, ENODEV},
                       "delete forwarding entry to " + entry.remote.string());
}

}  // namespace appliance::net::netlink
