#include "orchestrator/podnet/podnet.h"

#include <linux/ip.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>

#include "base/fs.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"
#include "net/nft/nft.h"
#include "orchestrator/podnet/change_watch.h"
#include "orchestrator/podnet/host_ports.h"
#include "orchestrator/podnet/leases.h"
#include "orchestrator/podnet/link_reaper.h"
#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/peers.h"
#include "orchestrator/podnet/peers_apply.h"
#include "orchestrator/podnet/rules.h"
#include "orchestrator/podnet/sysctls.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Link;
using net::netlink::RouteSocket;
using net::netlink::Scope;

constexpr Ipv4 kGateway{0xa9fe0101};  // 169.254.1.1: the same in every pod, on no link of the host
constexpr int kDefaultMtu = 1500;

bool is_ours(const Link& link) { return link.kind == "veth" && link.group == kLinkGroup; }

std::string sysctl_file(const Options& o) { return o.state_dir + "/sysctls"; }
std::string lease_file(const Options& o) { return o.state_dir + "/leases"; }

Result<int> uplink_mtu(RouteSocket& net) {
  const auto routes = TRY(net.routes());
  const auto links = TRY(net.links());
  const net::netlink::Route* best = nullptr;
  for (const auto& r : routes)
    if (r.destination.prefix == 0 && (best == nullptr || r.metric < best->metric)) best = &r;
  if (best == nullptr) return kDefaultMtu;
  for (const auto& l : links)
    if (l.index == best->link && l.mtu > 0) return l.mtu;
  return kDefaultMtu;
}

Result<> set_host_sysctls(const Options& options) {
  RecordedSysctls sysctls(sysctl_file(options));
  TRY(sysctls.set("net.ipv4.ip_forward", "1"));
  TRY(sysctls.set("net.ipv4.conf.all.send_redirects", "0"));           // a hairpin leaves by the link it came from
  TRY(sysctls.set("net.netfilter.nf_conntrack_tcp_be_liberal", "1"));  // k8s#74839: an INVALID segment is not un-NATed
  return {};
}

// Without any address a host process has no source to reach a pod with (a laptop in flight): lend it the gateway's.
Result<> ensure_source_address(RouteSocket& net) {
  const auto addresses = TRY(net.addresses());
  for (const auto& a : addresses)
    if (a.scope == Scope::kGlobal) return {};
  const auto lo = TRY(net.link("lo"));
  return net.add_address({.link = lo.index, .ip = kGateway, .prefix = 32});
}

// Inside the pod's namespace; idempotent.
Result<> configure_pod_side(const PodIdentity& pod, Ipv4 address) {
  auto net = TRY(RouteSocket::open());
  for (const char* key : {"net.ipv6.conf.all.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"}) {
    auto result = write_sysctl(key, "1");  // a v4-only cluster: AAAA and ::1 binds would surprise
    if (!result && result.error().code != Code::kNotFound) return result;
  }
  const net::netlink::LinkChange up{.up = true};
  TRY(net.change_link("lo", up));
  TRY(net.change_link(kPodLink, up));
  const auto link = TRY(net.link(kPodLink));
  TRY(net.add_address({.link = link.index, .ip = address, .prefix = 32}));
  TRY(net.add_neighbour(link.index, kGateway, pod.host_mac));
  TRY(net.add_route({.destination = {.base = kGateway, .prefix = 32}, .link = link.index}));
  return net.add_route({.destination = {.base = {}, .prefix = 0},
                        .link = link.index,
                        .gateway = kGateway,
                        .source = address,
                        .on_link = true});
}

// The host's end: ready before it is up.
Result<> configure_host_side(RouteSocket& net, const PodIdentity& pod, const std::string& uid, Ipv4 address) {
  // Browsers on this machine drop what they are loading (ERR_NETWORK_CHANGED) whenever an address comes or goes.
  const auto quiet = net.change_link(pod.host_link, {.no_ipv6_address = true});
  if (!quiet && quiet.error().errno_value != EAFNOSUPPORT) return quiet;
  TRY(net.change_link(pod.host_link,
                      {.up = true,
                       .alias = uid,
                       .group = kLinkGroup,
                       .ipv4_conf = {{IPV4_DEVCONF_RP_FILTER, 1},
                                     {IPV4_DEVCONF_ROUTE_LOCALNET, 1},  // NodePort on 127.0.0.1; rules.h has the drop
                                     {IPV4_DEVCONF_SEND_REDIRECTS, 0},
                                     {IPV4_DEVCONF_ACCEPT_REDIRECTS, 0}}}));
  const auto link = TRY(net.link(pod.host_link));
  TRY(net.add_neighbour(link.index, address, pod.pod_mac));
  return net.add_route({.destination = {.base = address, .prefix = 32}, .link = link.index});
}

// What open() read out of the options.
struct Ranges {
  RuleOptions rules;
  PeerSettings peers;
};

Result<Ranges> parse_ranges(const Options& o) {
  Ranges out;
  auto& peers = out.peers;
  peers = {.pod_cidr = TRY(net::netlink::parse_cidr(o.pod_cidr)),
           .cluster_cidr = TRY(net::netlink::parse_cidr(o.cluster_cidr)),
           .node_name = o.node_name,
           .node_ip = net::netlink::parse_ipv4(o.node_ip),
           .tunnel = o.tunnel,
           .mtu = o.mtu};
  if (!o.node_ip.empty() && !peers.node_ip)
    return fail(Code::kInvalidArgument, "node IP '" + o.node_ip + "' is not an IPv4 address");
  if (o.vxlan_port < 1 || o.vxlan_port > UINT16_MAX)
    return fail(Code::kInvalidArgument, "VXLAN port " + std::to_string(o.vxlan_port));
  peers.vxlan_port = static_cast<uint16_t>(o.vxlan_port);
  out.rules = {.pod_cidr = peers.pod_cidr,
               .cluster_cidr = peers.cluster_cidr,
               .node_ip = peers.node_ip,
               .vxlan_port = peers.vxlan_port};
  return out;
}

class KernelPodNet final : public PodNet {
 public:
  KernelPodNet(Options options, Ranges ranges, Leases leases, HostPortTable host_ports)
      : options_(std::move(options)),
        ranges_(std::move(ranges)),
        leases_(std::move(leases)),
        host_ports_(std::move(host_ports)),
        reaper_(options_.log) {}

  Result<> watch() {
    watch_ = TRY(ChangeWatch::start([this] { return mend(); }, options_.log));
    return {};
  }

  Result<Attachment> attach(const std::string& pod_uid, const std::string& netns_path) override {
    Ipv4 address;
    {
      const std::lock_guard lock(mutex_);
      TRY(mend_rules_locked());
      address = TRY(leases_.take(pod_uid));
    }
    const PodIdentity pod = identity_of(pod_uid);
    const auto netns = TRY(net::netlink::open_netns(netns_path));
    auto net = TRY(RouteSocket::open());
    TRY_CTX(ensure_veth(net, pod, netns.get()), "pod " + pod_uid);
    TRY_CTX(net::netlink::in_netns(netns.get(), [&] { return configure_pod_side(pod, address); }), "pod " + pod_uid);
    TRY_CTX(configure_host_side(net, pod, pod_uid, address), "pod " + pod_uid);
    return Attachment{.address = address.string(), .host_link = pod.host_link};
  }

  Result<> detach(const std::string& pod_uid) override {
    auto net = TRY(RouteSocket::open());
    const auto link = net.link(identity_of(pod_uid).host_link);
    const std::lock_guard lock(mutex_);
    if (const auto address = leases_.find(pod_uid)) {
      TRY(host_ports_.set(*address, {}));
      if (link) TRY(net.delete_route({.destination = {.base = *address, .prefix = 32}, .link = link->index}));
      TRY(leases_.release(pod_uid));
    }
    if (link) reaper_.add(link->index);
    return {};
  }

  Result<> set_host_ports(const std::string& pod_uid, const std::string& address,
                          const std::vector<HostPort>& ports) override {
    const auto ip = net::netlink::parse_ipv4(address);
    if (!ip) return fail(Code::kInvalidArgument, "'" + address + "' is not an IPv4 address");
    const std::lock_guard lock(mutex_);
    TRY(mend_rules_locked());
    return TRY_CTX(host_ports_.set(*ip, ports), "host ports of pod " + pod_uid), Result<>{};
  }

  Result<> set_peers(const std::vector<Peer>& peers) override {
    TRY(mend_rules());
    const std::lock_guard lock(peers_mutex_);
    peers_ = peers;
    return follow_peers();
  }

  Result<> reconcile(const std::vector<std::string>& live_uids) override {
    const std::set<std::string> live(live_uids.begin(), live_uids.end());
    auto net = TRY(RouteSocket::open());
    std::set<std::string> dead;
    for (const auto& link : TRY(net.links()))
      if (is_ours(link) && !live.contains(link.alias)) dead.insert(link.alias);
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [uid, ip] : leases_.all())
        if (!live.contains(uid)) dead.insert(uid);
    }
    for (const auto& uid : dead) TRY_CTX(detach(uid), "remove the network of pod " + uid);
    reaper_.wait();
    return {};
  }

  Result<> teardown() override {
    if (watch_) watch_->stop();
    reaper_.wait();
    const std::lock_guard peers_lock(peers_mutex_);
    const std::lock_guard lock(mutex_);
    return remove_all(options_);
  }

 private:
  // The pair exists and its inner end is in this namespace. A left-over of an earlier sandbox of the pod is removed
  // first.
  Result<> ensure_veth(RouteSocket& net, const PodIdentity& pod, int netns_fd) {
    const net::netlink::VethSpec spec{.name = pod.host_link,
                                      .mac = pod.host_mac,
                                      .peer_name = kPodLink,
                                      .peer_mac = pod.pod_mac,
                                      .peer_netns_fd = netns_fd,
                                      .mtu = TRY(pod_mtu(net))};
    auto created = net.create_veth(spec);
    if (created || created.error().code != Code::kAlreadyExists) return created;
    if (auto link = net.link(pod.host_link)) {
      const auto inside = net::netlink::in_netns(netns_fd, [&]() -> Result<> {
        auto inner = TRY(RouteSocket::open());
        const auto peer = TRY(inner.link(kPodLink));
        if (peer.mac != pod.pod_mac) return fail(Code::kNotFound, "eth0 is another one");
        return {};
      });
      if (inside && !reaper_.doomed(link->index)) return {};
      TRY(net.delete_links({link->index}));
    }
    return net.create_veth(spec);
  }

  // Where a tunnel is in use new pods fit into it from the start. Older ones learn it by the kernel's "fragmentation
  // needed".
  Result<int> pod_mtu(RouteSocket& net) {
    const int mtu = ranges_.peers.mtu;
    const auto tunnel = net.link(kTunnelLink);
    if (tunnel) return std::min(mtu, tunnel->mtu);
    if (tunnel.error().code != Code::kNotFound) return fail(tunnel.error());
    return options_.tunnel == Tunnel::kAlways ? mtu - kTunnelOverhead : mtu;
  }

  // `nft flush ruleset` by somebody: the table with the host ports comes back.
  Result<> mend_rules() {
    const std::lock_guard lock(mutex_);
    return mend_rules_locked();
  }
  Result<> mend_rules_locked() {
    auto nft = TRY_CTX(net::nft::Nft::open(), "nftables");
    if (TRY(nft.table_exists(kTable))) return {};
    auto rules = node_rules(ranges_.rules);
    TRY_CTX(nft.commit(rules), "pod network rules");
    TRY(host_ports_.restore());
    options_.log.warn("the pod network's firewall rules were gone and are set again");
    return {};
  }

  // Requires peers_mutex_.
  Result<> follow_peers() {
    auto net = TRY(RouteSocket::open());
    auto nft = TRY_CTX(net::nft::Nft::open(), "nftables");
    const auto have = TRY_CTX(observe_peers(net, nft), "routes to other nodes");
    const auto changes = plan_peers(ranges_.peers, *peers_, have);
    TRY_CTX(apply_peers(net, nft, changes), "routes to other nodes");
    if (changes.refused.empty()) return {};
    std::string text;
    for (const auto& why : changes.refused) text += (text.empty() ? "" : "; ") + why;
    return fail(Code::kInvalidArgument, "no route to the pods of " + text);
  }

  // On the watch's thread.
  Result<> mend() {
    TRY(mend_rules());
    auto net = TRY(RouteSocket::open());
    TRY(ensure_source_address(net));
    const std::lock_guard lock(peers_mutex_);
    return peers_ ? follow_peers() : Result<>{};
  }

  const Options options_;
  const Ranges ranges_;
  std::mutex mutex_;        // leases, host ports and rules; held for a journal line or one small transaction
  std::mutex peers_mutex_;  // peers_ and what the kernel has of them; held for a few ms of netlink
  std::optional<std::vector<Peer>> peers_;  // as last set; the kernel keeps those of an earlier run until then
  Leases leases_;
  HostPortTable host_ports_;
  LinkReaper reaper_;
  std::unique_ptr<ChangeWatch> watch_;  // last: it calls us, so it goes first
};

}  // namespace

Result<std::unique_ptr<PodNet>> PodNet::open(Options options, const base::Clock& clock) {
  Ranges ranges = TRY(parse_ranges(options));
  const Cidr service_cidr = TRY(net::netlink::parse_cidr(options.service_cidr));
  TRY(base::make_dirs(options.state_dir, 0700));
  auto leases = TRY(Leases::open(ranges.rules.pod_cidr, lease_file(options), clock));

  auto net = TRY(RouteSocket::open());
  if (options.mtu <= 0) ranges.peers.mtu = TRY(uplink_mtu(net));
  auto nft = TRY_CTX(net::nft::Nft::open(), "nftables");
  auto rules = node_rules(ranges.rules);
  TRY_CTX(nft.commit(rules), "pod network rules");
  TRY(set_host_sysctls(options));
  TRY(net.change_link("lo", {.up = true}));
  TRY(ensure_source_address(net));
  const auto links = TRY(net.links());
  const auto lo = TRY(net.link("lo"));
  TRY(net.add_route({.destination = service_cidr, .link = lo.index}));

  // Who is there already: the route of each pod says its address, the link's alias its uid.
  for (const auto& route : TRY(net.routes()))
    for (const auto& link : links)
      if (route.protocol == net::netlink::kOwnProtocol && route.destination.prefix == 32 && link.index == route.link &&
          is_ours(link))
        TRY(leases.adopt(link.alias, route.destination.base));
  auto host_ports = TRY(HostPortTable::load());
  auto out =
      std::make_unique<KernelPodNet>(std::move(options), std::move(ranges), std::move(leases), std::move(host_ports));
  TRY_CTX(out->watch(), "watch the network");
  return out;
}

Result<> remove_all(const Options& options) {
  auto net = TRY(RouteSocket::open());
  std::vector<int> indexes;
  for (const auto& link : TRY(net.links()))
    if (is_ours(link) || is_tunnel(link)) indexes.push_back(link.index);
  TRY(net.delete_links(indexes));
  for (const auto& route : TRY(net.routes()))
    if (route.protocol == net::netlink::kOwnProtocol) TRY(net.delete_route(route));
  const auto lo = TRY(net.link("lo"));
  TRY(net.delete_address({.link = lo.index, .ip = kGateway, .prefix = 32}));
  auto nft = TRY(net::nft::Nft::open());
  TRY(nft.delete_table(kTable));
  TRY(RecordedSysctls(sysctl_file(options)).restore());
  if (::unlink(lease_file(options).c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + lease_file(options));
  return {};
}

}  // namespace appliance::orchestrator::podnet
