// Root needed: every test works in network namespaces of its own.
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "net/netlink/message.h"
#include "net/netlink/monitor.h"
#include "net/netlink/netns.h"
#include "net/netlink/route.h"

using namespace appliance;
using namespace appliance::net::netlink;

namespace {

// Runs the body in a fresh namespace; assertions happen on the caller's thread, with what the body returned.
void in_fresh_netns(const std::function<Result<>()>& body) {
  auto ns = make_netns();
  REQUIRE(ns.has_value());
  auto result = in_netns(ns->get(), body);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
}

ino_t netns_inode() {
  struct stat st{};
  REQUIRE(stat("/proc/thread-self/ns/net", &st) == 0);
  return st.st_ino;
}

}  // namespace

TEST_CASE("ip: parses and prints addresses and prefixes, refuses the rest") {
  CHECK(parse_ipv4("10.42.0.7")->value == 0x0a2a0007U);
  CHECK(parse_ipv4("10.42.0.7")->string() == "10.42.0.7");
  for (const char* bad : {"", "10.42.0", "10.42.0.256", "10.42.0.7 ", "a.b.c.d", "10.42.0.7.8", "::1"})
    CHECK_FALSE(parse_ipv4(bad));
  const auto cidr = parse_cidr("10.42.0.0/24");
  REQUIRE(cidr);
  CHECK(cidr->contains(*parse_ipv4("10.42.0.255")));
  CHECK_FALSE(cidr->contains(*parse_ipv4("10.42.1.0")));
  CHECK(parse_cidr("0.0.0.0/0")->contains(*parse_ipv4("8.8.8.8")));
  for (const char* bad : {"10.42.0.0", "10.42.0.0/33", "10.42.0.1/24", "10.42.0.0/-1", "/8", "10.0.0.0/8x"})
    CHECK(parse_cidr(bad).error().code == Code::kInvalidArgument);
}

TEST_CASE("netlink message: what is built parses back, nests included") {
  Builder b;
  b.begin(RTM_NEWLINK, NLM_F_CREATE, rtmsg{});
  b.text(1, "eth0");
  {
    auto nest = b.nest(2);
    b.be32(3, 0x01020304);
  }
  b.begin(RTM_DELLINK, 0, rtmsg{});
  std::string_view bytes = b.finish();
  auto first = next_message(bytes);
  REQUIRE(first);
  CHECK(first->type == RTM_NEWLINK);
  CHECK(first->seq == 1);
  const auto attributes = parse_attributes(first->attributes<rtmsg>());
  REQUIRE(attributes.size() == 2);
  CHECK(attributes[0].as_text() == "eth0");
  CHECK(parse_attributes(attributes[1].data).at(0).as_be32() == 0x01020304U);
  auto second = next_message(bytes);
  REQUIRE(second);
  CHECK(second->seq == 2);
  CHECK_FALSE(next_message(bytes));
}

TEST_CASE("netlink message: every truncation and lying length is survived") {
  Builder b;
  b.begin(RTM_NEWLINK, 0, rtmsg{});
  b.text(1, "some name");
  auto nest = b.open(2);
  b.be64(3, 7);
  b.close(nest);
  const std::string whole = b.finish();
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    std::string_view bytes = std::string_view(whole).substr(0, cut);
    CHECK_FALSE(next_message(bytes));
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(0xff);
    std::string_view bytes = broken;
    size_t seen = 0;
    while (auto m = next_message(bytes))
      for (const auto& a : parse_attributes(m->attributes<rtmsg>())) seen += a.data.size();
    CHECK(seen <= whole.size());
  }
}

TEST_CASE("netns: work runs in the other namespace and the caller stays in its own") {
  const auto home = netns_inode();
  ino_t inside = 0;
  in_fresh_netns([&]() -> Result<> {
    struct stat st{};
    if (stat("/proc/thread-self/ns/net", &st) != 0) return fail_errno("stat");
    inside = st.st_ino;
    return {};
  });
  CHECK(inside != 0);
  CHECK(inside != home);
  CHECK(netns_inode() == home);
}

TEST_CASE("netlink: a veth is born in the other namespace with its name, address and mtu") {
  auto pod = make_netns();
  REQUIRE(pod);
  Link host;
  Link peer;
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    const VethSpec spec{.name = "apdeadbeef0123",
                        .mac = {2, 0, 0, 0, 0, 1},
                        .peer_name = "eth0",
                        .peer_mac = {2, 0, 0, 0, 0, 2},
                        .peer_netns_fd = pod->get(),
                        .mtu = 1380};
    TRY(net.create_veth(spec));
    const auto again = net.create_veth(spec);
    if (again || again.error().code != Code::kAlreadyExists)
      return fail(Code::kInternal, "a second create was not refused");
    TRY(net.change_link(spec.name, {.up = true, .mtu = {}, .alias = "uid-1", .group = 7}));
    host = TRY(net.link(spec.name));
    TRY(in_netns(pod->get(), [&]() -> Result<> {
      auto inner = TRY(RouteSocket::open());
      peer = TRY(inner.link("eth0"));
      return {};
    }));
    return {};
  });
  CHECK(host.alias == "uid-1");
  CHECK(host.kind == "veth");
  CHECK(host.group == 7);
  CHECK(host.mtu == 1380);
  CHECK(host.up);
  CHECK(host.mac == Mac{2, 0, 0, 0, 0, 1});
  CHECK(peer.mac == Mac{2, 0, 0, 0, 0, 2});
  CHECK(peer.mtu == 1380);
  CHECK_FALSE(peer.up);
}

TEST_CASE("netlink: a veth between two other namespaces leaves nothing in ours, one end joins a bridge and leaves it") {
  auto left = make_netns();
  auto right = make_netns();
  REQUIRE(left);
  REQUIRE(right);
  bool here = true;
  Error again;
  Link bridge;
  std::vector<int> masters;
  Link far;
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    TRY(net.create_veth({.name = "port1",
                         .mac = {2, 0, 0, 0, 0, 1},
                         .peer_name = "eth0",
                         .peer_mac = {2, 0, 0, 0, 0, 2},
                         .peer_netns_fd = right->get(),
                         .netns_fd = left->get()}));
    here = net.link("port1").has_value() || net.link("eth0").has_value();
    TRY(in_netns(left->get(), [&]() -> Result<> {
      auto inner = TRY(RouteSocket::open());
      TRY(inner.create_bridge("br0"));
      if (auto second = inner.create_bridge("br0"); !second) again = second.error();
      bridge = TRY(inner.link("br0"));
      for (const int master : {bridge.index, 0}) {
        TRY(inner.change_link("port1", {.up = true, .master = master}));
        masters.push_back(TRY(inner.link("port1")).master);
      }
      return {};
    }));
    return in_netns(right->get(), [&]() -> Result<> {
      auto inner = TRY(RouteSocket::open());
      far = TRY(inner.link("eth0"));
      return {};
    });
  });
  CHECK_FALSE(here);
  CHECK(again.code == Code::kAlreadyExists);
  CHECK(bridge.kind == "bridge");
  CHECK(masters == std::vector<int>{bridge.index, 0});
  CHECK(far.mac == Mac{2, 0, 0, 0, 0, 2});
  CHECK(far.ethernet);
}

TEST_CASE("netlink: a VXLAN device, its neighbours and its forwarding entries come back as they were set, and go") {
  Link made;
  bool lo_is_ethernet = true;
  std::vector<Neighbour> neighbours;
  std::vector<ForwardingEntry> entries;
  std::vector<Route> routes;
  size_t left = 99;
  const Mac far{2, 0, 0, 0, 0, 9};
  const Ipv4 gateway = *parse_ipv4("10.42.1.1");
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    TRY(net.change_link("lo", {.up = true}));
    lo_is_ethernet = TRY(net.link("lo")).ethernet;
    TRY(net.create_vxlan({.name = "vx",
                          .mac = {2, 0, 0, 0, 0, 1},
                          .mtu = 1450,
                          .vxlan = {.vni = 0x123456, .local = *parse_ipv4("192.0.2.1"), .port = 8472}}));
    TRY(net.change_link("vx", {.up = true}));
    made = TRY(net.link("vx"));
    for (const char* remote : {"192.0.2.2", "192.0.2.3", "192.0.2.3"})  // replaced, then the same again
      TRY(net.add_forwarding({.link = made.index, .mac = far, .remote = *parse_ipv4(remote)}));
    TRY(net.add_neighbour(made.index, gateway, far));
    const auto destination = TRY(parse_cidr("10.42.1.0/24"));
    TRY(net.add_route({.destination = destination, .link = made.index, .gateway = gateway, .on_link = true}));
    neighbours = TRY(net.neighbours(made.index));
    entries = TRY(net.forwarding(made.index));
    routes = TRY(net.routes());
    for (int i = 0; i < 2; ++i) {
      TRY(net.delete_route(routes.at(0)));
      TRY(net.delete_neighbour(made.index, gateway));
      TRY(net.delete_forwarding(entries.at(0)));
    }
    left = TRY(net.neighbours(made.index)).size() + TRY(net.forwarding(made.index)).size() + TRY(net.routes()).size();
    return {};
  });
  CHECK_FALSE(lo_is_ethernet);
  CHECK(made.kind == "vxlan");
  CHECK(made.mtu == 1450);
  REQUIRE(made.vxlan);
  CHECK(*made.vxlan == Vxlan{.vni = 0x123456, .local = *parse_ipv4("192.0.2.1"), .port = 8472, .learning = false});
  CHECK(neighbours == std::vector<Neighbour>{{.link = made.index, .ip = gateway, .mac = far}});
  CHECK(entries == std::vector<ForwardingEntry>{{.link = made.index, .mac = far, .remote = *parse_ipv4("192.0.2.3")}});
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].on_link);
  CHECK(routes[0].gateway == gateway);
  CHECK(left == 0);
}

TEST_CASE("netlink: addresses and routes come back as they were set, and go") {
  std::vector<Address> addresses;
  std::vector<Route> routes;
  size_t left = 99;
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    TRY(net.change_link("lo", {.up = true, .mtu = {}, .alias = {}, .group = {}}));
    const auto lo = TRY(net.link("lo"));
    const Address address{.link = lo.index, .ip = *parse_ipv4("10.43.0.10"), .prefix = 32, .scope = Scope::kHost};
    TRY(net.add_address(address));
    TRY(net.add_address(address));  // again: fine
    const Route route{.destination = TRY(parse_cidr("10.43.0.0/16")), .link = lo.index};
    TRY(net.add_route(route));
    TRY(net.add_route(route));
    addresses = TRY(net.addresses());
    routes = TRY(net.routes());
    TRY(net.delete_route(route));
    TRY(net.delete_route(route));
    TRY(net.delete_address(address));
    TRY(net.delete_address(address));
    left = TRY(net.routes()).size();
    return {};
  });
  CHECK(std::count_if(addresses.begin(), addresses.end(),
                      [](const Address& a) { return a.ip.string() == "10.43.0.10" && a.scope == Scope::kHost; }) == 1);
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].destination.string() == "10.43.0.0/16");
  CHECK(routes[0].protocol == kOwnProtocol);
  CHECK(left == 0);
}

TEST_CASE("netlink: deleting many links in one request is done when it returns, absent ones are fine") {
  size_t before = 0;
  size_t after = 99;
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    std::vector<int> indexes{987654};
    const size_t base = TRY(net.links()).size();
    for (int i = 0; i < 5; ++i) {
      const std::string n = std::to_string(i);
      TRY(net.create_veth({.name = "a" + n,
                           .mac = {2, 1, 0, 0, 0, uint8_t(i)},
                           .peer_name = "b" + n,
                           .peer_mac = {2, 2, 0, 0, 0, uint8_t(i)}}));
      indexes.push_back(TRY(net.link("a" + n)).index);
    }
    before = TRY(net.links()).size() - base;
    TRY(net.delete_links(indexes));
    after = TRY(net.links()).size() - base;
    return {};
  });
  CHECK(before == 10);
  CHECK(after == 0);
}

TEST_CASE("netlink: an error names what was tried and the kernel's reason") {
  Error error;
  in_fresh_netns([&]() -> Result<> {
    auto net = TRY(RouteSocket::open());
    auto result = net.link("nosuch");
    if (!result) error = result.error();
    return {};
  });
  CHECK(error.errno_value == ENODEV);
  CHECK(error.message.find("nosuch") != std::string::npos);
}

TEST_CASE("netlink: a monitor hears of links of its own namespace, and says so when it could not keep up") {
  auto elsewhere = make_netns();
  REQUIRE(elsewhere);
  std::vector<std::string> heard;
  bool lost_before = true;
  bool lost_after = false;
  in_fresh_netns([&]() -> Result<> {
    auto monitor = TRY(Monitor::open(NETLINK_ROUTE, {RTNLGRP_LINK}));
    TRY(in_netns(elsewhere->get(), []() -> Result<> {
      auto other = TRY(RouteSocket::open());
      return other.create_bridge("foreign");
    }));
    auto net = TRY(RouteSocket::open());
    TRY(net.create_bridge("mine"));
    lost_before = TRY(monitor.read([&](const Message& m) {
      for (const auto& a : parse_attributes(m.attributes<ifinfomsg>()))
        if (a.type == IFLA_IFNAME) heard.emplace_back(a.as_text());
    }));
    TRY(net.change_link("mine", {.up = true}));
    for (int i = 0; i < 4000; ++i) TRY(net.change_link("mine", {.group = static_cast<uint32_t>(i % 2 + 1)}));
    lost_after = TRY(monitor.read([](const Message&) {}));
    return {};
  });
  CHECK_FALSE(lost_before);
  REQUIRE_FALSE(heard.empty());
  CHECK(std::all_of(heard.begin(), heard.end(), [](const auto& name) { return name == "mine"; }));
  CHECK(lost_after);
}
