#include "orchestrator/dns/zone.h"

#include <catch2/catch.hpp>

#include "orchestrator/dns/pod_resolv.h"
#include "orchestrator/dns/resolv_conf.h"

using namespace appliance;
using namespace appliance::orchestrator::dns;
using namespace appliance::net::dns;

namespace {

json::Value doc(std::string_view text) {
  auto out = json::parse(text);
  REQUIRE(out);
  return *out;
}

std::string show(const Record& r) {
  if (r.type == kTypeA) {
    std::string out;
    for (const unsigned char c : r.rdata) out += (out.empty() ? "" : ".") + std::to_string(c);
    return "A " + out;
  }
  if (r.type == kTypePtr) return "PTR " + name_to_text(r.rdata);
  if (r.type == kTypeCname) return "CNAME " + name_to_text(r.rdata);
  if (r.type == kTypeSrv)
    return "SRV " +
           std::to_string(static_cast<unsigned char>(r.rdata[4]) << 8 | static_cast<unsigned char>(r.rdata[5])) + ' ' +
           name_to_text(r.rdata.substr(6));
  if (r.type == kTypeTxt) return "TXT " + r.rdata.substr(1);
  return "TYPE" + std::to_string(r.type);
}

// "A 10.0.0.1; ..." sorted, or NODATA, NXDOMAIN, ELSEWHERE.
std::string ask(const Zone& zone, const char* name, uint16_t type = kTypeA) {
  const auto answer = zone.lookup({.name = *name_from_text(name), .type = type});
  if (!answer) return "ELSEWHERE";
  if (answer->rcode == Rcode::kNxDomain) return answer->authority.size() == 1 ? "NXDOMAIN" : "NXDOMAIN without SOA";
  if (answer->answers.empty()) return answer->authority.size() == 1 ? "NODATA" : "NODATA without SOA";
  std::vector<std::string> parts;
  for (const auto& r : answer->answers) parts.push_back(show(r));
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& p : parts) out += (out.empty() ? "" : "; ") + p;
  return out;
}

Zone sample() {
  Zone zone("cluster.local");
  zone.set(
      {"default", "web"},
      service_records(
          zone.origin(), {"default", "web"},
          doc(R"({"spec":{"clusterIP":"10.43.0.5","ports":[{"name":"http","port":80},{"name":"dns","port":53,"protocol":"UDP"}]}})"),
          {}));
  zone.set({"default", "db"},
           service_records(zone.origin(), {"default", "db"},
                           doc(R"({"spec":{"clusterIP":"None","ports":[{"name":"sql","port":5432}]}})"),
                           {doc(R"({"addressType":"IPv4","ports":[{"name":"sql","port":5432}],"endpoints":[
    {"addresses":["10.42.0.2"],"hostname":"db-0"},{"addresses":["10.42.0.3"],"conditions":{"ready":true}},{"addresses":["10.42.0.4"],"conditions":{"ready":false}}]})")}));
  zone.set({"other", "ext"},
           service_records(zone.origin(), {"other", "ext"},
                           doc(R"({"spec":{"type":"ExternalName","externalName":"www.example.com"}})"), {}));
  return zone;
}

}  // namespace

TEST_CASE("dns zone: the table of the specification") {
  const Zone zone = sample();
  const struct {
    const char* name;
    uint16_t type;
    const char* answer;
  } table[] = {
      {"dns-version.cluster.local", kTypeTxt, "TXT 1.1.0"},
      {"web.default.svc.cluster.local", kTypeA, "A 10.43.0.5"},
      {"WEB.Default.svc.CLUSTER.local", kTypeA, "A 10.43.0.5"},
      {"web.default.svc.cluster.local", kTypeAaaa, "NODATA"},
      {"_http._tcp.web.default.svc.cluster.local", kTypeSrv, "SRV 80 web.default.svc.cluster.local"},
      {"_dns._udp.web.default.svc.cluster.local", kTypeSrv, "SRV 53 web.default.svc.cluster.local"},
      {"_http._udp.web.default.svc.cluster.local", kTypeSrv, "NXDOMAIN"},
      {"_tcp.web.default.svc.cluster.local", kTypeSrv, "NODATA"},
      {"5.0.43.10.in-addr.arpa", kTypePtr, "PTR web.default.svc.cluster.local"},
      {"db.default.svc.cluster.local", kTypeA, "A 10.42.0.2; A 10.42.0.3"},
      {"db-0.db.default.svc.cluster.local", kTypeA, "A 10.42.0.2"},
      {"10-42-0-3.db.default.svc.cluster.local", kTypeA, "A 10.42.0.3"},
      {"_sql._tcp.db.default.svc.cluster.local", kTypeSrv,
       "SRV 5432 10-42-0-3.db.default.svc.cluster.local; SRV 5432 db-0.db.default.svc.cluster.local"},
      {"2.0.42.10.in-addr.arpa", kTypePtr, "PTR db-0.db.default.svc.cluster.local"},
      {"ext.other.svc.cluster.local", kTypeA, "CNAME www.example.com"},
      {"10-42-0-9.default.pod.cluster.local", kTypeA, "A 10.42.0.9"},
      {"10-42-0-9.default.pod.cluster.local", kTypeAaaa, "NODATA"},
      {"10-42-0.default.pod.cluster.local", kTypeA, "NXDOMAIN"},
      {"default.svc.cluster.local", kTypeA, "NODATA"},
      {"svc.cluster.local", kTypeA, "NODATA"},
      {"cluster.local", kTypeA, "NODATA"},
      {"nosuch.svc.cluster.local", kTypeA, "NXDOMAIN"},
      {"nosuch.default.svc.cluster.local", kTypeA, "NXDOMAIN"},
      {"www.example.com.cluster.local", kTypeA, "NXDOMAIN"},
      {"cluster.local", kTypeSoa, "TYPE6"},
      {"cluster.local", kTypeNs, "TYPE2"},
      {"www.example.com", kTypeA, "ELSEWHERE"},
      {"mycluster.local", kTypeA, "ELSEWHERE"},
      {"9.9.43.10.in-addr.arpa", kTypePtr, "ELSEWHERE"},
  };
  for (const auto& row : table) {
    INFO(row.name << " type " << row.type);
    CHECK(ask(zone, row.name, row.type) == row.answer);
  }
}

TEST_CASE("dns zone: a service that changes or goes leaves nothing behind") {
  Zone zone("cluster.local");
  const size_t empty = zone.size();
  const auto records = [&](const char* ip) {
    return service_records(zone.origin(), {"a", "b"}, doc(std::string(R"({"spec":{"clusterIP":")") + ip + R"("}})"),
                           {});
  };
  zone.set({"a", "b"}, records("10.43.0.1"));
  zone.set({"a", "b"}, records("10.43.0.2"));
  CHECK(ask(zone, "b.a.svc.cluster.local") == "A 10.43.0.2");
  CHECK(ask(zone, "1.0.43.10.in-addr.arpa", kTypePtr) == "ELSEWHERE");
  zone.set({"a", "b"}, {});
  CHECK(ask(zone, "b.a.svc.cluster.local") == "NXDOMAIN");
  CHECK(ask(zone, "a.svc.cluster.local") == "NXDOMAIN");
  CHECK(zone.size() == empty);
}

TEST_CASE("dns zone: a headless service without ready endpoints does not exist, unless it publishes unready ones") {
  Zone zone("cluster.local");
  const auto slice =
      doc(R"({"addressType":"IPv4","endpoints":[{"addresses":["10.42.0.2"],"conditions":{"ready":false}}]})");
  zone.set({"a", "h"}, service_records(zone.origin(), {"a", "h"}, doc(R"({"spec":{"clusterIP":"None"}})"), {slice}));
  CHECK(ask(zone, "h.a.svc.cluster.local") == "NXDOMAIN");
  zone.set({"a", "h"},
           service_records(zone.origin(), {"a", "h"},
                           doc(R"({"spec":{"clusterIP":"None","publishNotReadyAddresses":true}})"), {slice}));
  CHECK(ask(zone, "h.a.svc.cluster.local") == "A 10.42.0.2");
}

TEST_CASE("dns zone: odd documents have no records") {
  for (const char* text : {"{}", "[]", R"({"spec":{"clusterIP":"","clusterIPs":[7]}})",
                           R"({"spec":{"type":"ExternalName","externalName":"a..b"}})"})
    CHECK(service_records(*name_from_text("cluster.local"), {"a", "b"}, doc(text), {doc("{}")}).empty());
  CHECK(service_records(*name_from_text("cluster.local"), {std::string(64, 'x'), "b"},
                        doc(R"({"spec":{"clusterIP":"10.43.0.1"}})"), {})
            .empty());
}

TEST_CASE("pod resolv.conf: each dnsPolicy") {
  const PodResolvOptions options{
      .cluster_dns = "10.43.0.10",
      .cluster_domain = "cluster.local",
      .host_resolv_conf_text = "search lab.example\nnameserver 192.0.2.53\noptions timeout:1\n"};
  const std::string cluster =
      "search web.svc.cluster.local svc.cluster.local cluster.local lab.example\nnameserver 10.43.0.10\noptions "
      "ndots:5\n";
  const std::string host = "search lab.example\nnameserver 192.0.2.53\noptions timeout:1\n";
  CHECK(pod_resolv_conf(doc("{}"), "web", options) == cluster);
  CHECK(pod_resolv_conf(doc(R"({"hostNetwork":true})"), "web", options) == host);
  CHECK(pod_resolv_conf(doc(R"({"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"})"), "web", options) ==
        cluster);
  CHECK(pod_resolv_conf(doc(R"({"dnsPolicy":"Default"})"), "web", options) == host);
  CHECK(
      pod_resolv_conf(
          doc(R"({"dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"],"searches":["a.b"],"options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}})"),
          "web", options) == "search a.b\nnameserver 1.1.1.1\noptions ndots:2 edns0\n");
}

TEST_CASE("pod resolv.conf: dnsConfig is merged, limits cut, and no value can begin a line of its own") {
  PodResolvOptions options{.cluster_dns = "10.43.0.10", .cluster_domain = "cluster.local", .host_resolv_conf_text = ""};
  const auto text = pod_resolv_conf(
      doc(R"({"dnsConfig":{"nameservers":["1.1.1.1","2.2.2.2","3.3.3.3","10.43.0.10"],"searches":["x.y","svc.cluster.local","evil\nnameserver 6.6.6.6"],
    "options":[{"name":"ndots","value":"1"}]}})"),
      "a", options);
  CHECK(text ==
        "search a.svc.cluster.local svc.cluster.local cluster.local x.y\nnameserver 10.43.0.10\nnameserver "
        "1.1.1.1\nnameserver 2.2.2.2\noptions ndots:1\n");
  std::string many = "search";
  for (int i = 0; i < 100; ++i) many += " d" + std::to_string(i) + ".example";
  options.host_resolv_conf_text = many + "\n";
  CHECK(parse_resolv_conf(pod_resolv_conf(doc("{}"), "a", options)).search.size() == 32);
}

TEST_CASE("resolv.conf: comments, tabs, the last search line and loopback stubs") {
  const auto conf = parse_resolv_conf(
      "# c\nnameserver\t127.0.0.53 # stub\nsearch a b\ndomain c\noptions ndots:1 edns0\nnameserver "
      "9.9.9.9\nbogus\nnameserver\n");
  CHECK(conf.nameservers == std::vector<std::string>{"127.0.0.53", "9.9.9.9"});
  CHECK(conf.search == std::vector<std::string>{"c"});
  CHECK(conf.options == std::vector<std::string>{"ndots:1", "edns0"});
  CHECK(is_loopback_nameserver("127.0.0.53"));
  CHECK_FALSE(is_loopback_nameserver("10.0.0.1"));
}
