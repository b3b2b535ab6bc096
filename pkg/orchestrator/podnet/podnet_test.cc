// Root needed. The "host" of every test is a network namespace of its own; pods and the outside world are others.
#include "orchestrator/podnet/podnet.h"

#include "base/fs.h"
#include "net/nft/nft.h"
#include "orchestrator/podnet/rules.h"
#include "orchestrator/podnet/sysctls.h"
#include "orchestrator/podnet/test_machine.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;
using namespace appliance::orchestrator::podnet::testing;
using net::netlink::RouteSocket;

namespace {

// An outside machine on a veth to the host: host 192.0.2.1/24, outside 192.0.2.2/24, without any route to the pods.
base::Fd make_outside(Machine& m) {
  auto outside = net::netlink::make_netns();
  REQUIRE(outside);
  m.run([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    TRY(net.create_veth({.name = "up0",
                         .mac = {2, 9, 0, 0, 0, 1},
                         .peer_name = "up1",
                         .peer_mac = {2, 9, 0, 0, 0, 2},
                         .peer_netns_fd = outside->get()}));
    TRY(net.change_link("up0", {.up = true}));
    return net.add_address(
        {.link = TRY(net.link("up0")).index, .ip = *net::netlink::parse_ipv4("192.0.2.1"), .prefix = 24});
  });
  Machine::run_in(outside->get(), [&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    TRY(net.change_link("up1", {.up = true}));
    return net.add_address(
        {.link = TRY(net.link("up1")).index, .ip = *net::netlink::parse_ipv4("192.0.2.2"), .prefix = 24});
  });
  return std::move(*outside);
}

}  // namespace

TEST_CASE("podnet: two pods and the host reach each other, with the pods' own addresses as source") {
  Machine m;
  auto outside = make_outside(m);
  m.open();
  auto a = m.make_pod("uid-a");
  auto b = m.make_pod("uid-b");
  const auto first = m.attach("uid-a");
  const auto second = m.attach("uid-b");
  CHECK(first.address == "10.42.0.2");
  CHECK(second.address == "10.42.0.3");
  CHECK(first.host_link.size() <= 15);
  auto listener = listen_in(b.get(), 8080);
  CHECK(connect_in(a.get(), second.address, 8080).empty());
  CHECK(accepted_from(listener.get()) == first.address);
  CHECK(connect_in(m.ns.get(), second.address, 8080).empty());
  CHECK(accepted_from(listener.get()) == "192.0.2.1");
}

TEST_CASE("podnet: a pod reaches the outside world as the node, and the world does not see pod addresses") {
  Machine m;
  auto outside = make_outside(m);
  m.open();
  auto a = m.make_pod("uid-a");
  m.attach("uid-a");
  auto listener = listen_in(outside.get(), 80);
  CHECK(connect_in(a.get(), "192.0.2.2", 80).empty());
  CHECK(accepted_from(listener.get()) == "192.0.2.1");
}

TEST_CASE("podnet: a machine without any address still reaches its pods") {
  Machine m;
  m.open();
  auto a = m.make_pod("uid-a");
  const auto at = m.attach("uid-a");
  auto listener = listen_in(a.get(), 80);
  CHECK(connect_in(m.ns.get(), at.address, 80).empty());
}

// A browser takes any address that appears for a change of the network, and drops what it is loading.
TEST_CASE("podnet: pods that come and go add no address to the host") {
  Machine m;
  auto outside = make_outside(m);
  m.open();
  // IPv6 addresses of the host's links, as the kernel lists them; the test's own link has one in time.
  const auto names = [&] {
    std::string out;
    m.run([&]() -> Result<> {
      out = TRY(base::read_file("/proc/thread-self/net/if_inet6", 65536));
      return {};
    });
    return out;
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!names().contains("up0") && std::chrono::steady_clock::now() < deadline) (void)::poll(nullptr, 0, 20);
  if (!names().contains("up0")) {
    WARN("this kernel has no IPv6: there is nothing to see");
    return;
  }
  auto a = m.make_pod("uid-a");
  const auto at = m.attach("uid-a");
  auto b = m.make_pod("uid-b");
  m.attach("uid-b");
  CHECK(connect_in(a.get(), at.address, 9).empty() == false);  // nobody listens: but the link is up
  CHECK_FALSE(names().contains(at.host_link));
}

TEST_CASE("podnet: attach is idempotent, and after a restart finds the same address and link") {
  Machine m;
  m.open();
  auto a = m.make_pod("uid-a");
  const auto first = m.attach("uid-a");
  const auto again = m.attach("uid-a");
  CHECK(again.address == first.address);
  const auto index = m.own_links().at(0).index;
  m.run([&] {
    m.podnet.reset();
    return Result<>{};
  });
  (void)base::remove_tree(m.dir.path + "/net");  // even the journal is gone: the kernel knows
  m.open();
  auto b = m.make_pod("uid-b");
  CHECK(m.attach("uid-b").address != first.address);
  CHECK(m.attach("uid-a").address == first.address);
  CHECK(m.own_links().at(0).index == index);
}

TEST_CASE("podnet: a pod whose namespace was made anew gets a new link and keeps its address") {
  Machine m;
  m.open();
  std::string before;
  {
    auto a = m.make_pod("uid-a");
    before = m.attach("uid-a").address;
  }
  REQUIRE(net::netlink::remove_named_netns(m.pod_path("uid-a")));
  auto a = m.make_pod("uid-a");
  CHECK(m.attach("uid-a").address == before);
  auto listener = listen_in(a.get(), 80);
  CHECK(connect_in(m.ns.get(), before, 80).empty());
}

TEST_CASE("podnet: detach twice is fine, reconcile leaves live pods alone and removes the others") {
  Machine m;
  m.open();
  auto a = m.make_pod("uid-a");
  auto b = m.make_pod("uid-b");
  auto c = m.make_pod("uid-c");
  m.attach("uid-a");
  const auto kept = m.attach("uid-b");
  m.attach("uid-c");
  m.run([&]() -> Result<> {
    TRY(m.podnet->detach("uid-a"));
    TRY(m.podnet->detach("uid-a"));
    return m.podnet->reconcile({"uid-b"});
  });
  const auto links = m.own_links();
  REQUIRE(links.size() == 1);
  CHECK(links[0].alias == "uid-b");
  auto listener = listen_in(b.get(), 80);
  CHECK(connect_in(m.ns.get(), kept.address, 80).empty());
}

TEST_CASE("podnet: a pod cannot speak with another address than its own") {
  Machine m;
  m.open();
  auto a = m.make_pod("uid-a");
  auto b = m.make_pod("uid-b");
  m.attach("uid-a");
  const auto victim = m.attach("uid-b");
  // A datagram from a forged source: it must not arrive.
  base::Fd receiver;
  Machine::run_in(b.get(), [&]() -> Result<> {
    receiver = base::Fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    auto at = address_of("0.0.0.0", 5000);
    if (bind(receiver.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) return fail_errno("bind");
    return {};
  });
  const auto send_as = [&](const char* source, char what) {
    Machine::run_in(a.get(), [&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      const auto link = TRY(net.link("eth0"));
      TRY(net.add_address({.link = link.index, .ip = *net::netlink::parse_ipv4(source), .prefix = 32}));
      base::Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      auto from = address_of(source, 0);
      auto to = address_of(victim.address, 5000);
      if (bind(fd.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) return fail_errno("bind source");
      if (sendto(fd.get(), &what, 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof to) != 1) return fail_errno("send");
      return {};
    });
  };
  send_as("10.42.0.99", 'f');
  send_as("10.42.0.2", 't');  // its own: arrives, and behind the forged one if that had arrived
  char got = 0;
  pollfd p{.fd = receiver.get(), .events = POLLIN, .revents = 0};
  REQUIRE(poll(&p, 1, 2000) == 1);
  REQUIRE(recv(receiver.get(), &got, 1, 0) == 1);
  CHECK(got == 't');
}

TEST_CASE("podnet: host ports lead to the pod from outside, from the host by 127.0.0.1 and from the pod itself") {
  Machine m;
  auto outside = make_outside(m);
  m.open();
  auto a = m.make_pod("uid-a");
  const auto at = m.attach("uid-a");
  m.run([&] {
    return m.podnet->set_host_ports("uid-a", at.address,
                                    {{.protocol = "TCP", .host_port = 8081, .container_port = 80, .host_ip = ""}});
  });
  auto listener = listen_in(a.get(), 80);
  CHECK(connect_in(outside.get(), "192.0.2.1", 8081).empty());
  CHECK(accepted_from(listener.get()) == "192.0.2.2");
  CHECK(connect_in(m.ns.get(), "127.0.0.1", 8081).empty());
  CHECK(accepted_from(listener.get()) == "192.0.2.1");
  CHECK(connect_in(a.get(), "192.0.2.1", 8081).empty());
  CHECK(accepted_from(listener.get()) != at.address);
  m.run([&] { return m.podnet->detach("uid-a"); });
  CHECK_FALSE(connect_in(outside.get(), "192.0.2.1", 8081).empty());
}

TEST_CASE("podnet: teardown puts the machine back: links, routes, tables, addresses, sysctls") {
  Machine m;
  const auto state = [&] {
    std::string out;
    m.run([&]() -> Result<> {
      auto net = TRY(RouteSocket::open());
      for (const auto& l : TRY(net.links())) out += l.name + ' ';
      for (const auto& r : TRY(net.routes())) out += r.destination.string() + ' ';
      for (const auto& address : TRY(net.addresses())) out += address.ip.string() + ' ';
      auto tables = TRY(net::nft::Nft::open());
      for (const auto& c : TRY(tables.chains())) out += c.table + '/' + c.name + ' ';
      for (const char* key : {"net.ipv4.ip_forward", "net.ipv4.conf.all.send_redirects"})
        out += TRY(read_sysctl(key)) + ' ';
      return {};
    });
    return out;
  };
  m.run([&]() -> Result<> {  // lo up gives it 127.0.0.1, which is no doing of ours
    TRY(write_sysctl("net.ipv4.ip_forward", "0"));
    auto lo = RouteSocket::open();
    return lo ? lo->change_link("lo", {.up = true}) : fail(lo.error());
  });
  const auto before = state();
  m.open();
  auto a = m.make_pod("uid-a");
  m.attach("uid-a");
  CHECK(state() != before);
  m.run([&] {
    m.podnet.reset();
    return Result<>{};
  });
  m.open();  // a second run must not record its own values as the original ones
  m.run([&] { return m.podnet->teardown(); });
  CHECK(state() == before);
  m.run([&] { return remove_all(m.options()); });
  CHECK(state() == before);
}

TEST_CASE("podnet: diagnose names a foreign firewall that drops forwarded packets, and nothing of ours") {
  Machine m;
  m.open();
  std::vector<std::string> clean;
  std::vector<std::string> found;
  m.run([&]() -> Result<> {
    clean = TRY(diagnose());
    if (system("nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy "
               "drop; }'") != 0)
      return fail(Code::kInternal, "nft");
    found = TRY(diagnose());
    return {};
  });
  CHECK(clean.empty());
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("FORWARD") != std::string::npos);
}
