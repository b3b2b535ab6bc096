#include "orchestrator/proxy/plan.h"

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::orchestrator::proxy;

namespace {

json::Value doc(std::string_view text) {
  auto out = json::parse(text);
  REQUIRE(out);
  return *out;
}

std::vector<PortEndpoints> slices(std::initializer_list<std::string_view> texts) {
  std::vector<PortEndpoints> out;
  for (const auto text : texts) read_slice(doc(text), "n1", out);
  return out;
}

constexpr std::string_view kWeb =
    R"({"metadata":{"name":"web"},"spec":{"clusterIP":"10.43.0.5","clusterIPs":["10.43.0.5"],
  "type":"NodePort","ports":[{"name":"http","port":80,"nodePort":30080}]}})";
constexpr std::string_view kTwo = R"({"addressType":"IPv4","ports":[{"name":"http","port":8080}],"endpoints":[
  {"addresses":["10.42.0.3"],"nodeName":"n2","conditions":{"ready":true}},
  {"addresses":["10.42.0.2"],"nodeName":"n1","conditions":{"ready":true}}]})";

std::vector<std::string> chains(const ServicePlan& plan) {
  std::vector<std::string> out;
  for (const auto& c : plan.chains) out.push_back(c.name());
  return out;
}

size_t count(const State& state, const char* map) {
  const auto it = state.find(map);
  return it == state.end() ? 0 : it->second.size();
}

std::vector<std::string> targets(const State& state) {  // of all backends, without duplicates, as ip:port
  std::set<std::string> out;
  if (const auto it = state.find("be"); it != state.end())
    for (const auto& [key, e] : it->second) {
      uint32_t ip = 0;
      for (int i = 0; i < 4; ++i) ip = ip << 8 | static_cast<unsigned char>(e.data[static_cast<size_t>(i)]);
      const int port = static_cast<unsigned char>(e.data[4]) << 8 | static_cast<unsigned char>(e.data[5]);
      out.insert(Ipv4{ip}.string() + ':' + std::to_string(port));
    }
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("proxy plan: a NodePort service has a cluster front end and a node front end with all ready endpoints") {
  const auto plan = plan_service(read_service(doc(kWeb)), slices({kTwo}));
  CHECK(chains(plan) == std::vector<std::string>{"cl-2", "np-2"});
  CHECK(count(plan.state, "svc") == 1);
  CHECK(count(plan.state, "nodeports") == 1);
  CHECK(count(plan.state, "be") == 4);
  CHECK(count(plan.state, "cluster_ips") == 1);
  CHECK(targets(plan.state) == std::vector<std::string>{"10.42.0.2:8080", "10.42.0.3:8080"});
}

TEST_CASE("proxy plan: without endpoints new connections are rejected") {
  const auto plan = plan_service(read_service(doc(kWeb)), {});
  CHECK(plan.chains.empty());
  REQUIRE(count(plan.state, "no_svc") == 1);
  CHECK(plan.state.at("no_svc").begin()->second.verdict == net::nft::go_to("reject"));
  CHECK(count(plan.state, "no_nodeports") == 1);
  CHECK(count(plan.state, "svc") == 0);
}

TEST_CASE("proxy plan: ready ones win; with none, those that serve while terminating; never the others") {
  const auto endpoint = [](uint32_t ip, bool ready, bool serving, bool terminating) {
    return EndpointModel{
        .ip = {ip}, .port = 1, .local = false, .ready = ready, .serving = serving, .terminating = terminating};
  };
  const auto ready = endpoint(1, true, true, false);
  const auto draining = endpoint(2, false, true, true);
  const auto unready = endpoint(3, false, false, false);
  const auto gone = endpoint(4, false, false, true);
  CHECK(usable({ready, draining, unready, gone}, false) == std::vector<EndpointModel>{ready});
  CHECK(usable({draining, unready, gone}, false) == std::vector<EndpointModel>{draining});
  CHECK(usable({unready, gone}, false).empty());
  CHECK(usable({ready}, true).empty());
}

TEST_CASE("proxy plan: externalTrafficPolicy Local keeps to this node from outside, and to all from inside") {
  auto service = doc(kWeb);
  json::ensure(service, {"spec", "externalTrafficPolicy"}) = "Local";
  const auto plan = plan_service(read_service(service), slices({kTwo}));
  CHECK(chains(plan) == std::vector<std::string>{"cl-2", "npl-1", "npi-2"});
  const auto nowhere =
      plan_service(read_service(service), slices({R"({"addressType":"IPv4","ports":[{"name":"http","port":8080}],
    "endpoints":[{"addresses":["10.42.0.3"],"nodeName":"n2"}]})"}));
  CHECK(nowhere.state.at("no_nodeports").begin()->second.verdict == net::nft::drop());
}

TEST_CASE("proxy plan: internalTrafficPolicy Local drops when no endpoint is here") {
  auto service = doc(kWeb);
  json::ensure(service, {"spec", "internalTrafficPolicy"}) = "Local";
  const auto plan =
      plan_service(read_service(service), slices({R"({"addressType":"IPv4","ports":[{"name":"http","port":8080}],
    "endpoints":[{"addresses":["10.42.0.3"],"nodeName":"n2"}]})"}));
  CHECK(plan.state.at("no_svc").begin()->second.verdict == net::nft::drop());
}

TEST_CASE("proxy plan: headless, ExternalName, SCTP and IPv6 leave no rules") {
  CHECK(plan_service(read_service(doc(R"({"spec":{"clusterIP":"None","ports":[{"port":80}]}})")), slices({kTwo}))
            .state.empty());
  CHECK(plan_service(read_service(doc(R"({"spec":{"type":"ExternalName","externalName":"a.b"}})")), {}).state.empty());
  const auto sctp = plan_service(
      read_service(doc(R"({"spec":{"clusterIP":"10.43.0.9","ports":[{"port":80,"protocol":"SCTP"}]}})")), {});
  CHECK(count(sctp.state, "no_svc") == 0);
  std::vector<PortEndpoints> none;
  read_slice(doc(R"({"addressType":"IPv6","ports":[{"port":80}],"endpoints":[{"addresses":["fd00::1"]}]})"), "n1",
             none);
  CHECK(none.empty());
}

TEST_CASE("proxy plan: ports are matched by name and protocol, and slices of one service add up") {
  const auto plan = plan_service(
      read_service(doc(
          R"({"spec":{"clusterIP":"10.43.0.53","ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53}]}})")),
      slices(
          {R"({"addressType":"IPv4","ports":[{"name":"dns","port":5353,"protocol":"UDP"},{"name":"dns-tcp","port":5354}],"endpoints":[{"addresses":["10.42.0.2"]}]})",
           R"({"addressType":"IPv4","ports":[{"name":"dns","port":5353,"protocol":"UDP"}],"endpoints":[{"addresses":["10.42.0.3"]},{"addresses":["10.42.0.2"]}]})"}));
  CHECK(chains(plan) == std::vector<std::string>{"cl-1", "cl-2"});
  CHECK(targets(plan.state) == std::vector<std::string>{"10.42.0.2:5353", "10.42.0.2:5354", "10.42.0.3:5353"});
  REQUIRE(plan.udp.size() == 1);
  CHECK(plan.udp[0].endpoints.size() == 2);
}

TEST_CASE("proxy plan: session affinity names its chain by the timeout and lists live endpoints") {
  auto service = doc(kWeb);
  json::ensure(service, {"spec", "sessionAffinity"}) = "ClientIP";
  const auto plan = plan_service(read_service(service), slices({kTwo}));
  CHECK(chains(plan) == std::vector<std::string>{"cl-2-a10800", "np-2-a10800"});
  CHECK(count(plan.state, "live") == 4);
}

TEST_CASE("proxy plan: swapping an endpoint touches only data elements, and equal states need nothing") {
  const auto before = plan_service(read_service(doc(kWeb)), slices({kTwo}));
  const auto after =
      plan_service(read_service(doc(kWeb)), slices({R"({"addressType":"IPv4","ports":[{"name":"http","port":8080}],
    "endpoints":[{"addresses":["10.42.0.2"]},{"addresses":["10.42.0.9"]}]})"}));
  CHECK(difference(before.state, before.state).empty());
  const auto changes = difference(before.state, after.state);
  REQUIRE(changes.size() == 1);
  CHECK(changes.at("be").removed.size() == 2);
  CHECK(changes.at("be").added.size() == 2);
}

TEST_CASE("proxy plan: many endpoints share a bounded number of chains and every one is reachable") {
  CHECK(slots_for(1) == 1);
  CHECK(slots_for(64) == 64);
  CHECK(slots_for(65) == 512);
  CHECK(slots_for(1000) == 4096);
  CHECK(slots_for(1500) == 2048);
  std::vector<EndpointModel> many;
  for (uint32_t i = 0; i < 100; ++i)
    many.push_back({.ip = {0x0a2a0100U + i}, .port = 80, .local = false, .ready = true});
  const auto plan = plan_service(read_service(doc(kWeb)), {{.name = "http", .proto = 6, .endpoints = many}});
  CHECK(targets(plan.state).size() == 100);
  CHECK(chains(plan) == std::vector<std::string>{"cl-512", "np-512"});
}

TEST_CASE("proxy plan: odd documents do no harm") {
  for (const char* text : {"{}", "[]", "null", R"({"spec":7})",
                           R"({"spec":{"clusterIP":"10.43.0.1","ports":[{"port":"x"},{"port":99999},7]}})",
                           R"({"spec":{"clusterIP":7,"clusterIPs":[1,{}]}})"}) {
    const auto plan = plan_service(read_service(doc(text)), {});
    CHECK(plan.chains.empty());
    std::vector<PortEndpoints> out;
    read_slice(doc(text), "n1", out);
    CHECK(out.empty());
  }
}
