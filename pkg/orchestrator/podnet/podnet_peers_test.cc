// Root needed. Pods of several machines, each a network namespace, joined by a bridge (direct routes) or by a router
// (tunnel).
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <thread>

#include "net/nft/nft.h"
#include "orchestrator/podnet/names.h"
#include "orchestrator/podnet/peers_apply.h"
#include "orchestrator/podnet/sysctls.h"
#include "orchestrator/podnet/test_machine.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using namespace appliance::orchestrator::podnet::testing;
using net::netlink::Ipv4;
using net::netlink::Mac;
using net::netlink::parse_ipv4;

namespace {

constexpr size_t kMegabyte = 1U << 20U;

// A veth from `net` (a switch or router) named `port` to the machine's up0, with this address in its /24.
void plug(int net, const std::string& port, uint8_t number, int machine, const std::string& address,
          const std::string& gateway = "") {
  Machine::run_in(machine, [&]() -> Result<> {
    auto own = TRY(RouteSocket::open());
    TRY(own.create_veth({.name = "up0",
                         .mac = {2, 8, 0, 0, 1, number},
                         .peer_name = port,
                         .peer_mac = {2, 8, 0, 0, 2, number},
                         .peer_netns_fd = net}));
    TRY(own.change_link("lo", {.up = true}));
    TRY(own.change_link("up0", {.up = true}));
    const auto link = TRY(own.link("up0"));
    TRY(own.add_address({.link = link.index, .ip = *parse_ipv4(address), .prefix = 24}));
    if (gateway.empty()) return {};
    return own.add_route({.destination = {.base = {}, .prefix = 0},
                          .link = link.index,
                          .gateway = *parse_ipv4(gateway),
                          .protocol = 3});  // RTPROT_BOOT: an administrator's
  });
}

// A segment: a bridge in a namespace of its own.
struct Segment {
  base::Fd ns;
  Segment() {
    auto made = net::netlink::make_netns();
    REQUIRE(made);
    ns = std::move(*made);
    Machine::run_in(ns.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      TRY(net.create_bridge("br0"));
      return net.change_link("br0", {.up = true});
    });
  }
  void join(int machine, uint8_t number) const {
    const std::string port = "port" + std::to_string(number);
    plug(ns.get(), port, number, machine, "192.0.2." + std::to_string(number));
    Machine::run_in(ns.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      const auto bridge = TRY(net.link("br0"));
      return net.change_link(port, {.up = true, .master = bridge.index});
    });
  }
};

// A router with one network per machine: 198.51.<number>.0/24, itself .1, the machine .2. It knows nothing of pods.
struct Router {
  base::Fd ns;
  Router() {
    auto made = net::netlink::make_netns();
    REQUIRE(made);
    ns = std::move(*made);
    Machine::run_in(ns.get(), [] { return write_sysctl("net.ipv4.ip_forward", "1"); });
  }
  static std::string address(uint8_t number) { return "198.51." + std::to_string(number) + ".2"; }
  void join(int machine, uint8_t number) const {
    const std::string own = "198.51." + std::to_string(number) + ".1";
    const std::string port = "port" + std::to_string(number);
    plug(ns.get(), port, number, machine, address(number), own);
    Machine::run_in(ns.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      TRY(net.change_link(port, {.up = true}));
      const auto link = TRY(net.link(port));
      return net.add_address({.link = link.index, .ip = *parse_ipv4(own), .prefix = 24});
    });
  }
};

struct Node : Machine {
  base::Fd pod;
  std::string pod_ip;
  Node(std::string node, uint8_t number, std::string address) {
    name = std::move(node);
    pod_cidr = "10.42." + std::to_string(number) + ".0/24";
    node_ip = std::move(address);
  }
  [[nodiscard]] Peer peer() const { return {.node = name, .pod_cidr = pod_cidr, .node_ip = node_ip}; }
  void start() {
    open();
    pod = make_pod("pod-" + name);
    pod_ip = attach("pod-" + name).address;
  }
  void stop() {
    run([&] {
      podnet.reset();
      return Result<>{};
    });
  }
  void know(const std::vector<Peer>& peers) {
    run([&] { return podnet->set_peers(peers); });
  }
  Error refused(const std::vector<Peer>& peers) {
    Error out;
    run([&]() -> Result<> {
      if (auto result = podnet->set_peers(peers); !result) out = result.error();
      return {};
    });
    return out;
  }
  PeerState state() {
    PeerState out;
    run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      auto nft = TRY(net::nft::Nft::open());
      out = TRY(observe_peers(net, nft));
      return {};
    });
    return out;
  }
  std::optional<net::netlink::Link> tunnel_link() {
    for (const auto& l : state().links)
      if (is_tunnel(l)) return l;
    return std::nullopt;
  }
};

struct Transfer {
  size_t bytes = 0;
  std::string source;
};

// Reads until the end or nothing comes for 5 s.
size_t drain(int fd) {
  size_t total = 0;
  std::vector<char> buffer(65536);
  while (true) {
    pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&p, 1, 5000) != 1) return total;
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) return total;
    total += static_cast<size_t>(n);
  }
}

// One TCP connection from a namespace to a pod, `bytes` through it.
Transfer transfer(int from, int to, const std::string& ip, size_t bytes = kMegabyte) {
  const auto listener = listen_in(to, 8080);
  base::Fd client;
  Machine::run_in(from, [&]() -> Result<> {
    client = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval deadline{.tv_sec = 5, .tv_usec = 0};  // of connect and of each send
    setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    auto a = address_of(ip, 8080);
    if (connect(client.get(), reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) return fail_errno("connect to " + ip);
    return {};
  });
  sockaddr_in peer{};
  socklen_t n = sizeof peer;
  const base::Fd server(accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &n, SOCK_CLOEXEC));
  char text[INET_ADDRSTRLEN];
  Transfer out{.bytes = 0, .source = inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text)};
  std::thread writer([&] {
    const std::string data(bytes, 'x');
    size_t sent = 0;
    while (sent < bytes) {
      const ssize_t k = send(client.get(), data.data() + sent, bytes - sent, MSG_NOSIGNAL);
      if (k <= 0) break;
      sent += static_cast<size_t>(k);
    }
    client.reset();
  });
  out.bytes = drain(server.get());
  writer.join();
  return out;
}

void check_both_ways(Node& a, Node& b) {
  INFO(a.name + " and " + b.name);
  const auto there = transfer(a.pod.get(), b.pod.get(), b.pod_ip);
  CHECK(there.bytes == kMegabyte);
  CHECK(there.source == a.pod_ip);
  const auto back = transfer(b.pod.get(), a.pod.get(), a.pod_ip);
  CHECK(back.bytes == kMegabyte);
  CHECK(back.source == b.pod_ip);
  const auto host = transfer(a.ns.get(), b.pod.get(), b.pod_ip);
  CHECK(host.bytes == kMegabyte);
}

}  // namespace

TEST_CASE(
    "podnet peers: machines of one segment reach each other's pods directly, with the pods' addresses as source") {
  const Segment segment;
  Node a("a", 0, "192.0.2.1");
  Node b("b", 1, "192.0.2.2");
  Node c("c", 2, "192.0.2.3");
  const std::vector<Peer> all{a.peer(), b.peer(), c.peer()};  // a node passes over itself
  uint8_t number = 0;
  for (auto* node : {&a, &b, &c}) {
    segment.join(node->ns.get(), ++number);
    node->start();
    node->know(all);
  }
  check_both_ways(a, b);
  check_both_ways(b, c);
  check_both_ways(a, c);
  CHECK_FALSE(a.tunnel_link());

  a.know({c.peer()});  // b has left
  CHECK_FALSE(connect_in(a.pod.get(), b.pod_ip, 8080).empty());
  check_both_ways(a, c);
}

TEST_CASE("podnet peers: machines behind a router reach each other's pods by VXLAN, a megabyte at once") {
  const Router router;
  Node a("a", 0, Router::address(1));
  Node b("b", 1, Router::address(2));
  uint8_t number = 0;
  for (auto* node : {&a, &b}) {
    router.join(node->ns.get(), ++number);
    node->start();  // these pods have links of the underlay's MTU
    node->know({a.peer(), b.peer()});
  }
  REQUIRE(a.tunnel_link());
  CHECK(a.tunnel_link()->mtu == 1450);
  check_both_ways(a, b);

  const auto late = a.make_pod("late");  // and this one fits into the tunnel from the start
  const auto at = a.attach("late");
  Machine::run_in(late.get(), [&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    const auto link = TRY(net.link("eth0"));
    return link.mtu == 1450 ? Result<>{} : fail(Code::kInternal, "mtu " + std::to_string(link.mtu));
  });
  CHECK(transfer(b.pod.get(), late.get(), at.address).bytes == kMegabyte);
  CHECK(transfer(late.get(), b.pod.get(), b.pod_ip).source == at.address);

  a.know({});
  CHECK_FALSE(a.tunnel_link());
  CHECK(a.state().nodes.empty());
  CHECK_FALSE(connect_in(a.pod.get(), b.pod_ip, 8080).empty());
}
