// A rule as a run of expressions, each a step of the kernel's little machine: load into registers, compare (a miss ends
// the rule), look up, act. Pure encoding; every function returns *this.
//
//   Rule().load_ip_dst(0).load_l4proto(1).load_dport(2).lookup_verdict("svc", 0)
#pragma once

#include <string>
#include <string_view>

#include "net/netlink/message.h"
#include "net/nft/types.h"

namespace appliance::net::nft {

class Rule {
 public:
  // Loads.
  Rule& load_ip_src(Reg to);
  Rule& load_ip_dst(Reg to);
  Rule& load_dport(
      Reg to);  // of the transport header; the rule must have compared the protocol or looked it up before acting
  Rule& load_l4proto(Reg to);
  Rule& load_iif(Reg to);  // index of the link it came in by
  Rule& load_iif_group(Reg to);
  Rule& load_mark(Reg to);
  Rule& load_ct_state(Reg to);
  Rule& load_ct_status(Reg to);
  Rule& load_address_type(Reg to);  // fib daddr type: RTN_LOCAL = 2
  Rule& load_reverse_oif(Reg to);   // fib saddr . iif oif: 0 when the source would not be routed back there
  Rule& load_value(Reg to, std::string_view bytes);
  Rule& load_random(Reg to, uint32_t modulus);  // 0..modulus-1

  // Conditions.
  Rule& equal(Reg reg, std::string_view bytes);
  Rule& not_equal(Reg reg, std::string_view bytes);
  Rule& mask(Reg reg, uint32_t bits);  // reg &= bits, as loaded
  Rule& mask_ip(Reg reg, uint32_t host_order_mask);
  Rule& in_set(std::string_view set, Reg key);
  Rule& not_in_set(std::string_view set, Reg key);
  Rule& lookup(std::string_view map, Reg key, Reg to);  // a miss ends the rule
  Rule& lookup_verdict(std::string_view map, Reg key);

  // Conveniences made of the above; they clobber register `tmp`.
  Rule& l4proto_is(uint8_t proto, Reg tmp);
  Rule& src_in(netlink::Cidr cidr, Reg tmp);
  Rule& src_not_in(netlink::Cidr cidr, Reg tmp);
  Rule& dst_in(netlink::Cidr cidr, Reg tmp);
  Rule& dst_not_in(netlink::Cidr cidr, Reg tmp);
  Rule& dst_is_local(Reg tmp);
  Rule& ct_new(Reg tmp);

  // Actions.
  Rule& verdict(const Verdict& verdict);
  Rule& counter();
  Rule& or_mark(uint32_t bits, Reg tmp);  // meta mark set meta mark | bits
  Rule& clear_mark(uint32_t bits, Reg tmp);
  Rule& dnat(Reg ip, Reg port);
  Rule& masquerade();  // random, fully-random: port clashes race between CPUs otherwise
  Rule& reject_tcp_reset();
  Rule& reject_port_unreachable();
  Rule& update_map(std::string_view map, Reg key, Reg data, uint64_t timeout_ms);  // dynamic; adds or refreshes

  Rule& delete_from_map(std::string_view map, Reg key, Reg data);  // dynamic; the element of this key

  [[nodiscard]] const std::string& bytes() { return encoder_.finish(); }

 private:
  template <class Body>
  Rule& expression(std::string_view name, Body body);
  Rule& load_meta(uint32_t key, Reg to);
  Rule& load_payload(uint32_t base, uint32_t offset, uint32_t length, Reg to);
  Rule& compare(uint32_t op, Reg reg, std::string_view bytes);
  Rule& bitwise(Reg reg, std::string_view mask, std::string_view flip);
  Rule& set_lookup(std::string_view set, Reg key, const Reg* to, bool invert);

  Rule& dynamic(uint32_t op, std::string_view map, Reg key, Reg data, uint64_t timeout_ms);

  netlink::Builder encoder_;
};

}  // namespace appliance::net::nft
