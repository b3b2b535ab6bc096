// What of this machine's own firewall stops pods. A packet passes every base chain of a hook: our accept cannot
// overrule another table's drop.
#include <linux/netfilter.h>

#include "net/nft/nft.h"
#include "orchestrator/podnet/podnet.h"
#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

std::string remedy(const std::string& table) {
  if (table == "firewalld")
    return "firewall-cmd --permanent --zone=trusted --add-source=<cluster-cidr> && firewall-cmd --reload";
  return "accept the cluster's range in it, for Docker: iptables -I DOCKER-USER -s <cluster-cidr> -j ACCEPT (and -d); "
         "for ufw: ufw route allow from <cluster-cidr>, ufw route allow to <cluster-cidr>";
}

}  // namespace

Result<std::vector<std::string>> diagnose() {
  std::vector<std::string> out;
  auto nft = TRY(net::nft::Nft::open());
  for (const auto& chain : TRY(nft.chains())) {
    const bool ours = chain.table == kTable || chain.table == "appliance";
    const bool ip = chain.family == NFPROTO_IPV4 || chain.family == NFPROTO_INET;
    if (ours || !ip || !chain.policy_drop) continue;
    if (chain.hook == NF_INET_FORWARD)
      out.push_back("table " + chain.table + " chain " + chain.name +
                    " drops forwarded packets by default, pod traffic included: " + remedy(chain.table));
    if (chain.hook == NF_INET_LOCAL_IN)
      out.push_back("table " + chain.table + " chain " + chain.name +
                    " drops incoming packets by default: pods may not reach this node's DNS, API and host network "
                    "pods: accept the cluster's "
                    "range as source in it");
  }
  return out;
}

}  // namespace appliance::orchestrator::podnet
