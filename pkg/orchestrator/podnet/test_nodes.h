// Several machines with pods, on one segment or around a router, and what goes between them. For tests; needs root.
#pragma once

#include <chrono>
#include <thread>

#include "net/nft/nft.h"
#include "orchestrator/podnet/peers_apply.h"
#include "orchestrator/podnet/sysctls.h"
#include "orchestrator/podnet/test_machine.h"

namespace appliance::orchestrator::podnet::testing {

using net::netlink::parse_ipv4;

constexpr size_t kMegabyte = 1U << 20U;

// A veth from `net` (a switch or router) named `port` to the machine's link (up0), with this address in its /24.
inline void plug(int net, const std::string& port, uint8_t number, int machine, const std::string& address,
                 const std::string& gateway = "", const std::string& link_name = "up0") {
  Machine::run_in(machine, [&]() -> Result<> {
    auto own = TRY(RouteSocket::open());
    TRY(own.create_veth({.name = link_name,
                         .mac = {2, 8, 0, 0, 1, number},
                         .peer_name = port,
                         .peer_mac = {2, 8, 0, 0, 2, number},
                         .peer_netns_fd = net}));
    TRY(own.change_link("lo", {.up = true}));
    TRY(own.change_link(link_name, {.up = true}));
    const auto link = TRY(own.link(link_name));
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
  void join(int machine, uint8_t number, const std::string& link_name = "up0") const {
    const std::string port = "port" + std::to_string(number);
    plug(ns.get(), port, number, machine, "192.0.2." + std::to_string(number), "", link_name);
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
  int64_t took_ms = 0;
};

// Reads until the end or nothing comes for 5 s.
inline size_t drain(int fd) {
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

// One TCP connection from a namespace to this address, port 8080, which must end at a pod; `bytes` through it.
inline Transfer transfer(int from, int to, const std::string& ip, size_t bytes = kMegabyte) {
  const auto listener = listen_in(to, 8080);
  const auto start = std::chrono::steady_clock::now();
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
  Transfer out{.bytes = 0, .source = inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text), .took_ms = 0};
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
  out.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace appliance::orchestrator::podnet::testing
