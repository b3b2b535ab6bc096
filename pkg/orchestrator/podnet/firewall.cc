#include "orchestrator/podnet/firewall.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>

#include "orchestrator/podnet/rules.h"

namespace appliance::orchestrator::podnet {
namespace {

using net::netlink::Attribute;
using net::netlink::find_attribute;
using net::netlink::parse_attributes;
using net::nft::Expression;
using net::nft::RuleInfo;
using net::nft::SetElement;
using net::nft::Verdict;

constexpr int kJumpsMax = 32;        // the kernel's own limit is 16
constexpr size_t kLinkNameMax = 16;  // IFNAMSIZ
constexpr uint32_t kCtNew = 1U << (IP_CT_NEW + 1);

enum class Fate : unsigned char { kGoesOn, kAccepted, kStopped };
enum class Holds : unsigned char { kYes, kNo, kUnknown };

struct Attributes {
  explicit Attributes(std::string_view bytes) : list(parse_attributes(bytes)) {}
  [[nodiscard]] bool has(uint16_t type) const { return find_attribute(list, type) != nullptr; }
  [[nodiscard]] uint32_t number(uint16_t type) const {
    const auto* a = find_attribute(list, type);
    return a == nullptr ? 0 : a->as_be32();
  }
  [[nodiscard]] std::string_view text(uint16_t type) const {
    const auto* a = find_attribute(list, type);
    return a == nullptr ? std::string_view() : a->as_text();
  }
  [[nodiscard]] std::string value(uint16_t type) const {
    const auto* a = find_attribute(list, type);
    return a == nullptr ? std::string() : net::nft::data_value(a->data);
  }
  [[nodiscard]] std::optional<Verdict> verdict(uint16_t type) const {
    const auto* a = find_attribute(list, type);
    return a == nullptr ? std::nullopt : net::nft::data_verdict(a->data);
  }
  std::vector<Attribute> list;
};

// 16 registers of 4 bytes; what was loaded from something unknown is unknown.
class Registers {
 public:
  void put(uint32_t reg, std::string_view value) {
    for (size_t i = 0; i < value.size() && at(reg) + i < kBytes; ++i) {
      bytes_[at(reg) + i] = value[i];
      known_[at(reg) + i] = true;
    }
  }
  void forget(uint32_t reg, size_t size) {
    for (size_t i = at(reg); i < std::min(kBytes, at(reg) + size); ++i) known_[i] = false;
  }
  [[nodiscard]] std::optional<std::string> get(uint32_t reg, size_t size) const {
    if (at(reg) + size > kBytes) return std::nullopt;
    for (size_t i = at(reg); i < at(reg) + size; ++i)
      if (!known_[i]) return std::nullopt;
    return std::string(bytes_.data() + at(reg), size);
  }

 private:
  static constexpr size_t kBytes = 64;
  static size_t at(uint32_t reg) {
    if (reg >= NFT_REG32_00) return (reg - NFT_REG32_00) * size_t{4};
    return reg == NFT_REG_VERDICT ? kBytes : (reg - 1) * size_t{16};
  }
  std::array<char, kBytes> bytes_{};
  std::bitset<kBytes> known_;
};

template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string network_header(const Packet& p) {
  std::string out(20, '\0');
  out[0] = 0x45;
  out[8] = 64;
  out[9] = static_cast<char>(p.protocol);
  out.replace(12, 4, bytes_of(htonl(p.source.value)));
  out.replace(16, 4, bytes_of(htonl(p.destination.value)));
  return out;
}

std::optional<std::string> payload(const Packet& p, uint32_t base, uint32_t offset, uint32_t size) {
  constexpr uint16_t kSourcePort = 40000;
  std::string header;
  if (base == NFT_PAYLOAD_NETWORK_HEADER) header = network_header(p);
  if (base == NFT_PAYLOAD_TRANSPORT_HEADER) header = bytes_of(htons(kSourcePort)) + bytes_of(htons(p.port));
  if (size_t{offset} + size > header.size()) return std::nullopt;
  return header.substr(offset, size);
}

std::optional<std::string> link_name(const std::string& name) {
  if (name.empty()) return std::nullopt;
  std::string out = name;
  out.resize(kLinkNameMax);
  return out;
}

std::optional<std::string> meta(const Packet& p, uint32_t key) {
  // Pods' links carry our group; others are in none.
  const auto group = [](const std::string& link) { return bytes_of(link.starts_with("ap") ? kLinkGroup : 0U); };
  switch (key) {
    case NFT_META_IIFNAME:
      return link_name(p.in_link);
    case NFT_META_OIFNAME:
      return link_name(p.out_link);
    case NFT_META_NFPROTO:
      return std::string(1, NFPROTO_IPV4);
    case NFT_META_L4PROTO:
      return std::string(1, static_cast<char>(p.protocol));
    case NFT_META_PROTOCOL:
      return bytes_of(htons(ETH_P_IP));
    case NFT_META_MARK:
      return bytes_of(uint32_t{0});
    case NFT_META_IIFGROUP:
      return group(p.in_link);
    case NFT_META_OIFGROUP:
      return group(p.out_link);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> conntrack(const Packet& p, uint32_t key) {
  switch (key) {
    case NFT_CT_STATE:
      return bytes_of(kCtNew);
    case NFT_CT_STATUS:
      return bytes_of(p.is_dnatted ? uint32_t{IPS_DST_NAT} : uint32_t{0});
    case NFT_CT_DIRECTION:
      return std::string(1, IP_CT_DIR_ORIGINAL);
    case NFT_CT_MARK:
      return bytes_of(uint32_t{0});
    default:
      return std::nullopt;
  }
}

Holds compare(uint32_t op, const std::optional<std::string>& left, const std::string& right) {
  if (!left) return Holds::kUnknown;
  const int order = std::memcmp(left->data(), right.data(), right.size());
  const bool yes = op == NFT_CMP_EQ    ? order == 0
                   : op == NFT_CMP_NEQ ? order != 0
                   : op == NFT_CMP_LT  ? order < 0
                   : op == NFT_CMP_LTE ? order <= 0
                   : op == NFT_CMP_GT  ? order > 0
                                       : order >= 0;
  return yes ? Holds::kYes : Holds::kNo;
}

// The element that holds this key. Elements of an interval set say where an interval begins and where it has ended.
std::optional<SetElement> element_of(std::vector<SetElement> elements, const std::string& key) {
  std::ranges::sort(elements, [](const auto& a, const auto& b) {
    return std::tie(a.element.key, b.ends_interval) < std::tie(b.element.key, a.ends_interval);
  });
  const bool has_intervals = std::ranges::any_of(elements, &SetElement::ends_interval);
  std::optional<SetElement> last;
  for (const auto& e : elements) {
    if (std::string_view(e.element.key) > std::string_view(key)) break;
    if (has_intervals ? true : e.element.key == key) last = e;
  }
  return last && !last->ends_interval ? last : std::nullopt;
}

class Walk {
 public:
  Walk(const Firewall& firewall, const net::nft::ChainInfo& base, const Packet& packet)
      : firewall_(firewall), base_(base), packet_(packet) {}

  // The chain whose rule stops the packet.
  std::optional<std::string> stopping_chain() {
    const Fate fate = chain(base_.name, 0);
    if (fate == Fate::kStopped) return where_;
    return fate == Fate::kGoesOn && base_.policy_drop ? std::optional<std::string>("") : std::nullopt;
  }

 private:
  struct Effect {
    Holds holds = Holds::kYes;
    std::optional<Verdict> verdict{};
  };

  Fate chain(const std::string& name, int depth) {
    if (depth > kJumpsMax) return Fate::kGoesOn;
    std::vector<const RuleInfo*> rules;
    for (const auto& rule : firewall_.rules)
      if (rule.family == base_.family && rule.table == base_.table && rule.chain == name) rules.push_back(&rule);
    bool may_return = false;
    for (const auto* rule : rules) {
      const Effect effect = apply(*rule);
      if (effect.holds == Holds::kNo || !effect.verdict) continue;
      const auto& verdict = *effect.verdict;
      if (effect.holds == Holds::kUnknown) {
        may_return = may_return || verdict.code == NFT_RETURN;
        continue;
      }
      if (verdict.code == NFT_RETURN) return Fate::kGoesOn;
      const Fate fate = decide(verdict, name, depth);
      if (fate == Fate::kStopped && may_return) return Fate::kGoesOn;
      if (fate != Fate::kGoesOn || verdict.code == NFT_GOTO) return fate;
    }
    return Fate::kGoesOn;
  }

  Fate decide(const Verdict& verdict, const std::string& here, int depth) {
    if (verdict.code == NFT_JUMP || verdict.code == NFT_GOTO) return chain(verdict.chain, depth + 1);
    if (verdict.code == NF_DROP) where_ = here;
    if (verdict.code == NF_DROP) return Fate::kStopped;
    return verdict.code == NFT_CONTINUE ? Fate::kGoesOn : Fate::kAccepted;  // queued counts as accepted
  }

  Effect apply(const RuleInfo& rule) {
    Registers registers;
    Effect effect;
    for (const auto& e : rule.expressions) {
      const Holds holds = step(e, registers, effect);
      if (holds == Holds::kNo) return {.holds = Holds::kNo};
      if (holds == Holds::kUnknown) effect.holds = holds;
      if (effect.verdict) return effect;
    }
    return effect;
  }

  Holds step(const Expression& e, Registers& r, Effect& effect) {
    const Attributes a(e.attributes);
    if (e.name == "meta") return load(r, a, NFTA_META_DREG, meta(packet_, a.number(NFTA_META_KEY)), kLinkNameMax);
    if (e.name == "ct") return load(r, a, NFTA_CT_DREG, conntrack(packet_, a.number(NFTA_CT_KEY)), 16);
    if (e.name == "payload") {
      const uint32_t size = a.number(NFTA_PAYLOAD_LEN);
      return load(r, a, NFTA_PAYLOAD_DREG,
                  payload(packet_, a.number(NFTA_PAYLOAD_BASE), a.number(NFTA_PAYLOAD_OFFSET), size), size);
    }
    if (e.name == "cmp") {
      const std::string right = a.value(NFTA_CMP_DATA);
      return compare(a.number(NFTA_CMP_OP), r.get(a.number(NFTA_CMP_SREG), right.size()), right);
    }
    if (e.name == "bitwise") return bitwise(a, r);
    if (e.name == "lookup") return lookup(a, r, effect);
    if (e.name == "immediate") {
      if (const auto verdict = a.verdict(NFTA_IMMEDIATE_DATA))
        effect.verdict = verdict;
      else
        r.put(a.number(NFTA_IMMEDIATE_DREG), a.value(NFTA_IMMEDIATE_DATA));
      return Holds::kYes;
    }
    if (e.name == "reject") effect.verdict = Verdict{.code = NF_DROP, .chain = {}};
    if (e.name == "target") {  // of iptables
      const auto name = a.text(NFTA_TARGET_NAME);
      if (name == "REJECT" || name == "DROP") effect.verdict = Verdict{.code = NF_DROP, .chain = {}};
    }
    if (e.name == "match") return a.text(NFTA_MATCH_NAME) == "comment" ? Holds::kYes : Holds::kUnknown;
    static constexpr std::array<std::string_view, 9> kHarmless = {"counter", "log",    "reject", "target", "notrack",
                                                                  "masq",    "objref", "nat",    "redir"};
    return std::ranges::find(kHarmless, e.name) != kHarmless.end() ? Holds::kYes : unknown(a, r);
  }

  // An expression that we do not know may have loaded something: its first attribute is the register in most of them.
  static Holds unknown(const Attributes&, Registers& r) {
    r = Registers();
    return Holds::kUnknown;
  }

  static Holds load(Registers& r, const Attributes& a, uint16_t dreg, const std::optional<std::string>& value,
                    size_t size) {
    if (!a.has(dreg)) return Holds::kYes;  // writes into the packet or its entry
    if (value)
      r.put(a.number(dreg), *value);
    else
      r.forget(a.number(dreg), size);
    return Holds::kYes;
  }

  static Holds bitwise(const Attributes& a, Registers& r) {
    const std::string mask = a.value(NFTA_BITWISE_MASK);
    const std::string flip = a.value(NFTA_BITWISE_XOR);
    const uint32_t size = a.number(NFTA_BITWISE_LEN);
    auto value = r.get(a.number(NFTA_BITWISE_SREG), size);
    if (!value || mask.size() < size || flip.size() < size) {
      r.forget(a.number(NFTA_BITWISE_DREG), size);
      return Holds::kYes;
    }
    for (size_t i = 0; i < size; ++i) (*value)[i] = static_cast<char>(((*value)[i] & mask[i]) ^ flip[i]);
    r.put(a.number(NFTA_BITWISE_DREG), *value);
    return Holds::kYes;
  }

  Holds lookup(const Attributes& a, Registers& r, Effect& effect) {
    const auto elements = firewall_.set(base_.family, base_.table, std::string(a.text(NFTA_LOOKUP_SET)));
    const bool is_inverted = (a.number(NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
    if (elements.empty()) return is_inverted ? Holds::kYes : Holds::kNo;
    const auto key = r.get(a.number(NFTA_LOOKUP_SREG), elements[0].element.key.size());
    if (!key || std::ranges::any_of(elements, &SetElement::is_range)) return Holds::kUnknown;
    const auto found = element_of(elements, *key);
    if (found.has_value() == is_inverted) return Holds::kNo;
    if (found && a.has(NFTA_LOOKUP_DREG)) {
      if (found->element.verdict)
        effect.verdict = found->element.verdict;
      else
        r.put(a.number(NFTA_LOOKUP_DREG), found->element.data);
    }
    return Holds::kYes;
  }

  const Firewall& firewall_;
  const net::nft::ChainInfo& base_;
  const Packet& packet_;
  std::string where_;
};

}  // namespace

std::vector<Stop> stopped_by(const Firewall& firewall, int hook, const Packet& packet,
                             const std::function<bool(const std::string& table)>& skip) {
  std::vector<Stop> out;
  for (const auto& chain : firewall.chains) {
    const bool is_ip = chain.family == NFPROTO_IPV4 || chain.family == NFPROTO_INET;
    if (chain.hook != hook || !is_ip || skip(chain.table)) continue;
    if (auto stop = Walk(firewall, chain, packet).stopping_chain())
      out.push_back({.table = chain.table, .base_chain = chain.name, .chain = std::move(*stop)});
  }
  return out;
}

}  // namespace appliance::orchestrator::podnet
