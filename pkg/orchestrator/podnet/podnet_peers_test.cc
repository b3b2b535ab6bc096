// Root needed. Pods of several machines, each a network namespace, joined by a bridge (direct routes) or by a router
// (tunnel).
#include "net/nft/nft.h"
#include "orchestrator/podnet/test_nodes.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using namespace appliance::orchestrator::podnet::testing;

namespace {

int mtu_of(int ns, const char* link_name) {
  int out = 0;
  Machine::run_in(ns, [&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    const auto link = TRY(net.link(link_name));
    out = link.mtu;
    return {};
  });
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
  // No lost SYN, no wait for a segment that was too large.
  CHECK(std::max({there.took_ms, back.took_ms, host.took_ms}) < 3000);
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
  CHECK(mtu_of(a.ns.get(), kTunnelLink) == 1450);
  CHECK(mtu_of(a.pod.get(), "eth0") == 1500);
  check_both_ways(a, b);

  const auto late = a.make_pod("late");  // and this one fits into the tunnel from the start
  const auto at = a.attach("late");
  CHECK(mtu_of(late.get(), "eth0") == 1450);
  CHECK(transfer(b.pod.get(), late.get(), at.address).bytes == kMegabyte);
  CHECK(transfer(late.get(), b.pod.get(), b.pod_ip).source == at.address);

  a.know({});
  CHECK_FALSE(a.tunnel_link());
  CHECK(a.state().nodes.empty());
  CHECK_FALSE(connect_in(a.pod.get(), b.pod_ip, 8080).empty());
}

TEST_CASE("podnet peers: direct to the neighbour and by tunnel to the far one, both from one node") {
  const Segment segment;
  const Router router;
  Node a("a", 0, "192.0.2.1");
  Node b("b", 1, "192.0.2.2");
  Node far("far", 2, Router::address(9));
  segment.join(a.ns.get(), 1);
  segment.join(b.ns.get(), 2);
  segment.join(router.ns.get(), 254, "to-segment");
  router.join(far.ns.get(), 9);
  for (auto* node : {&a, &b})
    node->run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      const auto link = TRY(net.link("up0"));
      return net.add_route({.destination = {.base = {}, .prefix = 0},
                            .link = link.index,
                            .gateway = *parse_ipv4("192.0.2.254"),
                            .protocol = 3});
    });
  for (auto* node : {&a, &b, &far}) {
    node->start();
    node->know({a.peer(), b.peer(), far.peer()});
  }
  check_both_ways(a, b);
  check_both_ways(a, far);
  check_both_ways(b, far);
  const auto state = a.state();
  std::vector<std::string> gateways;
  for (const auto& r : state.routes)
    if (r.gateway.value != 0 && r.destination.prefix == 24)
      gateways.push_back(r.destination.string() + " " + r.gateway.string());
  std::sort(gateways.begin(), gateways.end());
  CHECK(gateways == std::vector<std::string>{"10.42.1.0/24 192.0.2.2", "10.42.2.0/24 10.42.2.1"});
}

TEST_CASE("podnet peers: a restart finds routes and tunnel as they are, and a connection through it goes on") {
  const Router router;
  Node a("a", 0, Router::address(1));
  Node b("b", 1, Router::address(2));
  uint8_t number = 0;
  for (auto* node : {&a, &b}) {
    router.join(node->ns.get(), ++number);
    node->start();
    node->know({a.peer(), b.peer()});
  }
  const auto listener = listen_in(b.pod.get(), 7000);
  base::Fd client;
  Machine::run_in(a.pod.get(), [&]() -> Result<> {
    client = base::Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto to = address_of(b.pod_ip, 7000);
    if (connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return fail_errno("connect");
    return {};
  });
  const base::Fd server(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto before = a.state();
  REQUIRE(a.tunnel_link());
  const int index = a.tunnel_link()->index;

  a.stop();
  CHECK(a.state().routes == before.routes);  // the end of the server is not the end of the network
  a.open();
  CHECK(a.attach("pod-a").address == a.pod_ip);
  for (int i = 0; i < 2; ++i) {
    a.know({a.peer(), b.peer()});
    const auto after = a.state();
    CHECK(a.tunnel_link()->index == index);
    CHECK(after.routes == before.routes);
    CHECK(after.neighbours == before.neighbours);
    CHECK(after.forwarding == before.forwarding);
    CHECK(after.nodes == before.nodes);
    CHECK(after.tunnel_port == before.tunnel_port);
  }
  REQUIRE(send(client.get(), "still here", 10, MSG_NOSIGNAL) == 10);
  client.reset();
  CHECK(drain(server.get()) == 10);
}

TEST_CASE("podnet peers: a node that comes back with another address is reached there") {
  const Router router;
  Node a("a", 0, Router::address(1));
  Node b("b", 1, Router::address(2));
  router.join(a.ns.get(), 1);
  router.join(b.ns.get(), 2);
  a.start();
  b.start();
  a.know({{.node = "b", .pod_cidr = b.pod_cidr, .node_ip = "198.51.77.2"}});
  const int index = a.tunnel_link()->index;
  a.know({b.peer()});
  b.know({a.peer()});
  check_both_ways(a, b);
  CHECK(a.tunnel_link()->index == index);
  CHECK(a.state().forwarding.size() == 1);
}

TEST_CASE("podnet peers: peers that are wrong are named with the reason, and the others are reached") {
  const Segment segment;
  Node a("a", 0, "192.0.2.1");
  Node b("b", 1, "192.0.2.2");
  segment.join(a.ns.get(), 1);
  segment.join(b.ns.get(), 2);
  a.start();
  b.start();
  b.know({a.peer()});
  a.tunnel = Tunnel::kNever;
  a.stop();
  a.open();
  const auto error = a.refused({{.node = "own-range", .pod_cidr = "10.42.0.0/25", .node_ip = "192.0.2.7"},
                                b.peer(),
                                {.node = "no-address", .pod_cidr = "10.42.7.0/24", .node_ip = ""},
                                {.node = "foreign", .pod_cidr = "10.9.0.0/24", .node_ip = "192.0.2.8"},
                                {.node = "far", .pod_cidr = "10.42.9.0/24", .node_ip = "198.51.100.9"}});
  CHECK(error.code == Code::kInvalidArgument);
  for (const char* part :
       {"node own-range: ", "node no-address: ", "node foreign: ", "node far: ", "tunnels are turned"})
    CHECK(error.message.find(part) != std::string::npos);
  CHECK(error.message.find("node b:") == std::string::npos);
  check_both_ways(a, b);
}

TEST_CASE("podnet peers: teardown leaves no route, no tunnel and no table, with a live server and after a crash") {
  const Router router;
  Node a("a", 0, Router::address(1));
  router.join(a.ns.get(), 1);
  const auto text = [&] {
    std::string out;
    a.run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      for (const auto& l : TRY(net.links())) out += l.name + ' ';
      for (const auto& r : TRY(net.routes())) out += r.destination.string() + ' ';
      for (const auto& address : TRY(net.addresses())) out += address.ip.string() + ' ';
      auto tables = TRY(net::nft::Nft::open());
      for (const auto& c : TRY(tables.chains())) out += c.table + '/' + c.name + ' ';
      return {};
    });
    return out;
  };
  const auto before = text();
  const Peer far{.node = "b", .pod_cidr = "10.42.1.0/24", .node_ip = Router::address(2)};
  const Peer near{.node = "c", .pod_cidr = "10.42.2.0/24", .node_ip = "198.51.1.1"};
  for (const bool crash : {false, true}) {
    a.start();
    a.know({far, near});
    REQUIRE(a.tunnel_link());
    CHECK(text().find("10.42.2.0/24") != std::string::npos);
    a.run([&]() -> Result<> {
      if (crash) {
        a.podnet.reset();
        return remove_all(a.options());
      }
      return a.podnet->teardown();
    });
    CHECK(text() == before);
    a.stop();
    REQUIRE(net::netlink::remove_named_netns(a.pod_path("pod-a")));
  }
}

namespace {

// Polls what tells nobody of its change; true once it holds.
bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    (void)poll(nullptr, 0, 20);
  }
  return holds();
}

}  // namespace

TEST_CASE("podnet peers: rules that somebody flushed come back by themselves, host ports and nodes included") {
  const Router router;
  Node a("a", 0, Router::address(1));
  Node b("b", 1, Router::address(2));
  uint8_t number = 0;
  for (auto* node : {&a, &b}) {
    router.join(node->ns.get(), ++number);
    node->start();
    node->know({a.peer(), b.peer()});
  }
  a.run([&] {
    return a.podnet->set_host_ports("pod-a", a.pod_ip,
                                    {{.protocol = "TCP", .host_port = 8081, .container_port = 80, .host_ip = ""}});
  });
  const auto listener = listen_in(a.pod.get(), 80);
  CHECK(connect_in(b.ns.get(), a.node_ip, 8081).empty());
  a.run([&]() -> Result<> {
    auto nft = TRY(net::nft::Nft::open());
    return nft.delete_table(kTable);
  });
  CHECK(eventually([&] {
    size_t nodes = 0;
    a.run([&]() -> Result<> {
      auto nft = TRY(net::nft::Nft::open());
      if (const auto elements = nft.elements(kTable, kNodes)) nodes = elements->size();
      return {};
    });
    return nodes == 1;
  }));
  CHECK(connect_in(b.ns.get(), a.node_ip, 8081).empty());
  check_both_ways(a, b);
}

TEST_CASE("podnet peers: a link that went down and up again carries pods again, without anybody's call") {
  const Segment segment;
  Node a("a", 0, "192.0.2.1");
  Node b("b", 1, "192.0.2.2");
  uint8_t number = 0;
  for (auto* node : {&a, &b}) {
    segment.join(node->ns.get(), ++number);
    node->start();
    node->know({a.peer(), b.peer()});
  }
  const auto direct = [&] {
    const auto state = a.state();
    return std::any_of(state.routes.begin(), state.routes.end(), [&](const auto& r) {
      return r.destination.string() == b.pod_cidr && r.gateway.string() == b.node_ip;
    });
  };
  const auto set_link = [&](bool up) {
    a.run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      return net.change_link("up0", {.up = up});
    });
  };
  CHECK(direct());
  set_link(false);
  CHECK_FALSE(direct());
  set_link(true);
  CHECK(eventually(direct));
  check_both_ways(a, b);
}

TEST_CASE("podnet peers: what a service sends on to another node's pod comes from the tunnel's own end") {
  const Router router;
  Node a("a", 0, Router::address(1));
  Node b("b", 1, Router::address(2));
  Machine client;
  uint8_t number = 0;
  for (auto* node : {&a, &b}) {
    router.join(node->ns.get(), ++number);
    node->start();
    node->know({a.peer(), b.peer()});
  }
  router.join(client.ns.get(), 3);
  a.run([&]() -> Result<> {  // a NodePort as the proxy sets it
    net::nft::Batch batch("service");
    batch.add_table();
    batch.add_base_chain({.name = "pre", .type = "nat", .hook = net::nft::Hook::kPrerouting, .priority = -100});
    batch.add_base_chain({.name = "post", .type = "nat", .hook = net::nft::Hook::kPostrouting, .priority = 100});
    batch.add_rule("pre", net::nft::Rule()
                              .dst_is_local(0)
                              .l4proto_is(IPPROTO_TCP, 0)
                              .load_value(1, net::nft::key_ip(*parse_ipv4(b.pod_ip)))
                              .load_value(2, net::nft::key_port(8080))
                              .dnat(1, 2));
    batch.add_rule("post", net::nft::Rule().masquerade());
    auto nft = TRY(net::nft::Nft::open());
    return nft.commit(batch);
  });
  const auto seen = transfer(client.ns.get(), b.pod.get(), a.node_ip);
  CHECK(seen.bytes == kMegabyte);
  CHECK(seen.source == "10.42.0.1");
}
