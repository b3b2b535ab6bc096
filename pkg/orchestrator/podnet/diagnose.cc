#include "orchestrator/podnet/diagnose.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

#include <algorithm>

#include "net/nft/nft.h"
#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Ipv4;

constexpr Ipv4 kOutside{0xc6336401};  // 198.51.100.1, of a network that is for examples (RFC 5737)

// One way that packets of pods take, in the words of the finding.
struct Way {
  std::string what;
  int hook = 0;
  Packet packet;
};

std::vector<Way> ways(Ipv4 pods, Ipv4 node, uint16_t api_port) {
  const Ipv4 a{pods.value + 2};
  const Ipv4 b{pods.value + 3};
  const std::string first = identity_of("a").host_link;
  const std::string second = identity_of("b").host_link;
  const Packet out{.in_link = first, .out_link = {}, .source = a, .destination = kOutside};
  const Packet across{.in_link = first, .out_link = second, .source = a, .destination = b, .port = 8080};
  const Packet service{
      .in_link = {}, .out_link = first, .source = kOutside, .destination = a, .port = 8080, .is_dnatted = true};
  const Packet api{.in_link = first, .out_link = {}, .source = a, .destination = node, .port = api_port};
  const Packet dns{
      .in_link = first, .out_link = {}, .source = a, .destination = node, .protocol = IPPROTO_UDP, .port = 53};
  return {{"from pods to the outside", NF_INET_FORWARD, out},
          {"between pods", NF_INET_FORWARD, across},
          {"from the outside to node ports", NF_INET_FORWARD, service},
          {"from pods to this node's API", NF_INET_LOCAL_IN, api},
          {"from pods to this node's DNS", NF_INET_LOCAL_IN, dns}};
}

std::string remedy(const std::string& table, int hook, const std::string& cidr) {
  if (table == "firewalld")
    return "firewall-cmd --permanent --zone=trusted --add-source=" + cidr + " && firewall-cmd --reload";
  if (hook == NF_INET_LOCAL_IN) return "accept " + cidr + " as source in it, for ufw: ufw allow from " + cidr;
  return "accept " + cidr + " in it, for Docker: iptables -I DOCKER-USER -s " + cidr +
         " -j ACCEPT (and -d); for ufw: ufw route allow from " + cidr + ", ufw route allow to " + cidr;
}

struct Finding {
  Stop stop;
  int hook = 0;
  std::vector<std::string> ways;
};

std::string words(const Finding& finding, const std::string& cidr) {
  std::string what;
  for (const auto& way : finding.ways) what += (what.empty() ? "" : ", ") + way;
  const std::string how = finding.stop.chain.empty() ? " by default" : " by a rule of chain " + finding.stop.chain;
  return "table " + finding.stop.table + " chain " + finding.stop.base_chain + " stops" + how + " what goes " + what +
         ": " + remedy(finding.stop.table, finding.hook, cidr);
}

}  // namespace

Result<std::vector<std::string>> diagnose(const Firewall& firewall, const DiagnoseOptions& options) {
  const auto pods = TRY(net::netlink::parse_cidr(options.cluster_cidr));
  const auto node = net::netlink::parse_ipv4(options.node_ip);
  const auto ours = [](const std::string& table) { return table == kTable || table == "appliance"; };
  std::vector<Finding> findings;
  for (const auto& way : ways(pods.base, node.value_or(Ipv4{0x7f000001}), static_cast<uint16_t>(options.api_port))) {
    for (auto& stop : stopped_by(firewall, way.hook, way.packet, ours)) {
      const auto same = std::ranges::find_if(findings, [&](const Finding& f) {
        return f.stop.table == stop.table && f.stop.base_chain == stop.base_chain && f.stop.chain == stop.chain;
      });
      if (same != findings.end())
        same->ways.push_back(way.what);
      else
        findings.push_back({.stop = std::move(stop), .hook = way.hook, .ways = {way.what}});
    }
  }
  std::vector<std::string> out;
  for (const auto& finding : findings) out.push_back(words(finding, options.cluster_cidr));
  return out;
}

Result<std::vector<std::string>> diagnose(const DiagnoseOptions& options) {
  auto nft = TRY(net::nft::Nft::open());
  Firewall firewall;
  firewall.chains = TRY(nft.chains());
  firewall.rules = TRY(net::nft::read_rules());
  firewall.set = [](uint8_t family, const std::string& table, const std::string& set) {
    return net::nft::read_set(family, table, set).value_or(std::vector<net::nft::SetElement>());
  };
  return diagnose(firewall, options);
}

Result<std::vector<std::string>> diagnose() { return diagnose(DiagnoseOptions{}); }

}  // namespace appliance::orchestrator::podnet
