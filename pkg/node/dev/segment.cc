// The network of a cluster on one machine: see dev_cluster.h.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "base/fs.h"
#include "base/strings.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "net/nft/nft.h"
#include "node/dev/dev_cluster.h"
#include "orchestrator/podnet/sysctls.h"

namespace appliance::node {
namespace {

using net::netlink::Ipv4;
using net::netlink::Mac;
using net::netlink::RouteSocket;

// One record for all clusters of a machine; tests make machines out of network namespaces.
orchestrator::podnet::RecordedSysctls recorded_sysctls() {
  struct stat ns{};
  (void)::stat("/proc/thread-self/ns/net", &ns);
  return orchestrator::podnet::RecordedSysctls("/run/appliance-dev/sysctls-" + std::to_string(ns.st_ino));
}

std::string table_of(const DevCluster& cluster) { return "appliance_dev_" + cluster.bridge().substr(3); }

// Locally administered, the same each time, different for every end.
Mac mac_of(const std::string& text) {
  const auto hash = base::fnv1a64(text);
  Mac out{};
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(hash >> (8 * i));
  out[0] = static_cast<uint8_t>((out[0] | 2U) & 0xfeU);
  return out;
}

std::string port_of(const DevCluster& cluster, size_t i) {
  char out[16];
  std::snprintf(out, sizeof out, "apn%08x", static_cast<unsigned>(base::fnv1a64(cluster.nodes[i].name)));
  return out;
}

Result<> fine_if_there(Result<> done) {
  if (!done && done.error().code == Code::kAlreadyExists) return {};
  return done;
}

Result<> make_bridge(const DevCluster& cluster, RouteSocket& host) {
  TRY(fine_if_there(host.create_bridge(cluster.bridge())));
  const auto bridge = TRY(host.link(cluster.bridge()));
  TRY(host.change_link(cluster.bridge(), {.up = true, .alias = "appliance dev cluster " + cluster.name}));
  return host.add_address({.link = bridge.index, .ip = cluster.gateway(), .prefix = cluster.network.prefix});
}

Result<> enter_network(const DevCluster& cluster, size_t i) {
  auto net = TRY(RouteSocket::open());
  TRY(net.change_link("lo", {.up = true}));
  TRY(net.change_link("eth0", {.up = true}));
  const auto eth0 = TRY(net.link("eth0"));
  const auto ip = *net::netlink::parse_ipv4(cluster.nodes[i].ip);
  TRY(net.add_address({.link = eth0.index, .ip = ip, .prefix = cluster.network.prefix}));
  return net.add_route({.destination = {},
                        .link = eth0.index,
                        .gateway = cluster.gateway(),
                        .scope = net::netlink::Scope::kGlobal,
                        .protocol = 3});  // RTPROT_BOOT: to the node it is the machine's own route
}

Result<> make_node(const DevCluster& cluster, size_t i, RouteSocket& host) {
  TRY(base::make_dirs(cluster.run_root(), 0711));
  auto ns = net::netlink::open_netns(cluster.netns(i));
  if (!ns) {
    TRY(net::netlink::remove_named_netns(cluster.netns(i)));  // what a kill left of it
    ns = net::netlink::make_named_netns(cluster.netns(i));
  }
  if (!ns) return fail(ns.error().wrap("namespace of " + cluster.nodes[i].name));
  const auto port = port_of(cluster, i);
  TRY(fine_if_there(host.create_veth({.name = port,
                                      .mac = mac_of(port),
                                      .peer_name = "eth0",
                                      .peer_mac = mac_of(cluster.nodes[i].name),
                                      .peer_netns_fd = ns->get()})));
  const auto bridge = TRY(host.link(cluster.bridge()));
  TRY(host.change_link(port, {.up = true, .master = bridge.index}));
  TRY_CTX(net::netlink::in_netns(ns->get(), [&] { return enter_network(cluster, i); }), cluster.nodes[i].name);
  return {};
}

// The nodes reach what this machine reaches: images are pulled as anywhere else.
Result<> open_outwards(const DevCluster& cluster) {
  using net::nft::Hook;
  net::nft::Batch batch(table_of(cluster));
  batch.reset_table();
  batch.add_base_chain({.name = "postrouting", .type = "nat", .hook = Hook::kPostrouting, .priority = 100});
  batch.add_rule("postrouting",
                 net::nft::Rule().src_in(cluster.network, 0).dst_not_in(cluster.network, 0).masquerade());
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.commit(batch));
  return recorded_sysctls().set("net.ipv4.ip_forward", "1");
}

}  // namespace

Result<> make_segment(const DevCluster& cluster) {
  TRY(base::make_dirs(cluster.run_root(), 0711));
  auto host = TRY(RouteSocket::open());
  TRY_CTX(make_bridge(cluster, host), "bridge");
  for (size_t i = 0; i < cluster.nodes.size(); ++i) TRY(make_node(cluster, i, host));
  return open_outwards(cluster);
}

Result<> remove_segment(const DevCluster& cluster) {
  for (size_t i = 0; i < cluster.nodes.size(); ++i) TRY(net::netlink::remove_named_netns(cluster.netns(i)));
  auto host = TRY(RouteSocket::open());
  std::vector<int> links;
  std::vector<std::string> names{cluster.bridge()};
  for (size_t i = 0; i < cluster.nodes.size(); ++i) names.push_back(port_of(cluster, i));
  for (const auto& link : TRY(host.links()))
    if (std::ranges::find(names, link.name) != names.end()) links.push_back(link.index);
  TRY(host.delete_links(links));
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.delete_table(table_of(cluster)));
  for (const auto& name : TRY(list_dev_clusters())) {
    const auto other = read_dev_cluster(name);
    if (name != cluster.name && other && *other && host.link((*other)->bridge())) return {};  // it needs the sysctls
  }
  return recorded_sysctls().restore();
}

}  // namespace appliance::node
