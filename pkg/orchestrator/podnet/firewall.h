// What a firewall that is not ours does with a packet: walks the kernel's own rules with a packet that is made up.
// Pure.
//
//   auto stop = stopped_by(firewall, NF_INET_FORWARD, {.in_link = "ap0", .source = pod, .destination = outside});
//
// It knows the conditions that firewalls ask of an ordinary first packet of a connection: addresses, ports, protocol,
// links, connection state, sets and verdict maps of these. What it does not know (matches of iptables' own, limits,
// marks) counts as not fulfilled: such a rule is about special packets. One exception: a doubtful `return` is believed,
// when what follows it would stop the packet.
#pragma once

#include <functional>

#include "net/nft/nft.h"
#include "net/nft/ruleset.h"

namespace appliance::orchestrator::podnet {

struct Firewall {
  std::vector<net::nft::ChainInfo> chains;
  std::vector<net::nft::RuleInfo> rules;
  // Elements of a set; empty when it cannot be read.
  std::function<std::vector<net::nft::SetElement>(uint8_t family, const std::string& table, const std::string& set)>
      set;
};

struct Packet {
  std::string in_link;   // "" = not known
  std::string out_link;  // "" = not known
  net::netlink::Ipv4 source;
  net::netlink::Ipv4 destination;
  uint8_t protocol = 6;
  uint16_t port = 80;  // destination
  bool is_dnatted = false;
};

struct Stop {
  std::string table;
  std::string base_chain;
  std::string chain;  // whose rule it was; empty: the base chain's policy
};

// The base chains of this hook (NF_INET_*) that drop or reject the packet; those of tables for which `skip` says so are
// passed over.
std::vector<Stop> stopped_by(const Firewall& firewall, int hook, const Packet& packet,
                             const std::function<bool(const std::string& table)>& skip);

}  // namespace appliance::orchestrator::podnet
