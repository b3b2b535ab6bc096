#include <catch2/catch.hpp>

#include "base/random.h"
#include "net/dns/cache.h"
#include "net/dns/codec.h"

using namespace appliance;
using namespace appliance::net::dns;

namespace {

std::string wire(const char* text) { return *name_from_text(text); }

std::string query_bytes(const char* name, uint16_t type = kTypeA) {
  return build_query(0x1234, {.name = wire(name), .type = type});
}

Answer many_addresses(const char* name, size_t count) {
  Answer out;
  for (uint32_t i = 0; i < count; ++i)
    out.answers.push_back({.name = wire(name), .type = kTypeA, .ttl = 30, .rdata = rdata_a(0x0a000000U + i)});
  return out;
}

}  // namespace

TEST_CASE("dns name: text and wire form, and what is no name") {
  CHECK(wire("web.default") == std::string("\3web\7default\0", 13));
  CHECK(wire("web.default.") == wire("web.default"));
  CHECK(wire("") == std::string(1, '\0'));
  CHECK(name_to_text(wire("Web.Default")) == "Web.Default");
  CHECK_FALSE(name_from_text("a..b"));
  CHECK_FALSE(name_from_text(std::string(64, 'a')));
  CHECK(name_from_text(std::string(63, 'a')));
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  CHECK(name_from_text(longest));
  CHECK_FALSE(name_from_text(longest + "a"));
}

TEST_CASE("dns name: below a zone is decided on label boundaries") {
  CHECK(is_below(wire("web.cluster.local"), wire("cluster.local")));
  CHECK(is_below(wire("cluster.local"), wire("cluster.local")));
  CHECK_FALSE(is_below(wire("mycluster.local"), wire("cluster.local")));
  CHECK_FALSE(is_below(wire("local"), wire("cluster.local")));
  // A label that holds the zone's bytes is not the zone.
  CHECK_FALSE(is_below(std::string("\x10\x61\7cluster\5local\0", 17) + std::string(1, '\0'), wire("cluster.local")));
}

TEST_CASE("dns name: reverse names") {
  CHECK(name_to_text(reverse_name(0x0a2a0007)) == "7.0.42.10.in-addr.arpa");
  CHECK(ip_from_reverse_name(reverse_name(0x0a2a0007)) == 0x0a2a0007U);
  for (const char* bad : {"0.42.10.in-addr.arpa", "256.0.42.10.in-addr.arpa", "x.0.42.10.in-addr.arpa",
                          "1.7.0.42.10.in-addr.arpa", "a.b"})
    CHECK_FALSE(ip_from_reverse_name(wire(bad)));
}

TEST_CASE("dns codec: a query parses with its case, type and EDNS0") {
  const auto query = parse_query(query_bytes("WeB.x", kTypeAaaa));
  REQUIRE(query);
  CHECK(query->id == 0x1234);
  CHECK(query->recursion_desired);
  CHECK(name_to_text(query->question->name) == "WeB.x");
  CHECK(query->question->type == kTypeAaaa);
  REQUIRE(query->edns);
  CHECK(query->edns->udp_bytes == kUdpBytesMax);
}

TEST_CASE("dns codec: faults have the answer that the protocol wants, or none") {
  std::string bytes = query_bytes("a.b");
  CHECK(parse_query(bytes.substr(0, 11)).error().drop);
  auto changed = [&](size_t at, char value) {
    std::string out = bytes;
    out[at] = value;
    return parse_query(out);
  };
  CHECK(changed(2, static_cast<char>(0x80)).error().drop);  // a response: never answered
  CHECK(changed(2, 0x28).error().rcode == Rcode::kNotImp);  // opcode UPDATE
  CHECK(changed(5, 2).error().rcode == Rcode::kFormErr);    // two questions
  CHECK(changed(5, 0).error().rcode == Rcode::kFormErr);
  CHECK(changed(12, static_cast<char>(0xc0)).error().rcode == Rcode::kFormErr);  // a pointer in a question
  CHECK(changed(12, 0x40).error().rcode == Rcode::kFormErr);
  CHECK(parse_query(bytes + "x").error().rcode == Rcode::kFormErr);
  std::string version = bytes;
  version[version.size() - 5] = 1;  // EDNS version
  CHECK(parse_query(version).error().rcode == Rcode::kBadVers);
  CHECK(parse_query(bytes + std::string("\0\0\x29\4\xd0\0\0\0\0\0\0", 11)).error().rcode ==
        Rcode::kFormErr);  // trailing bytes
}

TEST_CASE("dns codec: a response repeats the question, points to it, and scans back") {
  const auto query = parse_query(query_bytes("web.default"));
  REQUIRE(query);
  const std::string bytes = build_response(*query, many_addresses("web.default", 2), 512);
  const auto scan = scan_response(bytes);
  REQUIRE(scan);
  CHECK(scan->id == 0x1234);
  CHECK(scan->ttl_min == 30);
  CHECK(scan->ttl_offsets.size() == 2);
  CHECK(scan->has_answer);
  CHECK(name_to_text(scan->question.name) == "web.default");
  CHECK(answer_records(bytes).size() == 2);
  CHECK(answer_records(bytes)[1].rdata == rdata_a(0x0a000001));
  CHECK((bytes[2] & 0x04) != 0);  // AA
}

TEST_CASE("dns codec: what does not fit is left out with TC, and TCP takes it all") {
  const auto query = parse_query(query_bytes("web.default"));
  const auto small = build_response(*query, many_addresses("web.default", 200), udp_limit(*query));
  CHECK(small.size() <= kUdpBytesMax);
  CHECK(scan_response(small)->truncated);
  const auto large = build_response(*query, many_addresses("web.default", 200), kMessageBytesMax);
  CHECK_FALSE(scan_response(large)->truncated);
  CHECK(answer_records(large).size() == 200);
}

TEST_CASE("dns codec: the client's UDP size is kept between 512 and 1232") {
  Query query;
  CHECK(udp_limit(query) == 512);
  query.edns = Edns{.udp_bytes = 0};
  CHECK(udp_limit(query) == 512);
  query.edns->udp_bytes = 900;
  CHECK(udp_limit(query) == 900);
  query.edns->udp_bytes = 65535;
  CHECK(udp_limit(query) == kUdpBytesMax);
}

TEST_CASE("dns codec: BADVERS is split between header and OPT") {
  auto query = parse_query(query_bytes("a.b"));
  Answer answer;
  answer.rcode = Rcode::kBadVers;
  const auto bytes = build_response(*query, answer, 512);
  CHECK((bytes[3] & 0xf) == 0);
  CHECK(bytes[bytes.size() - 6] == 1);
}

TEST_CASE("dns codec: pointer loops, forward pointers and truncations end the scan") {
  const auto query = parse_query(query_bytes("web.default"));
  const std::string good = build_response(*query, many_addresses("web.default", 3), 512);
  for (size_t cut = 0; cut < good.size(); ++cut) CHECK_FALSE(scan_response(good.substr(0, cut)));
  std::string loop = good;
  const size_t owner = kHeaderBytes + query->question->name.size() + 4;
  loop[owner + 1] = static_cast<char>(owner);  // points to itself
  CHECK_FALSE(scan_response(loop));
  loop[owner + 1] = static_cast<char>(owner + 4);
  CHECK_FALSE(scan_response(loop));
}

TEST_CASE("dns codec: random damage never breaks the parsers") {
  base::SeededRandom random(7);
  const auto query = parse_query(query_bytes("web.default"));
  const std::string good = build_response(*query, many_addresses("web.default", 5), 512);
  size_t parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = i % 2 == 0 ? good : query_bytes("web.default");
    for (int k = 0; k < 4; ++k) bytes[random.below(bytes.size())] = static_cast<char>(random.next_u64());
    parsed += scan_response(bytes).has_value() ? 1 : 0;
    auto q = parse_query(bytes);
    const Query& answerable = q ? *q : q.error().query;
    const auto reply = build_response(answerable, many_addresses("web.default", 50), udp_limit(answerable));
    REQUIRE(reply.size() <= kUdpBytesMax);
    REQUIRE(scan_response(reply).has_value() == answerable.question.has_value());
    (void)answer_records(bytes);
  }
  CHECK(parsed > 0);
}

TEST_CASE("dns cache: TTLs count down, entries end, bytes are bounded") {
  Cache cache(4096);
  std::string response(40, 'x');
  response.replace(10, 4, std::string("\0\0\0\x1e", 4));
  cache.put("k", response, {10}, 100, 30);
  CHECK(cache.get("k", 110)->substr(10, 4) == std::string("\0\0\0\x14", 4));
  CHECK_FALSE(cache.get("k", 130));
  CHECK(cache.bytes() == 0);
  for (int i = 0; i < 100; ++i) cache.put("key" + std::to_string(i), response, {10}, 100, 30);
  CHECK(cache.bytes() <= 4096);
  CHECK(cache.get("key99", 101));
  CHECK_FALSE(cache.get("key0", 101));
}
