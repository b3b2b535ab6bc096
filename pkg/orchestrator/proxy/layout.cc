#include "orchestrator/proxy/layout.h"

#include <netinet/in.h>

#include <bit>

namespace appliance::orchestrator::proxy {
namespace {

using net::netlink::Cidr;
using net::nft::Batch;
using net::nft::Hook;
using net::nft::key_u32;
using net::nft::kIpv4Field;
using net::nft::kMarkField;
using net::nft::kPortField;
using net::nft::kProtoField;
using net::nft::Rule;

constexpr const char* kKindNames[] = {"cl", "ex", "exl", "np", "npl", "npi"};

// Registers of the endpoint chains: 3 client, 4 ip, 5 proto, 6 port, 7 slot or endpoint ip, 8 endpoint port.
constexpr net::nft::Reg kClient = 3;
constexpr net::nft::Reg kIp = 4;
constexpr net::nft::Reg kProto = 5;
constexpr net::nft::Reg kPort = 6;
constexpr net::nft::Reg kSlot = 7;
constexpr net::nft::Reg kEndpoint = 7;
constexpr net::nft::Reg kEndpointPort = 8;

Rule frontend_key(FrontendKind kind) {
  Rule r;
  if (kind == FrontendKind::kNodePort || kind == FrontendKind::kNodePortLocal) {
    r.load_value(kIp, net::nft::key_ip({0}));
  } else if (kind == FrontendKind::kNodePortInside) {
    r.load_value(kIp, net::nft::key_ip({1}));
  } else {
    r.load_ip_dst(kIp);
  }
  return r.load_l4proto(kProto).load_dport(kPort);
}

void add_sets(Batch& b) {
  b.add_set({.name = "svc", .key = {kIpv4Field, kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "nodeports", .key = {kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "nodeports_in", .key = {kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "be", .key = {kIpv4Field, kProtoField, kPortField, kMarkField}, .data = {kIpv4Field, kPortField}});
  b.add_set({.name = "no_svc", .key = {kIpv4Field, kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "no_nodeports", .key = {kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "cluster_ips", .key = {kIpv4Field}});
  b.add_set({.name = "affinity",
             .key = {kIpv4Field, kIpv4Field, kProtoField, kPortField},
             .data = {kIpv4Field, kPortField},
             .dynamic = true,
             .size_max = kAffinityEntriesMax});
  b.add_set({.name = "live", .key = {kIpv4Field, kProtoField, kPortField, kIpv4Field, kPortField}});
}

void add_nat_rules(Batch& b, Cidr cluster_cidr) {
  const auto services = [] { return Rule().load_ip_dst(0).load_l4proto(1).load_dport(2).lookup_verdict("svc", 0); };
  const auto ports = [](const char* map, Rule r) {
    return r.dst_is_local(0).load_l4proto(0).load_dport(1).lookup_verdict(map, 0);
  };
  b.add_rule("prerouting", services());
  b.add_rule("prerouting", ports("nodeports_in", Rule().src_in(cluster_cidr, 0)));
  b.add_rule("prerouting", ports("nodeports", Rule()));
  b.add_rule("output", services());
  b.add_rule("output", ports("nodeports_in", Rule()));
  b.add_rule("output", ports("nodeports", Rule()));
  b.add_rule("postrouting", Rule()
                                .load_mark(0)
                                .mask(0, kMasqueradeMark)
                                .not_equal(0, key_u32(0))
                                .clear_mark(kMasqueradeMark, 0)
                                .masquerade());
}

void add_reject_rules(Batch& b, const char* chain, Cidr service_cidr) {
  b.add_rule(chain, Rule().ct_new(0).load_ip_dst(0).load_l4proto(1).load_dport(2).lookup_verdict("no_svc", 0));
  b.add_rule(chain, Rule().ct_new(0).dst_is_local(0).load_l4proto(0).load_dport(1).lookup_verdict("no_nodeports", 0));
  b.add_rule(chain, Rule().dst_not_in(service_cidr, 0).verdict(net::nft::accept()));
  b.add_rule(chain, Rule().dst_is_local(0).verdict(net::nft::accept()));  // the DNS server's own address
  b.add_rule(chain, Rule().ct_new(0).load_ip_dst(0).in_set("cluster_ips", 0).verdict(net::nft::go_to("reject")));
  b.add_rule(chain, Rule().ct_new(0).verdict(net::nft::drop()));  // nobody has this address
}

}  // namespace

std::string ChainSpec::name() const {
  std::string out = kKindNames[static_cast<size_t>(kind)];
  out += '-' + std::to_string(slots);
  if (affinity_seconds != 0) out += "-a" + std::to_string(affinity_seconds);
  return out;
}

uint32_t slots_for(size_t endpoints) {
  const auto n = static_cast<uint32_t>(endpoints);
  if (n <= kExactSlotsMax) return n;
  if (n <= 1024) return std::bit_ceil(n * 4);  // at most a quarter more for the lucky ones
  return std::bit_ceil(n);
}

void add_base(Batch& b, Cidr cluster_cidr, Cidr service_cidr) {
  b.add_table();
  b.add_base_chain({.name = "prerouting", .type = "nat", .hook = Hook::kPrerouting, .priority = -100});
  b.add_base_chain({.name = "output", .type = "nat", .hook = Hook::kOutput, .priority = -100});
  b.add_base_chain({.name = "postrouting", .type = "nat", .hook = Hook::kPostrouting, .priority = 99});
  b.add_base_chain({.name = "reject-prerouting", .type = "filter", .hook = Hook::kPrerouting, .priority = -90});
  b.add_base_chain({.name = "reject-output", .type = "filter", .hook = Hook::kOutput, .priority = 0});
  b.add_chain("reject");
  for (const char* chain : {"prerouting", "output", "postrouting", "reject-prerouting", "reject-output", "reject"})
    b.flush_chain(chain);
  add_sets(b);
  add_nat_rules(b, cluster_cidr);
  b.add_rule("reject", Rule().l4proto_is(IPPROTO_TCP, 0).reject_tcp_reset());
  b.add_rule("reject", Rule().reject_port_unreachable());
  add_reject_rules(b, "reject-prerouting", service_cidr);
  add_reject_rules(b, "reject-output", service_cidr);
}

void add_chain(Batch& b, const ChainSpec& spec, Cidr cluster_cidr) {
  const std::string chain = spec.name();
  b.add_chain(chain);
  b.flush_chain(chain);
  if (spec.kind == FrontendKind::kExternal || spec.kind == FrontendKind::kNodePort)
    b.add_rule(chain, Rule().or_mark(kMasqueradeMark, 0));
  if (spec.kind == FrontendKind::kCluster || spec.kind == FrontendKind::kNodePortInside)
    b.add_rule(chain, Rule().src_not_in(cluster_cidr, 0).or_mark(kMasqueradeMark, 0));
  const uint64_t timeout_ms = uint64_t{spec.affinity_seconds} * 1000;
  const auto finish = [&](Rule r) {
    if (timeout_ms != 0) r.load_ip_src(kClient).update_map("affinity", kClient, kEndpoint, timeout_ms);
    return r.dnat(kEndpoint, kEndpointPort);
  };
  if (timeout_ms != 0) {
    const auto known = [&] {
      return frontend_key(spec.kind).load_ip_src(kClient).lookup("affinity", kClient, kEndpoint);
    };
    b.add_rule(chain, finish(known().in_set("live", kIp)));
    // Known, but its endpoint left: an update would only refresh the old entry, so it goes first.
    b.add_rule(chain, known().delete_from_map("affinity", kClient, kEndpoint));
  }
  b.add_rule(chain, finish(frontend_key(spec.kind).load_random(kSlot, spec.slots).lookup("be", kIp, kEndpoint)));
  b.add_rule(chain, finish(frontend_key(spec.kind).load_value(kSlot, key_u32(0)).lookup("be", kIp, kEndpoint)));
}

}  // namespace appliance::orchestrator::proxy
