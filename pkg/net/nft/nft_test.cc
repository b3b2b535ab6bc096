// Root needed: every test works in a network namespace of its own. `nft` is a stranger that reads what we wrote.
#include "net/nft/nft.h"

#include <linux/netfilter.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "net/netlink/netns.h"

using namespace appliance;
using namespace appliance::net;
using namespace appliance::net::nft;

namespace {

void in_fresh_netns(const std::function<Result<>()>& body) {
  auto ns = netlink::make_netns();
  REQUIRE(ns.has_value());
  auto result = netlink::in_netns(ns->get(), body);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
}

std::string run(const char* command) {  // in the thread's namespace
  std::string out;
  FILE* pipe = popen(command, "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  pclose(pipe);
  return out;
}

netlink::Ipv4 ip(const char* text) { return *netlink::parse_ipv4(text); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void fill(Batch& b) {
  b.add_table();
  b.add_set({.name = "svc", .key = {kIpv4Field, kProtoField, kPortField}, .verdict = true});
  b.add_set({.name = "be", .key = {kIpv4Field, kProtoField, kPortField, kMarkField}, .data = {kIpv4Field, kPortField}});
  b.add_base_chain({.name = "prerouting", .type = "nat", .hook = Hook::kPrerouting, .priority = -100});
  b.add_base_chain({.name = "postrouting", .type = "nat", .hook = Hook::kPostrouting, .priority = 100});
  b.add_chain("ep2");
  b.add_rule("prerouting", Rule().load_ip_dst(0).load_l4proto(1).load_dport(2).lookup_verdict("svc", 0));
  b.add_rule("ep2",
             Rule().load_ip_dst(0).load_l4proto(1).load_dport(2).load_random(3, 2).lookup("be", 0, 4).dnat(4, 5));
  b.add_rule("postrouting", Rule().load_mark(0).mask(0, 0x4000).not_equal(0, key_u32(0)).masquerade());
}

Element service(const char* address, uint16_t port, const char* chain) {
  return {.key = key_ip(ip(address)) + key_proto(6) + key_port(port), .data = {}, .verdict = go_to(chain)};
}
Element backend(uint16_t port, uint32_t slot, const char* pod) {
  return {.key = key_ip(ip("10.43.0.1")) + key_proto(6) + key_port(port) + key_u32(slot),
          .data = key_ip(ip(pod)) + key_port(8080),
          .verdict = {}};
}

}  // namespace

TEST_CASE("nft: another program reads back the table, chains, rules and elements that we wrote") {
  std::string listing;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    fill(b);
    const Element services[] = {service("10.43.0.1", 80, "ep2")};
    const Element backends[] = {backend(80, 0, "10.42.0.2"), backend(80, 1, "10.42.0.3")};
    b.add_elements("svc", services);
    b.add_elements("be", backends);
    TRY(nft.commit(b));
    listing = run("nft list ruleset 2>&1");
    return {};
  });
  INFO(listing);
  CHECK(has(listing, "table ip t"));
  CHECK(has(listing, "10.43.0.1 . tcp . 80 : goto ep2"));
  CHECK(has(listing, "10.42.0.3 . 8080"));
  CHECK(has(listing, "vmap @svc"));
  CHECK(has(listing, "numgen random mod 2"));
  CHECK(has(listing, "masquerade fully-random"));
}

TEST_CASE("nft: elements read back equal what was added, verdicts and data alike") {
  std::vector<Element> services;
  std::vector<Element> backends;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    fill(b);
    const Element s[] = {service("10.43.0.1", 80, "ep2")};
    const Element e[] = {backend(80, 0, "10.42.0.2")};
    b.add_elements("svc", s);
    b.add_elements("be", e);
    TRY(nft.commit(b));
    services = TRY(nft.elements("t", "svc"));
    backends = TRY(nft.elements("t", "be"));
    return {};
  });
  CHECK(services == std::vector<Element>{service("10.43.0.1", 80, "ep2")});
  CHECK(backends == std::vector<Element>{backend(80, 0, "10.42.0.2")});
}

TEST_CASE("nft: a transaction with one bad message changes nothing and names it") {
  Error error;
  bool there = true;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    b.add_table();
    b.add_rule("nosuch", Rule().verdict(drop()));
    b.add_chain("good");
    auto result = nft.commit(b);
    if (!result) error = result.error();
    there = TRY(nft.table_exists("t"));
    return {};
  });
  CHECK(error.code == Code::kNotFound);
  CHECK(has(error.message, "nosuch"));
  CHECK_FALSE(there);
}

TEST_CASE("nft: an element's data is replaced by delete and add in one transaction") {
  std::vector<Element> after;
  bool refused = false;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    fill(b);
    const Element old_one[] = {backend(80, 0, "10.42.0.2")};
    const Element new_one[] = {backend(80, 0, "10.42.0.9")};
    b.add_elements("be", old_one);
    TRY(nft.commit(b));
    Batch plain("t");
    plain.add_elements("be", new_one);
    refused = !nft.commit(plain);
    Batch both("t");
    both.delete_elements("be", old_one);
    both.add_elements("be", new_one);
    TRY(nft.commit(both));
    after = TRY(nft.elements("t", "be"));
    return {};
  });
  CHECK(refused);
  CHECK(after == std::vector<Element>{backend(80, 0, "10.42.0.9")});
}

TEST_CASE("nft: twenty thousand elements go in one transaction") {
  size_t count = 0;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    fill(b);
    std::vector<Element> many;
    for (uint32_t i = 0; i < 20000; ++i) many.push_back(backend(static_cast<uint16_t>(1 + i), i, "10.42.0.2"));
    b.add_elements("be", many);
    TRY(nft.commit(b));
    count = TRY(nft.elements("t", "be")).size();
    return {};
  });
  CHECK(count == 20000);
}

TEST_CASE("nft: rules of a chain are replaced in place, and the table goes whole") {
  std::string listing;
  bool there = true;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    Batch b("t");
    fill(b);
    TRY(nft.commit(b));
    Batch again("t");
    fill(again);  // adds the rules a second time, after the flush of one chain
    TRY(nft.commit(again));
    Batch flush("t");
    flush.flush_chain("prerouting");
    flush.add_rule("prerouting",
                   Rule().dst_in(*netlink::parse_cidr("10.43.0.0/16"), 0).dst_is_local(0).ct_new(0).verdict(accept()));
    TRY(nft.commit(flush));
    listing = run("nft list chain ip t prerouting 2>&1");
    TRY(nft.delete_table("t"));
    TRY(nft.delete_table("t"));
    there = TRY(nft.table_exists("t"));
    return {};
  });
  INFO(listing);
  CHECK(has(listing, "ip daddr 10.43.0.0/16 fib daddr type local"));
  CHECK_FALSE(has(listing, "vmap"));
  CHECK_FALSE(there);
}

TEST_CASE("nft: foreign base chains are seen with hook, priority and policy") {
  std::vector<ChainInfo> chains;
  in_fresh_netns([&]() -> Result<> {
    run("nft 'add table inet fw; add chain inet fw forward { type filter hook forward priority 0; policy drop; }' "
        "2>&1");
    auto nft = TRY(Nft::open());
    chains = TRY(nft.chains());
    return {};
  });
  REQUIRE(chains.size() == 1);
  CHECK(chains[0].table == "fw");
  CHECK(chains[0].hook == NF_INET_FORWARD);
  CHECK(chains[0].policy_drop);
}

TEST_CASE("nft: the generation counts every commit, also those of others") {
  uint32_t before = 0;
  uint32_t after = 0;
  uint32_t foreign = 0;
  in_fresh_netns([&]() -> Result<> {
    auto nft = TRY(Nft::open());
    before = TRY(nft.generation());
    Batch b("t");
    b.add_table();
    TRY(nft.commit(b));
    after = TRY(nft.generation());
    run("nft add table ip other");
    foreign = TRY(nft.generation());
    return {};
  });
  CHECK(before > 0);
  CHECK(after == before + 1);
  CHECK(foreign == after + 1);
}
