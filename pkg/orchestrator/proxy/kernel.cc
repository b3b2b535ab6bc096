#include "orchestrator/proxy/kernel.h"

#include <netinet/in.h>

#include "net/nft/conntrack.h"

namespace appliance::orchestrator::proxy {
namespace {

constexpr const char* kMaps[] = {"svc",    "nodeports",    "nodeports_in", "be",
                                 "no_svc", "no_nodeports", "cluster_ips",  "live"};

using FrontendKey = std::pair<Ipv4, uint16_t>;
using Backends = std::set<std::pair<Ipv4, uint16_t>>;

std::map<FrontendKey, Backends> index(const std::vector<UdpFrontend>& frontends) {
  std::map<FrontendKey, Backends> out;
  for (const auto& f : frontends) out[{f.ip, f.port}].insert(f.endpoints.begin(), f.endpoints.end());
  return out;
}

}  // namespace

Result<> Kernel::prepare() {
  chains_.clear();
  net::nft::Batch batch(kTable);
  add_base(batch, cluster_cidr_, service_cidr_);
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.commit(batch));
  ++commits_;
  return {};
}

Result<> Kernel::apply(const std::set<ChainSpec>& chains, const Changes& changes) {
  net::nft::Batch batch(kTable);
  for (const auto& chain : chains)
    if (!chains_.contains(chain)) add_chain(batch, chain, cluster_cidr_);
  for (const auto& [map, change] : changes) batch.delete_elements(map, change.removed);
  for (const auto& [map, change] : changes) batch.add_elements(map, change.added);
  if (batch.empty()) return {};
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.commit(batch));
  ++commits_;
  chains_.insert(chains.begin(), chains.end());
  return {};
}

Result<State> Kernel::read() {
  State out;
  auto nft = TRY(net::nft::Nft::open());
  for (const char* map : kMaps) {
    auto& elements = out[map];
    for (auto& e : TRY(nft.elements(kTable, map))) elements.emplace(e.key, e);
  }
  return out;
}

Result<uint32_t> Kernel::generation() { return TRY(net::nft::Nft::open()).generation(); }

Result<size_t> clean_udp_flows(const std::vector<UdpFrontend>& frontends, const std::vector<UdpFrontend>& gone) {
  const auto live = index(frontends);
  const auto removed = index(gone);
  return net::nft::delete_flows(IPPROTO_UDP, [&](const net::nft::Flow& f) {
    const bool node_port = !live.contains({f.original_dst.ip, f.original_dst.port}) &&
                           !removed.contains({f.original_dst.ip, f.original_dst.port});
    const FrontendKey key{node_port ? Ipv4{0} : f.original_dst.ip, f.original_dst.port};
    const auto it = live.find(key);
    if (it == live.end()) return f.dnat && removed.contains(key);
    // Not NATed: it began while there were no endpoints. A node port's number alone does not make a flow ours.
    if (!f.dnat) return !node_port && !it->second.empty();
    return !it->second.contains({f.reply_src.ip, f.reply_src.port});
  });
}

}  // namespace appliance::orchestrator::proxy
