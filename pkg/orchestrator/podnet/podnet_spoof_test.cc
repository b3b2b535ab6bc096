// Root needed. What pods and strangers must not get away with: forged sources, and packets put into the tunnel.
// Each case sends the forgery first and then something genuine on the same way to the same receiver: that the genuine
// one is the first to arrive shows that the forgery did not, and that the way was open.
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/test_nodes.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using namespace appliance::orchestrator::podnet::testing;
using net::netlink::Mac;

namespace {

constexpr uint16_t kReceiverPort = 5000;
constexpr uint16_t kTunnelUdpPort = 8472;

base::Fd receive_in(int ns) {
  base::Fd out;
  Machine::run_in(ns, [&]() -> Result<> {
    out = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto at = address_of("0.0.0.0", kReceiverPort);
    if (bind(out.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return fail_errno("bind");
    return {};
  });
  return out;
}

// The first byte of what arrives next; '-' if nothing does.
char next_from(const base::Fd& receiver) {
  pollfd p{.fd = receiver.get(), .events = POLLIN, .revents = 0};
  char out = '-';
  if (poll(&p, 1, 3000) != 1 || recv(receiver.get(), &out, 1, 0) != 1) return '-';
  return out;
}

// One datagram; the source address is the kernel's choice if "". A refusal by the sender's own kernel is fine: the
// forgery does not arrive.
void send_udp(int ns, const std::string& source, const std::string& to, uint16_t port, const std::string& payload) {
  Machine::run_in(ns, [&]() -> Result<> {
    const base::Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto from = address_of(source.empty() ? "0.0.0.0" : source, 0);
    auto at = address_of(to, port);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) return fail_errno("bind " + source);
    (void)sendto(fd.get(), payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&at), sizeof at);
    return {};
  });
}

void own_address(int ns, const char* link_name, const std::string& address) {
  Machine::run_in(ns, [&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    const auto link = TRY(net.link(link_name));
    return net.add_address({.link = link.index, .ip = *parse_ipv4(address), .prefix = 32});
  });
}

void route_to(int ns, const std::string& cidr, const std::string& gateway) {
  Machine::run_in(ns, [&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    const auto link = TRY(net.link("up0"));
    const auto destination = TRY(net::netlink::parse_cidr(cidr));
    return net.add_route(
        {.destination = destination, .link = link.index, .gateway = *parse_ipv4(gateway), .protocol = 3});
  });
}

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

uint16_t ip_checksum(const iphdr& header) {
  uint32_t sum = 0;
  const auto bytes = bytes_of(header);
  for (size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i]) << 8U | static_cast<uint8_t>(bytes[i + 1]));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return htons(static_cast<uint16_t>(~sum));
}

// VXLAN header, Ethernet, IPv4, UDP, one byte: what a node would send for a datagram from one pod to another.
std::string tunnelled(const std::string& to_node, const std::string& source, const std::string& to, char what) {
  const std::array<uint8_t, 8> vxlan{0x08, 0, 0, 0, kTunnelVni >> 16U, (kTunnelVni >> 8U) & 0xff, kTunnelVni & 0xff, 0};
  ethhdr ethernet{};
  const Mac to_mac = tunnel_mac(to_node);
  std::copy(to_mac.begin(), to_mac.end(), ethernet.h_dest);
  ethernet.h_source[0] = 2;
  ethernet.h_proto = htons(ETH_P_IP);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.tot_len = htons(sizeof(iphdr) + sizeof(udphdr) + 1);
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = htonl(parse_ipv4(source)->value);
  ip.daddr = htonl(parse_ipv4(to)->value);
  ip.check = ip_checksum(ip);
  udphdr udp{};
  udp.source = htons(1234);
  udp.dest = htons(kReceiverPort);
  udp.len = htons(sizeof(udphdr) + 1);
  std::string out;
  for (const auto part : {bytes_of(vxlan), bytes_of(ethernet), bytes_of(ip), bytes_of(udp), bytes_of(what)})
    out += part;
  return out;
}

// Link addresses on the way are known afterwards: what is sent later does not wait for ARP, and arrives in its order.
void warm_up(int from, int to, const std::string& address) {
  const auto receiver = receive_in(to);
  send_udp(from, "", address, kReceiverPort, "w");
  REQUIRE(next_from(receiver) == 'w');
}

// Two nodes around a router, and two strangers' machines there too.
struct Overlay {
  Router router;
  Node a{"a", 0, Router::address(1)};
  Node b{"b", 1, Router::address(2)};
  Machine stranger;
  Machine other;
  Overlay() {
    uint8_t number = 0;
    for (auto* node : {&a, &b}) {
      router.join(node->ns.get(), ++number);
      node->start();
      node->know({a.peer(), b.peer()});
    }
    router.join(stranger.ns.get(), 3);
    router.join(other.ns.get(), 4);
    for (auto* from : {static_cast<Machine*>(&a), static_cast<Machine*>(&b), &stranger, &other})
      for (auto* to : {&a, &b})
        if (from != to) warm_up(from->ns.get(), to->ns.get(), to->node_ip);
  }
};

}  // namespace

TEST_CASE("podnet spoofing: a pod of one node cannot speak to another node's pod with an address not its own") {
  const Segment segment;
  Node a("a", 0, "192.0.2.1");
  Node b("b", 1, "192.0.2.2");
  segment.join(a.ns.get(), 1);
  segment.join(b.ns.get(), 2);
  for (auto* node : {&a, &b}) {
    node->start();
    node->know({a.peer(), b.peer()});
  }
  const auto receiver = receive_in(b.pod.get());
  for (const char* forged : {"10.42.0.99", "10.42.1.99", "192.0.2.1", "203.0.113.5"}) {
    INFO(forged);
    own_address(a.pod.get(), "eth0", forged);
    send_udp(a.pod.get(), forged, b.pod_ip, kReceiverPort, "f");
    send_udp(a.pod.get(), a.pod_ip, b.pod_ip, kReceiverPort, "t");
    CHECK(next_from(receiver) == 't');
  }
}

TEST_CASE("podnet spoofing: a stranger on the segment cannot speak as a pod of the node that it speaks to") {
  const Segment segment;
  Node a("a", 0, "192.0.2.1");
  Machine stranger;
  segment.join(a.ns.get(), 1);
  segment.join(stranger.ns.get(), 9);
  a.start();
  route_to(stranger.ns.get(), "10.42.0.0/24", a.node_ip);
  // Without the machine's own filter of reverse paths, which a distribution may or may not have set.
  a.run([]() -> Result<> {
    TRY(write_sysctl("net.ipv4.conf.all.rp_filter", "0"));
    return write_sysctl("net.ipv4.conf.up0.rp_filter", "0");
  });
  const auto receiver = receive_in(a.pod.get());
  for (const char* forged : {"10.42.0.77", "10.42.0.1"}) {
    INFO(forged);
    own_address(stranger.ns.get(), "up0", forged);
    send_udp(stranger.ns.get(), forged, a.pod_ip, kReceiverPort, "f");
    send_udp(stranger.ns.get(), "192.0.2.9", a.pod_ip, kReceiverPort, "t");
    CHECK(next_from(receiver) == 't');
  }
}

TEST_CASE("podnet spoofing: tunnel packets are taken from nodes of the cluster and from nobody else") {
  Overlay o;
  const auto receiver = receive_in(o.a.pod.get());
  const auto packet = [&](char what) { return tunnelled("a", o.b.pod_ip, o.a.pod_ip, what); };
  send_udp(o.stranger.ns.get(), "", o.a.node_ip, kTunnelUdpPort, packet('f'));
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, packet('t'));
  CHECK(next_from(receiver) == 't');
  o.a.know({});  // b has left the cluster; another takes its place, so that there still is a tunnel
  o.a.know({{.node = "c", .pod_cidr = "10.42.2.0/24", .node_ip = Router::address(4)}});
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, packet('f'));
  send_udp(o.other.ns.get(), "", o.a.node_ip, kTunnelUdpPort, packet('c'));
  CHECK(next_from(receiver) == 'c');
}

TEST_CASE("podnet spoofing: inside of the tunnel nobody speaks as a pod of the node that it leads to") {
  Overlay o;
  const auto receiver = receive_in(o.a.pod.get());
  o.a.run([] { return write_sysctl("net.ipv4.conf.ap-vxlan.rp_filter", "0"); });
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, tunnelled("a", "10.42.0.77", o.a.pod_ip, 'f'));
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, tunnelled("a", o.b.pod_ip, o.a.pod_ip, 't'));
  CHECK(next_from(receiver) == 't');
}

TEST_CASE("podnet spoofing: a pod cannot put packets into the tunnel, neither of its own node nor of another") {
  Overlay o;
  const auto in_a = receive_in(o.a.pod.get());
  const auto in_b = receive_in(o.b.pod.get());
  // To another node: masqueraded it would come from a node's address.
  send_udp(o.b.pod.get(), "", o.a.node_ip, kTunnelUdpPort, tunnelled("a", o.b.pod_ip, o.a.pod_ip, 'f'));
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, tunnelled("a", o.b.pod_ip, o.a.pod_ip, 't'));
  CHECK(next_from(in_a) == 't');
  // To its own node.
  for (const auto& address : {o.b.node_ip, std::string("10.42.1.1")})
    send_udp(o.b.pod.get(), "", address, kTunnelUdpPort, tunnelled("b", o.a.pod_ip, o.b.pod_ip, 'f'));
  send_udp(o.a.ns.get(), "", o.b.node_ip, kTunnelUdpPort, tunnelled("b", o.a.pod_ip, o.b.pod_ip, 't'));
  CHECK(next_from(in_b) == 't');
  // To another address of the other node than the one that nodes use.
  own_address(o.a.ns.get(), "up0", "198.51.1.77");
  send_udp(o.b.pod.get(), "", "198.51.1.77", kTunnelUdpPort, tunnelled("a", o.b.pod_ip, o.a.pod_ip, 'f'));
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, tunnelled("a", o.b.pod_ip, o.a.pod_ip, 't'));
  CHECK(next_from(in_a) == 't');
}

TEST_CASE(
    "podnet spoofing: a Service whose endpoint is a node's tunnel is no way into it, for pods and for strangers") {
  Overlay o;
  const auto in_a = receive_in(o.a.pod.get());
  // What a service proxy on b would do with such a Service, and the masquerade that comes with it.
  o.b.run([&]() -> Result<> {
    net::nft::Batch batch("service");
    batch.add_table();
    batch.add_base_chain({.name = "pre", .type = "nat", .hook = net::nft::Hook::kPrerouting, .priority = -100});
    batch.add_base_chain({.name = "post", .type = "nat", .hook = net::nft::Hook::kPostrouting, .priority = 100});
    batch.add_rule("pre", net::nft::Rule()
                              .l4proto_is(IPPROTO_UDP, 0)
                              .load_dport(0)
                              .equal(0, net::nft::key_port(9999).substr(0, 2))
                              .load_value(1, net::nft::key_ip(*parse_ipv4(o.a.node_ip)))
                              .load_value(2, net::nft::key_port(kTunnelUdpPort))
                              .dnat(1, 2));
    batch.add_rule("post", net::nft::Rule().masquerade());
    auto nft = TRY(net::nft::Nft::open());
    return nft.commit(batch);
  });
  const auto packet = [&](char what) { return tunnelled("a", o.b.pod_ip, o.a.pod_ip, what); };
  send_udp(o.b.pod.get(), "", o.b.node_ip, 9999, packet('f'));
  send_udp(o.stranger.ns.get(), "", o.b.node_ip, 9999, packet('f'));
  send_udp(o.b.ns.get(), "", o.a.node_ip, kTunnelUdpPort, packet('t'));
  CHECK(next_from(in_a) == 't');
}
