#include "net/nft/conntrack.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <vector>

#include "net/netlink/socket.h"

namespace appliance::net::nft {
namespace {

using netlink::find_attribute;
using netlink::parse_attributes;

constexpr uint16_t type_of(uint16_t message) { return (NFNL_SUBSYS_CTNETLINK << 8U) | message; }

nfgenmsg inet() { return {.nfgen_family = AF_INET, .version = NFNETLINK_V0, .res_id = 0}; }

struct Tuple {
  Endpoint src;
  Endpoint dst;
  uint8_t proto = 0;
};

Tuple parse_tuple(std::string_view bytes) {
  Tuple out;
  for (const auto& a : parse_attributes(bytes)) {
    const auto inner = parse_attributes(a.data);
    for (const auto& i : inner) {
      if (a.type == CTA_TUPLE_IP && i.type == CTA_IP_V4_SRC) out.src.ip.value = i.as_be32();
      if (a.type == CTA_TUPLE_IP && i.type == CTA_IP_V4_DST) out.dst.ip.value = i.as_be32();
      if (a.type == CTA_TUPLE_PROTO && i.type == CTA_PROTO_NUM) out.proto = i.as<uint8_t>();
      if (a.type == CTA_TUPLE_PROTO && i.type == CTA_PROTO_SRC_PORT) out.src.port = i.as_be16();
      if (a.type == CTA_TUPLE_PROTO && i.type == CTA_PROTO_DST_PORT) out.dst.port = i.as_be16();
    }
  }
  return out;
}

}  // namespace

Result<size_t> delete_flows(uint8_t proto, const std::function<bool(const Flow&)>& doomed) {
  auto socket = TRY(netlink::Socket::open(NETLINK_NETFILTER));
  netlink::Builder dump;
  dump.begin(type_of(IPCTNL_MSG_CT_GET), 0, inet());
  netlink::Builder deletes;
  TRY(socket.dump(
      dump, "list connections", [&] { deletes = {}; },
      [&](const netlink::Message& m) {
        if (m.type != type_of(IPCTNL_MSG_CT_NEW)) return;
        const auto attributes = parse_attributes(m.attributes<nfgenmsg>());
        const auto* original = find_attribute(attributes, CTA_TUPLE_ORIG);
        const auto* reply = find_attribute(attributes, CTA_TUPLE_REPLY);
        const auto* status = find_attribute(attributes, CTA_STATUS);
        if (original == nullptr || reply == nullptr) return;
        const Tuple forth = parse_tuple(original->data);
        if (forth.proto != proto) return;
        const Flow flow{.proto = proto,
                        .original_src = forth.src,
                        .original_dst = forth.dst,
                        .reply_src = parse_tuple(reply->data).src,
                        .dnat = status != nullptr && (status->as_be32() & IPS_DST_NAT) != 0};
        if (!doomed(flow)) return;
        deletes.begin(type_of(IPCTNL_MSG_CT_DELETE), 0, inet());
        deletes.bytes(CTA_TUPLE_ORIG | NLA_F_NESTED, original->data);
        if (const auto* id = find_attribute(attributes, CTA_ID)) deletes.bytes(CTA_ID, id->data);
        if (const auto* zone = find_attribute(attributes, CTA_ZONE)) deletes.bytes(CTA_ZONE, zone->data);
      }));
  const size_t count = deletes.count();
  const auto failures = TRY(socket.request(deletes));
  for (const auto& f : failures)
    if (f.errno_value != ENOENT) return fail(f.error("delete connection"));  // ENOENT: it ended by itself
  return count - failures.size();
}

}  // namespace appliance::net::nft
