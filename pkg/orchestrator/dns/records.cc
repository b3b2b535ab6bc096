// From a Service and its EndpointSlices to DNS records: the table of the DNS specification, one function per kind of
// service.
#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "orchestrator/dns/zone.h"

namespace appliance::orchestrator::dns {
namespace {

using net::dns::Record;

std::string_view text_of(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

std::optional<uint32_t> ipv4(std::string_view text) {
  in_addr in{};
  if (text.size() >= INET_ADDRSTRLEN || inet_pton(AF_INET, std::string(text).c_str(), &in) != 1) return std::nullopt;
  return ntohl(in.s_addr);
}

// "label.label" + name; nothing when it is no name (a hostile or odd object: it just has no records).
std::optional<std::string> prefixed(std::string_view labels, std::string_view name) {
  auto out = net::dns::name_from_text(base::to_lower(labels));
  if (!out) return std::nullopt;
  out->pop_back();
  *out += name;
  if (out->size() > net::dns::kNameBytesMax) return std::nullopt;
  return out;
}

void add_a(Records& out, const std::string& name, uint32_t ip) {
  out.push_back({.name = name, .type = net::dns::kTypeA, .ttl = kTtl_seconds, .rdata = net::dns::rdata_a(ip)});
}
void add_ptr(Records& out, uint32_t ip, const std::string& target) {
  out.push_back({.name = net::dns::reverse_name(ip), .type = net::dns::kTypePtr, .ttl = kTtl_seconds, .rdata = target});
}
// _port._proto.<service>: unnamed ports have none.
void add_srv(Records& out, const std::string& service, std::string_view port_name, std::string_view proto,
             uint16_t port, const std::string& target) {
  if (port_name.empty()) return;
  const auto owner =
      prefixed("_" + std::string(port_name) + "._" + std::string(proto.empty() ? "tcp" : proto), service);
  if (owner)
    out.push_back(
        {.name = *owner, .type = net::dns::kTypeSrv, .ttl = kTtl_seconds, .rdata = net::dns::rdata_srv(port, target)});
}

void cluster_ip_records(Records& out, const std::string& name, const json::Value& service) {
  std::set<uint32_t> ips;
  for (const auto& ip : json::array_at(service, {"spec", "clusterIPs"}))
    if (auto v4 = ipv4(text_of(ip))) ips.insert(*v4);
  if (auto v4 = ipv4(json::string_at(service, {"spec", "clusterIP"}))) ips.insert(*v4);
  for (const uint32_t ip : ips) {
    add_a(out, name, ip);
    add_ptr(out, ip, name);
  }
  for (const auto& p : json::array_at(service, {"spec", "ports"}))
    add_srv(out, name, json::string_at(p, {"name"}), json::string_at(p, {"protocol"}),
            static_cast<uint16_t>(json::int_at(p, {"port"})), name);
}

void headless_records(Records& out, const std::string& name, const json::Value& service,
                      const std::vector<json::Value>& slices) {
  const bool all = json::bool_at(service, {"spec", "publishNotReadyAddresses"});
  std::set<std::pair<std::string, uint32_t>> seen;  // an endpoint may stand in two slices while it moves
  std::set<std::string> srv_seen;
  for (const auto& slice : slices) {
    if (json::string_at(slice, {"addressType"}) != "IPv4") continue;
    for (const auto& e : json::array_at(slice, {"endpoints"})) {
      if (!all && !json::bool_at(e, {"conditions", "ready"}, true)) continue;
      const std::string_view hostname = json::string_at(e, {"hostname"});
      for (const auto& address : json::array_at(e, {"addresses"})) {
        const auto ip = ipv4(text_of(address));
        if (!ip) continue;
        std::string label(hostname);
        if (label.empty()) {
          label = text_of(address);
          std::replace(label.begin(), label.end(), '.', '-');
        }
        const auto own = prefixed(label, name);
        if (!own) continue;
        if (seen.emplace(*own, *ip).second) {
          add_a(out, name, *ip);
          add_a(out, *own, *ip);
          if (!hostname.empty()) add_ptr(out, *ip, *own);
        }
        for (const auto& p : json::array_at(slice, {"ports"})) {
          Records srv;
          add_srv(srv, name, json::string_at(p, {"name"}), json::string_at(p, {"protocol"}),
                  static_cast<uint16_t>(json::int_at(p, {"port"})), *own);
          if (!srv.empty() && srv_seen.insert(srv.front().name + srv.front().rdata).second) out.push_back(srv.front());
        }
      }
    }
  }
}

}  // namespace

Records service_records(std::string_view origin, const ServiceKey& key, const json::Value& service,
                        const std::vector<json::Value>& slices) {
  Records out;
  const auto name = prefixed(key.name + '.' + key.ns + ".svc", origin);
  if (!name) return out;
  if (json::string_at(service, {"spec", "type"}) == "ExternalName") {
    const auto target = net::dns::name_from_text(json::string_at(service, {"spec", "externalName"}));
    if (target && target->size() > 1)
      out.push_back({.name = *name, .type = net::dns::kTypeCname, .ttl = kTtl_seconds, .rdata = *target});
  } else if (json::string_at(service, {"spec", "clusterIP"}) == "None") {
    headless_records(out, *name, service, slices);
  } else {
    cluster_ip_records(out, *name, service);
  }
  return out;
}

}  // namespace appliance::orchestrator::dns
