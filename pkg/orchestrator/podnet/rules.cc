#include "orchestrator/podnet/rules.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Cidr;
using net::netlink::Ipv4;
using net::nft::Batch;
using net::nft::Element;
using net::nft::Hook;
using net::nft::Rule;

constexpr Cidr kLoopback{.base = {0x7f000000}, .prefix = 8};
constexpr uint32_t kLoopbackIndex = 1;  // LOOPBACK_IFINDEX of the kernel (net.h)
constexpr Cidr kMulticast{.base = {0xe0000000}, .prefix = 4};

void add_sets(Batch& b, Cidr pods) {
  using net::nft::kIpv4Field, net::nft::kPortField, net::nft::kProtoField;
  b.add_set({.name = "hairpin", .key = {kIpv4Field, kIpv4Field}});
  b.add_set({.name = kHostPorts, .key = {kProtoField, kPortField}, .data = {kIpv4Field, kPortField}});
  b.add_set({.name = kHostPortsIp, .key = {kIpv4Field, kProtoField, kPortField}, .data = {kIpv4Field, kPortField}});
  b.add_set({.name = kNodes, .key = {kIpv4Field}});
  b.add_set({.name = kTunnelPort, .key = {kPortField}});
  std::vector<Element> pairs;
  for (uint32_t ip = pods.base.value; ip <= pods.base.value + ~pods.mask(); ++ip)
    pairs.push_back({.key = net::nft::key_ip({ip}) + net::nft::key_ip({ip})});
  b.add_elements("hairpin", pairs);
}

void add_host_port_rules(Batch& b, const char* chain) {
  b.add_rule(chain, Rule().load_ip_dst(0).load_l4proto(1).load_dport(2).lookup(kHostPortsIp, 0, 4).dnat(4, 5));
  b.add_rule(chain, Rule().dst_is_local(0).load_l4proto(1).load_dport(2).lookup(kHostPorts, 1, 4).dnat(4, 5));
}

Rule dnatted() { return Rule().load_ct_status(0).mask(0, IPS_DST_NAT).not_equal(0, net::nft::key_u32(0)); }

Rule from_pod() { return Rule().load_iif_group(0).equal(0, net::nft::key_u32(kLinkGroup)); }

Rule not_from_pod() {
  return Rule()
      .load_iif_group(0)
      .not_equal(0, net::nft::key_u32(kLinkGroup))
      .load_iif(0)
      .not_equal(0, net::nft::key_u32(kLoopbackIndex));
}

void add_raw_rules(Batch& b, Cidr pods) {
  b.add_rule("raw", from_pod().load_reverse_oif(0).equal(0, net::nft::key_u32(0)).verdict(net::nft::drop()));
  b.add_rule("raw", from_pod().dst_in(kLoopback, 0).verdict(net::nft::drop()));
  b.add_rule("raw", not_from_pod().src_in(pods, 0).verdict(net::nft::drop()));
}

void add_tunnel_rules(Batch& b, const RuleOptions& o) {
  const auto arriving = [] { return Rule().l4proto_is(IPPROTO_UDP, 0).load_dport(0).in_set(kTunnelPort, 0); };
  b.add_rule("input", arriving().load_ip_src(0).not_in_set(kNodes, 0).verdict(net::nft::drop()));
  if (o.node_ip)
    b.add_rule("input", arriving().load_ip_dst(0).not_equal(0, net::nft::key_ip(*o.node_ip)).verdict(net::nft::drop()));
  const auto to_a_node = [&](Rule rule) {
    return rule.l4proto_is(IPPROTO_UDP, 0)
        .load_dport(0)
        .equal(0, net::nft::key_port(o.vxlan_port).substr(0, 2))
        .load_ip_dst(0)
        .in_set(kNodes, 0)
        .verdict(net::nft::drop());
  };
  b.add_rule("forward", to_a_node(from_pod()));
  b.add_rule("forward", to_a_node(dnatted()));
}

void add_masquerade_rules(Batch& b, const RuleOptions& o) {
  b.add_rule("postrouting", dnatted().load_ip_src(0).load_ip_dst(1).in_set("hairpin", 0).masquerade());
  b.add_rule("postrouting", dnatted().src_in(kLoopback, 0).masquerade());
  b.add_rule("postrouting",
             Rule().src_in(o.pod_cidr, 0).dst_not_in(o.cluster_cidr, 0).dst_not_in(kMulticast, 0).masquerade());
}

}  // namespace

Batch node_rules(const RuleOptions& options) {
  Batch b(kTable);
  b.add_table();
  b.add_base_chain({.name = "raw", .type = "filter", .hook = Hook::kPrerouting, .priority = -300});
  b.add_base_chain({.name = "prerouting", .type = "nat", .hook = Hook::kPrerouting, .priority = -101});
  b.add_base_chain({.name = "output", .type = "nat", .hook = Hook::kOutput, .priority = -101});
  b.add_base_chain({.name = "input", .type = "filter", .hook = Hook::kInput, .priority = 0});
  b.add_base_chain({.name = "forward", .type = "filter", .hook = Hook::kForward, .priority = 0});
  b.add_base_chain({.name = "postrouting", .type = "nat", .hook = Hook::kPostrouting, .priority = 100});
  for (const char* chain : {"raw", "prerouting", "output", "input", "forward", "postrouting"}) b.flush_chain(chain);
  add_sets(b, options.pod_cidr);
  add_raw_rules(b, options.pod_cidr);
  add_tunnel_rules(b, options);
  add_host_port_rules(b, "prerouting");
  add_host_port_rules(b, "output");
  add_masquerade_rules(b, options);
  return b;
}

Result<HostPortElement> host_port_element(const HostPort& port, Ipv4 pod) {
  uint8_t proto = 0;
  if (port.protocol == "TCP") proto = IPPROTO_TCP;
  if (port.protocol == "UDP") proto = IPPROTO_UDP;
  if (proto == 0) return fail(Code::kUnimplemented, "host port with protocol " + port.protocol);
  if (port.host_port == 0 || port.container_port == 0) return fail(Code::kInvalidArgument, "host port 0");
  HostPortElement out;
  out.element.key = net::nft::key_proto(proto) + net::nft::key_port(port.host_port);
  out.element.data = net::nft::key_ip(pod) + net::nft::key_port(port.container_port);
  out.map = kHostPorts;
  if (port.host_ip.empty() || port.host_ip == "0.0.0.0") return out;
  const auto ip = net::netlink::parse_ipv4(port.host_ip);
  if (!ip) return fail(Code::kInvalidArgument, "host IP '" + port.host_ip + "' is not an IPv4 address");
  out.map = kHostPortsIp;
  out.element.key = net::nft::key_ip(*ip) + out.element.key;
  return out;
}

}  // namespace appliance::orchestrator::podnet
