// The cluster's zone in memory: names to records, from Services and EndpointSlices ("Kubernetes DNS-Based Service
// Discovery", version 1.1.0). Names that only lead to others exist too, so that NODATA and NXDOMAIN come out right: an
// AAAA question for a v4-only service is NODATA, never NXDOMAIN. Pure, not thread-safe: lives on the DNS thread.
//
//   Zone zone("cluster.local");
//   zone.set({"default", "web"}, service_records(zone.origin(), service, slices));
//   Answer answer = zone.lookup(question);
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json/json.h"
#include "net/dns/codec.h"

namespace appliance::orchestrator::dns {

constexpr uint32_t kTtl_seconds = 30;         // as kubeadm's Corefile
constexpr uint32_t kNegativeTtl_seconds = 5;  // a service that is created a moment later must not stay unknown for long

struct ServiceKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ServiceKey&) const = default;
};

// What one service contributes. Names are in wire form and lower case.
using Records = std::vector<net::dns::Record>;

// `origin` is the zone's name in wire form. `service` is a Service document, `slices` its EndpointSlices.
Records service_records(std::string_view origin, const ServiceKey& key, const json::Value& service,
                        const std::vector<json::Value>& slices);

class Zone {
 public:
  explicit Zone(std::string_view cluster_domain);  // APP_CHECKs that it is a name
  [[nodiscard]] const std::string& origin() const { return origin_; }
  void set(const ServiceKey& key, Records records);  // empty: the service is gone
  // Nothing when the name is neither in the zone nor a reverse name that we know: ask somebody else.
  [[nodiscard]] std::optional<net::dns::Answer> lookup(const net::dns::Question& question) const;
  [[nodiscard]] size_t size() const { return nodes_.size(); }

 private:
  struct Node {
    Records records;
    uint32_t references = 0;  // records at and below this name
  };
  void add(const net::dns::Record& record);
  void remove(const net::dns::Record& record);
  [[nodiscard]] net::dns::Answer negative(net::dns::Rcode rcode) const;
  [[nodiscard]] std::optional<uint32_t> pod_address(std::string_view name) const;

  std::string origin_;
  std::string pod_origin_;
  std::unordered_map<std::string, Node> nodes_;
  std::map<ServiceKey, Records> by_service_;
  uint32_t serial_ = 1;
  mutable uint32_t turn_ = 0;  // rotates answers
};

}  // namespace appliance::orchestrator::dns
