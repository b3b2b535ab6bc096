// Firewalls as Docker, ufw, firewalld and people with nft make them, loaded by `nft` into a network namespace of the
// test's own and judged by diagnose(). Root needed.
#include <catch2/catch.hpp>
#include <cstdio>

#include "net/netlink/netns.h"
#include "orchestrator/podnet/diagnose.h"

using namespace appliance;
using namespace appliance::orchestrator::podnet;

namespace {

using Findings = std::vector<std::string>;

Findings findings(const std::string& ruleset) {
  Findings out;
  auto ns = net::netlink::make_netns();
  REQUIRE(ns);
  const auto done = net::netlink::in_netns(ns->get(), [&]() -> Result<> {
    FILE* nft = ::popen("nft -f -", "w");
    if (nft == nullptr) return fail(Code::kInternal, "nft");
    std::fwrite(ruleset.data(), 1, ruleset.size(), nft);
    if (::pclose(nft) != 0) return fail(Code::kInvalidArgument, "nft refused:\n" + ruleset);
    out = TRY(diagnose(DiagnoseOptions{.node_ip = "192.0.2.1"}));
    return {};
  });
  INFO((done ? std::string() : done.error().message));
  REQUIRE(done);
  return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// What Docker 28 writes by iptables-nft; `user` goes into DOCKER-USER.
std::string docker(const std::string& user) {
  return R"(table ip filter {
  chain DOCKER { iifname != "docker0" oifname "docker0" drop; }
  chain DOCKER-FORWARD { jump DOCKER-CT; jump DOCKER-ISOLATION-STAGE-1; jump DOCKER-BRIDGE; iifname "docker0" accept; }
  chain DOCKER-CT { oifname "docker0" ct state related,established accept; }
  chain DOCKER-BRIDGE { oifname "docker0" jump DOCKER; }
  chain DOCKER-ISOLATION-STAGE-1 { iifname "docker0" oifname != "docker0" jump DOCKER-ISOLATION-STAGE-2; }
  chain DOCKER-ISOLATION-STAGE-2 { oifname "docker0" drop; }
  chain DOCKER-USER { )" +
         user + R"( return; }
  chain FORWARD { type filter hook forward priority filter; policy drop;
    jump DOCKER-USER; jump DOCKER-FORWARD; }
})";
}

std::string ufw(const std::string& route, const std::string& in) {
  return R"(table ip filter {
  chain ufw-user-forward { )" +
         route + R"( }
  chain ufw-user-input { )" +
         in + R"( }
  chain ufw-not-local { fib daddr type local return; fib daddr type multicast return; limit rate 3/minute burst 10 packets log; drop; }
  chain ufw-before-forward { ct state related,established accept; icmp type echo-request accept; jump ufw-user-forward; }
  chain ufw-before-input { iifname "lo" accept; ct state related,established accept; ct state invalid drop;
    udp sport 67 udp dport 68 accept; jump ufw-not-local; jump ufw-user-input; }
  chain ufw-after-input { udp dport 137 jump ufw-skip; fib daddr type broadcast jump ufw-skip; }
  chain ufw-skip { drop; }
  chain FORWARD { type filter hook forward priority filter; policy drop; counter jump ufw-before-forward; }
  chain INPUT { type filter hook input priority filter; policy drop; counter jump ufw-before-input; jump ufw-after-input; }
})";
}

std::string firewalld(const std::string& forward, const std::string& input) {
  return R"(table inet firewalld {
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop;
    jump filter_INPUT_ZONES; reject with icmpx admin-prohibited; }
  chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept; ct status dnat accept; iifname "lo" accept; ct state invalid drop;
    ip6 daddr { ::/96, 2002::/24 } reject with icmpv6 addr-unreachable;
    jump filter_FORWARD_ZONES; reject with icmpx admin-prohibited; }
  chain filter_INPUT_ZONES { )" +
         input + R"( iifname "eth0" goto filter_IN_public; goto filter_IN_public; }
  chain filter_FORWARD_ZONES { )" +
         forward + R"( iifname "eth0" goto filter_FWD_public; goto filter_FWD_public; }
  chain filter_IN_public { tcp dport 22 accept; meta l4proto { icmp, ipv6-icmp } accept; }
  chain filter_FWD_public { meta l4proto { icmp, ipv6-icmp } accept; reject with icmpx admin-prohibited; }
  chain filter_IN_trusted { accept; }
  chain filter_FWD_trusted { accept; }
})";
}

}  // namespace

TEST_CASE("diagnose: Docker's policy stops pods, and its DOCKER-USER rules are believed") {
  const auto bare = findings(docker(""));
  REQUIRE(bare.size() == 1);
  CHECK(has(bare[0],
            "table filter chain FORWARD stops by default what goes from pods to the outside, between pods, "
            "from the outside to node ports"));
  CHECK(has(bare[0], "iptables -I DOCKER-USER -s 10.42.0.0/16 -j ACCEPT"));
  const auto half = findings(docker("ip saddr 10.42.0.0/16 accept;"));
  REQUIRE(half.size() == 1);
  CHECK(has(half[0], "what goes from the outside to node ports:"));
  CHECK(findings(docker("ip saddr 10.42.0.0/16 accept; ip daddr 10.42.0.0/16 accept;")) == Findings{});
  CHECK(findings(docker("ip saddr 10.99.0.0/16 accept; ip daddr 10.99.0.0/16 accept;")).size() == 1);
}

TEST_CASE("diagnose: ufw stops pods both ways, and each of its rules cures its own") {
  const auto bare = findings(ufw("", ""));
  REQUIRE(bare.size() == 2);
  CHECK(has(bare[0], "chain FORWARD stops by default"));
  CHECK(has(bare[0], "ufw route allow from 10.42.0.0/16"));
  CHECK(has(bare[1],
            "chain INPUT stops by default what goes from pods to this node's API, from pods to this node's DNS"));
  CHECK(has(bare[1], "ufw allow from 10.42.0.0/16"));
  const std::string route = "ip saddr 10.42.0.0/16 counter accept; ip daddr 10.42.0.0/16 counter accept;";
  const auto routed = findings(ufw(route, ""));
  REQUIRE(routed.size() == 1);
  CHECK(has(routed[0], "chain INPUT"));
  CHECK(findings(ufw(route, "ip saddr 10.42.0.0/16 counter accept;")) == Findings{});
}

TEST_CASE("diagnose: firewalld's final rejects are seen, and the trusted zone is believed") {
  const auto bare = findings(firewalld("", ""));
  REQUIRE(bare.size() == 2);
  CHECK(has(bare[0],
            "table firewalld chain filter_FORWARD stops by a rule of chain filter_FWD_public what goes from pods "
            "to the outside, between pods:"));  // node ports pass: ct status dnat
  CHECK(has(bare[0], "firewall-cmd --permanent --zone=trusted --add-source=10.42.0.0/16"));
  CHECK(
      has(bare[1], "table firewalld chain filter_INPUT stops by a rule of chain filter_INPUT what goes from pods to"));
  CHECK(findings(firewalld("ip saddr 10.42.0.0/16 goto filter_FWD_trusted;",
                           "ip saddr 10.42.0.0/16 goto filter_IN_trusted;")) == Findings{});
}

TEST_CASE("diagnose: accepts by link, link group, set and verdict map are understood") {
  const auto forward = [](const std::string& rules) {
    return findings(
               "table inet mine {\n set cluster { type ipv4_addr; flags interval; elements = { 10.42.0.0/15, "
               "192.0.2.0/24 } }\n set other { type ipv4_addr; flags interval; elements = { 10.0.0.0/11, "
               "10.64.0.0/10 } }\n chain allowed { accept; }\n chain f { type filter hook forward priority 0; policy "
               "drop;\n" +
               rules + "\n}\n}")
        .size();
  };
  CHECK(forward("") == 1);
  CHECK(forward("iifname \"ap*\" accept; oifname \"ap*\" accept") == 0);
  CHECK(forward("iifname \"eth0\" accept; oifname \"eth0\" accept") == 1);
  CHECK(forward("iifgroup 0x52 accept; oifgroup 0x52 accept") == 0);
  CHECK(forward("ip saddr @cluster accept; ip daddr @cluster jump allowed") == 0);
  CHECK(forward("ip saddr @other accept; ip daddr @other accept") == 1);  // between two of its intervals
  CHECK(forward("ip saddr != @other accept; ip daddr != @other accept") == 0);
  CHECK(forward("ct state vmap { established : accept, related : accept, new : jump allowed }") == 0);
  CHECK(forward("ip saddr vmap { 10.42.0.0/16 : accept, 10.43.0.0/16 : drop }; ip daddr { 10.42.0.0/16 } accept") == 0);
  CHECK(forward("meta l4proto tcp accept") == 0);
  CHECK(forward("meta l4proto udp accept; tcp dport 443 accept") == 1);
  CHECK(forward("tcp dport 1-65535 accept") == 0);
  // A rule that is about few packets neither stops nor saves the others.
  CHECK(forward("limit rate 1/minute accept") == 1);
  CHECK(forward("meta cpu 0 accept") == 1);
  CHECK(forward("drop; ip saddr 10.42.0.0/16 accept") == 1);
  CHECK(findings("table inet mine { chain f { type filter hook forward priority 0; limit rate 1/minute drop; }\n"
                 " chain o { type filter hook output priority 0; policy drop; }\n}\n"
                 "table ip6 six { chain f { type filter hook forward priority 0; policy drop; }\n}") == Findings{});
}

TEST_CASE("diagnose: iptables' own targets and matches, which nft cannot write, are told apart") {
  using net::nft::Expression;
  net::netlink::Builder reject;
  reject.begin(0, 0, uint32_t{0});
  reject.text(1, "REJECT");  // NFTA_TARGET_NAME
  const std::string target = reject.finish().substr(20);
  net::netlink::Builder type;
  type.begin(0, 0, uint32_t{0});
  type.text(1, "addrtype");  // NFTA_MATCH_NAME
  const std::string match = type.finish().substr(20);
  Firewall firewall;
  firewall.set = [](uint8_t, const std::string&, const std::string&) { return std::vector<net::nft::SetElement>(); };
  firewall.chains = {{.family = 2, .table = "filter", .name = "FORWARD", .type = "filter", .hook = 2}};
  const auto count = [&](std::vector<Expression> expressions) {
    firewall.rules = {{.family = 2, .table = "filter", .chain = "FORWARD", .expressions = std::move(expressions)}};
    return diagnose(firewall, {}).value().size();
  };
  CHECK(count({{"counter", ""}, {"target", target}}) == 1);
  CHECK(count({{"match", match}, {"target", target}}) == 0);
  CHECK(count({}) == 0);
}
