#include "orchestrator/dns/zone.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace appliance::orchestrator::dns {
namespace {

using net::dns::Answer;
using net::dns::Question;
using net::dns::Rcode;
using net::dns::Record;

std::string below(std::string_view labels, std::string_view origin) {
  std::string out = *net::dns::name_from_text(labels);
  out.pop_back();
  return out += origin;
}

}  // namespace

Zone::Zone(std::string_view cluster_domain) {
  const auto name = net::dns::name_from_text(base::to_lower(cluster_domain));
  APP_CHECK(name.has_value());
  origin_ = *name;
  pod_origin_ = below("pod", origin_);
  // These stand whether there are services or not.
  const Record soa{
      .name = origin_, .type = net::dns::kTypeSoa, .ttl = kTtl_seconds, .rdata = {}};  // rdata is made when asked for
  add(soa);
  add({.name = origin_, .type = net::dns::kTypeNs, .ttl = kTtl_seconds, .rdata = below("ns.dns", origin_)});
  add({.name = below("dns-version", origin_),
       .type = net::dns::kTypeTxt,
       .ttl = kTtl_seconds,
       .rdata = net::dns::rdata_txt("1.1.0")});
}

void Zone::add(const Record& record) {
  auto& node = nodes_[record.name];
  node.records.push_back(record);
  // Ancestors exist because of us, up to the zone or, for reverse names, to the root.
  for (std::string_view name = record.name; name.size() > 1; name = net::dns::parent(name)) {
    ++nodes_[std::string(name)].references;
    if (name == origin_) break;
  }
}

void Zone::remove(const Record& record) {
  auto& records = nodes_[record.name].records;
  const auto it = std::find_if(records.begin(), records.end(),
                               [&](const Record& r) { return r.type == record.type && r.rdata == record.rdata; });
  APP_CHECK(it != records.end());
  records.erase(it);
  for (std::string_view name = record.name; name.size() > 1; name = net::dns::parent(name)) {
    const auto node = nodes_.find(std::string(name));
    const bool top = name == origin_;
    if (--node->second.references == 0) nodes_.erase(node);
    if (top) break;
  }
}

void Zone::set(const ServiceKey& key, Records records) {
  auto& mine = by_service_[key];
  for (const auto& r : mine) remove(r);
  for (const auto& r : records) add(r);
  mine = std::move(records);
  if (mine.empty()) by_service_.erase(key);
  ++serial_;
}

Answer Zone::negative(Rcode rcode) const {
  Answer out;
  out.rcode = rcode;
  out.authority.push_back({.name = origin_,
                           .type = net::dns::kTypeSoa,
                           .ttl = kNegativeTtl_seconds,
                           .rdata = net::dns::rdata_soa(below("ns.dns", origin_), below("hostmaster", origin_), serial_,
                                                        kNegativeTtl_seconds)});
  return out;
}

// a-b-c-d.<namespace>.pod.<zone> echoes its address, as CoreDNS with "pods insecure".
std::optional<uint32_t> Zone::pod_address(std::string_view name) const {
  if (net::dns::label_count(name) != net::dns::label_count(pod_origin_) + 2 || !net::dns::is_below(name, pod_origin_))
    return std::nullopt;
  uint32_t ip = 0;
  const auto parts = base::split(net::dns::first_label(name), '-');
  if (parts.size() != 4) return std::nullopt;
  for (const auto part : parts) {
    const auto byte = base::parse_int<uint8_t>(part);
    if (!byte) return std::nullopt;
    ip = ip << 8 | *byte;
  }
  return ip;
}

std::optional<Answer> Zone::lookup(const Question& question) const {
  const std::string name = net::dns::lower(question.name);
  const bool inside = net::dns::is_below(name, origin_);
  const auto it = nodes_.find(name);
  if (!inside) {
    if (it == nodes_.end() || it->second.records.empty()) return std::nullopt;
  } else if (const auto ip = pod_address(name)) {
    if (question.type != net::dns::kTypeA && question.type != net::dns::kTypeAny) return negative(Rcode::kNoError);
    Answer out;
    out.answers.push_back(
        {.name = question.name, .type = net::dns::kTypeA, .ttl = kTtl_seconds, .rdata = net::dns::rdata_a(*ip)});
    return out;
  } else if (it == nodes_.end()) {
    const bool namespace_of_pods =
        net::dns::is_below(name, pod_origin_) && net::dns::label_count(name) <= net::dns::label_count(pod_origin_) + 1;
    return negative(namespace_of_pods ? Rcode::kNoError : Rcode::kNxDomain);
  }
  Answer out;
  for (const auto& r : it->second.records) {
    // ANY gets one set (RFC 8482); a CNAME answers every type.
    const bool any = question.type == net::dns::kTypeAny && (out.answers.empty() || out.answers.front().type == r.type);
    if (!any && r.type != question.type && r.type != net::dns::kTypeCname) continue;
    out.answers.push_back(r);
    out.answers.back().name = question.name;  // in the client's own case
    if (r.type == net::dns::kTypeSoa) out.answers.back().rdata = negative(Rcode::kNoError).authority.front().rdata;
  }
  if (out.answers.empty()) return negative(Rcode::kNoError);
  if (out.answers.size() > 1)
    std::rotate(out.answers.begin(), out.answers.begin() + static_cast<std::ptrdiff_t>(++turn_ % out.answers.size()),
                out.answers.end());
  return out;
}

}  // namespace appliance::orchestrator::dns
