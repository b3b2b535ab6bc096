#include "orchestrator/controllers/certificate_plan.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/strings.h"
#include "net/netlink/ip.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/api/names.h"

namespace appliance::orchestrator::controllers {
namespace {

using std::chrono::seconds;
using Step = CertificatePlan::Step;

constexpr std::chrono::minutes kBackdated{5};  // clocks of other machines may be behind by as much

bool has_condition(const json::Value& request, std::string_view type) {
  return std::ranges::any_of(json::array_at(request, {"status", "conditions"}),
                             [&](const json::Value& one) { return json::string_at(one, {"type"}) == type; });
}

bool in_group(const json::Value& request, std::string_view group) {
  return std::ranges::any_of(json::array_at(request, {"spec", "groups"}), [&](const json::Value& one) {
    return one.is_string() && std::string_view(one.get_string()) == group;
  });
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

// The time of the last decision, or of creation.
base::WallTime last_change(const json::Value& request) {
  auto out =
      base::parse_rfc3339(json::string_at(request, {"metadata", "creationTimestamp"})).value_or(base::WallTime{});
  for (const json::Value& one : json::array_at(request, {"status", "conditions"}))
    if (const auto at = base::parse_rfc3339(json::string_at(one, {"lastUpdateTime"})); at && *at > out) out = *at;
  return out;
}

CertificatePlan decision(Step step, std::string reason, std::string message) {
  return {.step = step, .reason = std::move(reason), .message = std::move(message)};
}
CertificatePlan deny(std::string reason, std::string message) {
  return decision(Step::kDeny, std::move(reason), std::move(message));
}

// Empty: the usages are what this signer gives.
std::string bad_usages(const json::Value& request, std::string_view needed) {
  bool found = false;
  for (const json::Value& one : json::array_at(request, {"spec", "usages"})) {
    const std::string_view usage = one.is_string() ? std::string_view(one.get_string()) : std::string_view();
    found = found || usage == needed;
    if (usage != needed && usage != "digital signature" && usage != "key encipherment")
      return "usage \"" + std::string(usage) + "\" is not given by this signer";
  }
  return found ? std::string() : "usages: \"" + std::string(needed) + "\" is missing";
}

std::string_view needed_usage(std::string_view signer) {
  return signer == api::kSignerNodeServing ? "server auth" : "client auth";
}

// Empty: the subject is a node's.
std::string bad_node_subject(const crypto::CsrFacts& facts) {
  const std::string name = node_name_of(facts);
  if (name.empty() || facts.organizations != std::vector<std::string>{std::string(api::kNodesGroup)} ||
      facts.has_other_subject || facts.has_other_names)
    return "the subject must be CN system:node:NAME, O system:nodes, and nothing else";
  if (const auto why = api::check_dns_subdomain(name); !why.empty()) return "node name \"" + name + "\": " + why[0];
  return {};
}

// Empty: subject, names and usages are what this signer signs.
std::string bad_content(const json::Value& request, const crypto::CsrFacts& facts) {
  const std::string_view signer = json::string_at(request, {"spec", "signerName"});
  if (std::string why = bad_usages(request, needed_usage(signer)); !why.empty()) return why;
  const bool names = !facts.dns_names.empty() || !facts.ip_addresses.empty();
  if (signer == api::kSignerClient) {
    if (facts.common_name.empty() || facts.has_other_subject)
      return "the subject must have one CN, O, and nothing else";
    return {};
  }
  if (std::string why = bad_node_subject(facts); !why.empty()) return why;
  if (signer == api::kSignerNodeClient && names) return "a client certificate has no DNS names and addresses";
  if (signer == api::kSignerNodeServing && !names) return "a serving certificate needs a DNS name or an address";
  return {};
}

// One text for one address: without the IPv4-in-IPv6 form, and as the system writes it. "" when it is none.
std::string canonical_ip(const std::string& text) {
  char out[INET6_ADDRSTRLEN];
  if (const auto v4 = net::netlink::parse_ipv4(text)) return v4->string();
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return {};
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);
  const void* bytes = mapped ? v6.s6_addr + 12 : v6.s6_addr;
  return ::inet_ntop(mapped ? AF_INET : AF_INET6, bytes, out, sizeof out) != nullptr ? out : std::string();
}

std::vector<std::string> canonical_ips(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& text : texts)
    if (std::string ip = canonical_ip(text); !ip.empty()) out.push_back(std::move(ip));
  return out;
}

// ".svc" and "*.example.com" stand for all names below them.
bool is_reserved_name(const Reserved& reserved, const std::string& name) {
  return std::ranges::any_of(reserved.names, [&](const std::string& one) {
    const std::string text = base::to_lower(one);
    if (text.starts_with("*.")) return name.ends_with(std::string_view(text).substr(1));
    return text.starts_with('.') ? name.ends_with(text) : name == text;
  });
}

// A network that cannot be read covers everything: nothing is given away by mistake.
bool covers(const std::string& network, net::netlink::Ipv4 ip) {
  const size_t slash = network.find('/');
  const auto start = net::netlink::parse_ipv4(std::string_view(network).substr(0, slash));
  const auto prefix = slash == std::string::npos ? std::nullopt : base::parse_int<int>(network.substr(slash + 1));
  if (!start || !prefix || *prefix < 0 || *prefix > 32) return true;
  net::netlink::Cidr range{.base = *start, .prefix = *prefix};
  range.base.value &= range.mask();
  return range.contains(ip);
}

// Loopback, "this host", multicast and what is above it: of every machine, or of none.
bool is_nobodys(const std::string& ip) {
  if (const auto v4 = net::netlink::parse_ipv4(ip)) {
    const uint32_t first = v4->value >> 24U;
    return first == 0 || first == 127 || first >= 224;
  }
  in6_addr v6{};
  return ::inet_pton(AF_INET6, ip.c_str(), &v6) != 1 || IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) ||
         IN6_IS_ADDR_MULTICAST(&v6);
}

// Empty: an address that may be a node's. `ip` is canonical.
std::string why_never(const Reserved& reserved, const std::string& ip) {
  if (is_nobodys(ip)) return ip + " is not an address of one machine";
  if (contains(canonical_ips(reserved.names), ip)) return ip + " is an address of the API server";
  const auto v4 = net::netlink::parse_ipv4(ip);
  for (const std::string& network : reserved.networks)
    if (v4 && covers(network, *v4)) return ip + " is in " + network + ", a network of the cluster";
  return {};
}

// A serving certificate is for what is the node's own: its name, the addresses that its Node says, or that it asked
// from. The Node says what the node wrote there: so no names of it, and no address that is somebody else's.
std::optional<CertificatePlan> foreign_names(const json::Value& request, const crypto::CsrFacts& facts,
                                             const NamedNode& node, const Reserved& reserved) {
  const std::string name = node_name_of(facts);
  for (const std::string& dns : facts.dns_names) {
    if (dns != name) return deny("BadNames", "\"" + dns + "\" is not the name of node \"" + name + "\"");
    if (is_reserved_name(reserved, dns)) return deny("BadNames", "\"" + dns + "\" is a name of the cluster itself");
  }
  std::vector<std::string> own = canonical_ips(node.addresses);
  for (const json::Value& one : json::array_at(request, {"spec", "extra", api::kExtraRemoteAddress}))
    if (one.is_string()) own.push_back(canonical_ip(std::string(one.get_string())));
  const std::vector<std::string> others = canonical_ips(node.others_addresses);
  for (const std::string& text : facts.ip_addresses) {
    const std::string ip = canonical_ip(text);
    if (ip.empty()) return deny("BadNames", "\"" + text + "\" is not an address");
    if (std::string why = why_never(reserved, ip); !why.empty()) return deny("BadNames", std::move(why));
    if (contains(others, ip)) return deny("AddressTaken", ip + " is an address of another node");
    if (!contains(own, ip)) return deny("BadNames", ip + " is not an address of node \"" + name + "\"");
  }
  return std::nullopt;
}

CertificatePlan approve(std::string message, bool claims_name) {
  CertificatePlan out = decision(Step::kApprove, "AutoApproved", std::move(message));
  out.claims_name = claims_name;
  return out;
}

CertificatePlan judge_joining(const crypto::CsrFacts& facts, const NamedNode& node, const Reserved& reserved) {
  const std::string name = node_name_of(facts);
  const bool mine = node.key_sha256 == facts.public_key_sha256;
  if (!mine && (node.exists || !node.key_sha256.empty()))
    return deny("NodeNameTaken", "node name \"" + name +
                                     "\" is taken by another machine: join under another name, or, when that machine "
                                     "is gone for good, kubectl delete node " +
                                     name);
  if (is_reserved_name(reserved, name))
    return deny("NodeNameTaken", "node name \"" + name + "\" is taken by the cluster itself: join under another name");
  return approve(mine ? "a machine that joined before, with the same key" : "the node name is free", true);
}

// Undecided requests to the signers of nodes, by the two sorts of makers that may have them by themselves.
CertificatePlan judge(const json::Value& request, const Result<crypto::CsrFacts>& facts, const NamedNode& node,
                      const Reserved& reserved) {
  const std::string_view signer = json::string_at(request, {"spec", "signerName"});
  const std::string_view user = json::string_at(request, {"spec", "username"});
  const bool joining = in_group(request, api::kBootstrappersGroup) && user.starts_with(api::kBootstrapUser);
  const bool is_node = in_group(request, api::kNodesGroup) && user.starts_with(api::kNodeUser);
  if (signer != api::kSignerNodeClient && signer != api::kSignerNodeServing) return {};
  if (!joining && !is_node) return {};
  if (!facts) return deny("BadRequest", facts.error().message);
  if (std::string why = bad_content(request, *facts); !why.empty()) return deny("BadSubject", std::move(why));
  if (is_node && user != facts->common_name)
    return deny("OtherNode",
                "\"" + std::string(user) + "\" may ask for itself only, not for \"" + facts->common_name + "\"");
  if (signer == api::kSignerNodeClient)
    return is_node ? approve("renewed by the node itself", true) : judge_joining(*facts, node, reserved);
  if (joining) return deny("BadSubject", "a join token is good for a client certificate only");
  if (auto refused = foreign_names(request, *facts, node, reserved)) return *refused;
  return approve("names and addresses are the node's own", false);
}

bool is_ours(std::string_view signer) {
  return signer == api::kSignerNodeClient || signer == api::kSignerNodeServing || signer == api::kSignerClient;
}

CertificatePlan wait_until_old(const json::Value& request, seconds keep, base::WallTime now) {
  const base::WallTime end = last_change(request) + keep;
  if (end <= now) return {.step = Step::kRemove};
  CertificatePlan out;
  out.look_again = std::chrono::ceil<seconds>(end - now);
  return out;
}

}  // namespace

std::string node_name_of(const crypto::CsrFacts& facts) {
  if (!facts.common_name.starts_with(api::kNodeUser)) return {};
  return facts.common_name.substr(api::kNodeUser.size());
}

CertificatePlan plan_certificate(const json::Value& request, const Result<crypto::CsrFacts>& facts,
                                 const NamedNode& node, const CertificateTimes& times, base::WallTime now,
                                 const Reserved& reserved) {
  const bool issued = !json::string_at(request, {"status", "certificate"}).empty();
  if (issued || has_condition(request, "Denied") || has_condition(request, "Failed"))
    return wait_until_old(request, times.keep_issued, now);
  const CertificatePlan old = wait_until_old(request, times.keep_pending, now);
  if (old.step == Step::kRemove) return old;
  if (!has_condition(request, "Approved")) {
    CertificatePlan out = judge(request, facts, node, reserved);
    return out.step == Step::kWait ? old : out;
  }
  if (!is_ours(json::string_at(request, {"spec", "signerName"}))) return old;
  if (!facts) return decision(Step::kFail, "SignerValidationFailure", facts.error().message);
  if (std::string why = bad_content(request, *facts); !why.empty())
    return decision(Step::kFail, "SignerValidationFailure", std::move(why));
  return {.step = Step::kIssue};
}

crypto::CertificateSpec certificate_spec(const json::Value& request, const crypto::CsrFacts& facts,
                                         const CertificateTimes& times, base::WallTime ca_not_after,
                                         base::WallTime now) {
  const bool serving = json::string_at(request, {"spec", "signerName"}) == api::kSignerNodeServing;
  const int64_t asked = json::int_at(request, {"spec", "expirationSeconds"});
  const seconds life = asked > 0 ? std::min(seconds(asked), times.lifetime) : times.lifetime;
  return {.common_name = facts.common_name,
          .organizations = facts.organizations,
          .dns_names = serving ? facts.dns_names : std::vector<std::string>(),
          .ip_addresses = serving ? facts.ip_addresses : std::vector<std::string>(),
          .server_auth = serving,
          .client_auth = !serving,
          .not_before = now - kBackdated,
          .not_after = std::min(base::WallTime(now + life), ca_not_after)};
}

json::Array with_condition(const json::Value& request, std::string_view type, const CertificatePlan& plan) {
  json::Array out = json::array_at(request, {"status", "conditions"});
  out.push_back(json::Object{{"type", type}, {"status", "True"}, {"reason", plan.reason}, {"message", plan.message}});
  return out;
}

}  // namespace appliance::orchestrator::controllers
