#include "net/nft/rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include "net/nft/encode.h"

namespace appliance::net::nft {
namespace {

uint32_t number(Reg reg) { return NFT_REG32_00 + reg; }

void put_value(netlink::Builder& b, uint16_t attribute, std::string_view bytes) {
  auto nest = b.nest(attribute);
  b.bytes(NFTA_DATA_VALUE, bytes);
}

std::string host_u32(uint32_t v) { return key_u32(v); }

}  // namespace

void put_verdict(netlink::Builder& b, uint16_t attribute, const Verdict& verdict) {
  auto outer = b.nest(attribute);
  auto inner = b.nest(NFTA_DATA_VERDICT);
  b.be32(NFTA_VERDICT_CODE, static_cast<uint32_t>(verdict.code));
  if (!verdict.chain.empty()) b.text(NFTA_VERDICT_CHAIN, verdict.chain);
}

template <class Body>
Rule& Rule::expression(std::string_view name, Body body) {
  auto element = encoder_.nest(NFTA_LIST_ELEM);
  encoder_.text(NFTA_EXPR_NAME, name);
  auto data = encoder_.nest(NFTA_EXPR_DATA);
  body(encoder_);
  return *this;
}

Rule& Rule::load_payload(uint32_t base, uint32_t offset, uint32_t length, Reg to) {
  return expression("payload", [&](auto& b) {
    b.be32(NFTA_PAYLOAD_DREG, number(to));
    b.be32(NFTA_PAYLOAD_BASE, base);
    b.be32(NFTA_PAYLOAD_OFFSET, offset);
    b.be32(NFTA_PAYLOAD_LEN, length);
  });
}

Rule& Rule::load_ip_src(Reg to) { return load_payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, to); }
Rule& Rule::load_ip_dst(Reg to) { return load_payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, to); }
Rule& Rule::load_dport(Reg to) { return load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, to); }

Rule& Rule::load_meta(uint32_t key, Reg to) {
  return expression("meta", [&](auto& b) {
    b.be32(NFTA_META_DREG, number(to));
    b.be32(NFTA_META_KEY, key);
  });
}
Rule& Rule::load_l4proto(Reg to) { return load_meta(NFT_META_L4PROTO, to); }
Rule& Rule::load_iif(Reg to) { return load_meta(NFT_META_IIF, to); }
Rule& Rule::load_iif_group(Reg to) { return load_meta(NFT_META_IIFGROUP, to); }
Rule& Rule::load_mark(Reg to) { return load_meta(NFT_META_MARK, to); }

Rule& Rule::load_ct_state(Reg to) {
  return expression("ct", [&](auto& b) {
    b.be32(NFTA_CT_DREG, number(to));
    b.be32(NFTA_CT_KEY, NFT_CT_STATE);
  });
}
Rule& Rule::load_ct_status(Reg to) {
  return expression("ct", [&](auto& b) {
    b.be32(NFTA_CT_DREG, number(to));
    b.be32(NFTA_CT_KEY, NFT_CT_STATUS);
  });
}

Rule& Rule::load_address_type(Reg to) {
  return expression("fib", [&](auto& b) {
    b.be32(NFTA_FIB_DREG, number(to));
    b.be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    b.be32(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
  });
}
Rule& Rule::load_reverse_oif(Reg to) {
  return expression("fib", [&](auto& b) {
    b.be32(NFTA_FIB_DREG, number(to));
    b.be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_OIF);
    b.be32(NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF);
  });
}

Rule& Rule::load_value(Reg to, std::string_view bytes) {
  return expression("immediate", [&](auto& b) {
    b.be32(NFTA_IMMEDIATE_DREG, number(to));
    put_value(b, NFTA_IMMEDIATE_DATA, bytes);
  });
}

Rule& Rule::load_random(Reg to, uint32_t modulus) {
  return expression("numgen", [&](auto& b) {
    b.be32(NFTA_NG_DREG, number(to));
    b.be32(NFTA_NG_MODULUS, modulus);
    b.be32(NFTA_NG_TYPE, NFT_NG_RANDOM);
  });
}

Rule& Rule::compare(uint32_t op, Reg reg, std::string_view bytes) {
  return expression("cmp", [&](auto& b) {
    b.be32(NFTA_CMP_SREG, number(reg));
    b.be32(NFTA_CMP_OP, op);
    put_value(b, NFTA_CMP_DATA, bytes);
  });
}
Rule& Rule::equal(Reg reg, std::string_view bytes) { return compare(NFT_CMP_EQ, reg, bytes); }
Rule& Rule::not_equal(Reg reg, std::string_view bytes) { return compare(NFT_CMP_NEQ, reg, bytes); }

Rule& Rule::bitwise(Reg reg, std::string_view mask_bytes, std::string_view flip) {
  return expression("bitwise", [&](auto& b) {
    b.be32(NFTA_BITWISE_SREG, number(reg));
    b.be32(NFTA_BITWISE_DREG, number(reg));
    b.be32(NFTA_BITWISE_LEN, static_cast<uint32_t>(mask_bytes.size()));
    put_value(b, NFTA_BITWISE_MASK, mask_bytes);
    put_value(b, NFTA_BITWISE_XOR, flip);
  });
}
Rule& Rule::mask(Reg reg, uint32_t bits) { return bitwise(reg, host_u32(bits), host_u32(0)); }
Rule& Rule::mask_ip(Reg reg, uint32_t host_order_mask) { return mask(reg, htonl(host_order_mask)); }

Rule& Rule::set_lookup(std::string_view set, Reg key, const Reg* to, bool invert) {
  return expression("lookup", [&](auto& b) {
    b.text(NFTA_LOOKUP_SET, set);
    b.be32(NFTA_LOOKUP_SREG, number(key));
    if (to != nullptr) b.be32(NFTA_LOOKUP_DREG, *to == UINT32_MAX ? uint32_t{NFT_REG_VERDICT} : number(*to));
    if (invert) b.be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  });
}
Rule& Rule::in_set(std::string_view set, Reg key) { return set_lookup(set, key, nullptr, false); }
Rule& Rule::not_in_set(std::string_view set, Reg key) { return set_lookup(set, key, nullptr, true); }
Rule& Rule::lookup(std::string_view map, Reg key, Reg to) { return set_lookup(map, key, &to, false); }
Rule& Rule::lookup_verdict(std::string_view map, Reg key) {
  const Reg verdict_register = UINT32_MAX;
  return set_lookup(map, key, &verdict_register, false);
}

Rule& Rule::l4proto_is(uint8_t proto, Reg tmp) {
  return load_l4proto(tmp).equal(tmp, std::string_view(reinterpret_cast<const char*>(&proto), 1));
}
Rule& Rule::src_in(netlink::Cidr cidr, Reg tmp) {
  return load_ip_src(tmp).mask_ip(tmp, cidr.mask()).equal(tmp, key_ip(cidr.base));
}
Rule& Rule::src_not_in(netlink::Cidr cidr, Reg tmp) {
  return load_ip_src(tmp).mask_ip(tmp, cidr.mask()).not_equal(tmp, key_ip(cidr.base));
}
Rule& Rule::dst_in(netlink::Cidr cidr, Reg tmp) {
  return load_ip_dst(tmp).mask_ip(tmp, cidr.mask()).equal(tmp, key_ip(cidr.base));
}
Rule& Rule::dst_not_in(netlink::Cidr cidr, Reg tmp) {
  return load_ip_dst(tmp).mask_ip(tmp, cidr.mask()).not_equal(tmp, key_ip(cidr.base));
}
Rule& Rule::dst_is_local(Reg tmp) { return load_address_type(tmp).equal(tmp, host_u32(RTN_LOCAL)); }
Rule& Rule::ct_new(Reg tmp) {
  return load_ct_state(tmp).mask(tmp, NF_CT_STATE_BIT(IP_CT_NEW)).not_equal(tmp, host_u32(0));
}

Rule& Rule::verdict(const Verdict& v) {
  return expression("immediate", [&](auto& b) {
    b.be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    put_verdict(b, NFTA_IMMEDIATE_DATA, v);
  });
}
Rule& Rule::counter() {
  return expression("counter", [](auto&) {});
}

Rule& Rule::or_mark(uint32_t bits, Reg tmp) {
  load_mark(tmp).bitwise(tmp, host_u32(~bits), host_u32(bits));
  return expression("meta", [&](auto& b) {
    b.be32(NFTA_META_KEY, NFT_META_MARK);
    b.be32(NFTA_META_SREG, number(tmp));
  });
}
Rule& Rule::clear_mark(uint32_t bits, Reg tmp) {
  load_mark(tmp).bitwise(tmp, host_u32(~bits), host_u32(0));
  return expression("meta", [&](auto& b) {
    b.be32(NFTA_META_KEY, NFT_META_MARK);
    b.be32(NFTA_META_SREG, number(tmp));
  });
}

Rule& Rule::dnat(Reg ip, Reg port) {
  return expression("nat", [&](auto& b) {
    b.be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
    b.be32(NFTA_NAT_FAMILY, NFPROTO_IPV4);
    b.be32(NFTA_NAT_REG_ADDR_MIN, number(ip));
    b.be32(NFTA_NAT_REG_PROTO_MIN, number(port));
    b.be32(NFTA_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED);
  });
}
Rule& Rule::masquerade() {
  return expression("masq", [](auto& b) { b.be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY); });
}
Rule& Rule::reject_tcp_reset() {
  return expression("reject", [](auto& b) { b.be32(NFTA_REJECT_TYPE, NFT_REJECT_TCP_RST); });
}
Rule& Rule::reject_port_unreachable() {
  return expression("reject", [](auto& b) {
    b.be32(NFTA_REJECT_TYPE, NFT_REJECT_ICMP_UNREACH);
    constexpr uint8_t kPortUnreachable = 3;  // ICMP_PORT_UNREACH
    b.value(NFTA_REJECT_ICMP_CODE, kPortUnreachable);
  });
}
Rule& Rule::dynamic(uint32_t op, std::string_view map, Reg key, Reg data, uint64_t timeout_ms) {
  return expression("dynset", [&](auto& b) {
    b.text(NFTA_DYNSET_SET_NAME, map);
    b.be32(NFTA_DYNSET_OP, op);
    b.be32(NFTA_DYNSET_SREG_KEY, number(key));
    b.be32(NFTA_DYNSET_SREG_DATA, number(data));
    if (timeout_ms != 0) b.be64(NFTA_DYNSET_TIMEOUT, timeout_ms);
  });
}
Rule& Rule::update_map(std::string_view map, Reg key, Reg data, uint64_t timeout_ms) {
  return dynamic(NFT_DYNSET_OP_UPDATE, map, key, data, timeout_ms);
}
Rule& Rule::delete_from_map(std::string_view map, Reg key, Reg data) {
  return dynamic(NFT_DYNSET_OP_DELETE, map, key, data, 0);
}

}  // namespace appliance::net::nft
