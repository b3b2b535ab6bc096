#include "net/nft/ruleset.h"

#include <arpa/inet.h>  // before the kernel's own: both define in_addr
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "net/nft/encode.h"

namespace appliance::net::nft {
namespace {

using netlink::find_attribute;
using netlink::parse_attributes;

Expression parse_expression(std::string_view bytes) {
  Expression out;
  for (const auto& a : parse_attributes(bytes)) {
    if (a.type == NFTA_EXPR_NAME) out.name = a.as_text();
    if (a.type == NFTA_EXPR_DATA) out.attributes = a.data;
  }
  return out;
}

RuleInfo parse_rule(const netlink::Message& message) {
  RuleInfo out;
  out.family = message.fixed<nfgenmsg>().nfgen_family;
  for (const auto& a : parse_attributes(message.attributes<nfgenmsg>())) {
    if (a.type == NFTA_RULE_TABLE) out.table = a.as_text();
    if (a.type == NFTA_RULE_CHAIN) out.chain = a.as_text();
    if (a.type != NFTA_RULE_EXPRESSIONS) continue;
    for (const auto& e : parse_attributes(a.data)) out.expressions.push_back(parse_expression(e.data));
  }
  return out;
}

SetElement parse_set_element(std::string_view bytes) {
  SetElement out;
  for (const auto& a : parse_attributes(bytes)) {
    if (a.type == NFTA_SET_ELEM_KEY) out.element.key = data_value(a.data);
    if (a.type == NFTA_SET_ELEM_KEY_END) out.is_range = true;
    if (a.type == NFTA_SET_ELEM_FLAGS) out.ends_interval = (a.as_be32() & NFT_SET_ELEM_INTERVAL_END) != 0;
    if (a.type != NFTA_SET_ELEM_DATA) continue;
    out.element.data = data_value(a.data);
    out.element.verdict = data_verdict(a.data);
  }
  return out;
}

}  // namespace

std::string data_value(std::string_view attribute) {
  const auto inner = parse_attributes(attribute);
  const auto* value = find_attribute(inner, NFTA_DATA_VALUE);
  return value == nullptr ? std::string() : std::string(value->data);
}

std::optional<Verdict> data_verdict(std::string_view attribute) {
  const auto inner = parse_attributes(attribute);
  const auto* verdict = find_attribute(inner, NFTA_DATA_VERDICT);
  if (verdict == nullptr) return std::nullopt;
  Verdict out;
  for (const auto& v : parse_attributes(verdict->data)) {
    if (v.type == NFTA_VERDICT_CODE) out.code = static_cast<int>(v.as_be32());
    if (v.type == NFTA_VERDICT_CHAIN) out.chain = v.as_text();
  }
  return out;
}

Result<std::vector<RuleInfo>> read_rules() {
  auto socket = TRY(netlink::Socket::open(NETLINK_NETFILTER));
  std::vector<RuleInfo> out;
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETRULE), 0, family(NFPROTO_UNSPEC));
  TRY(socket.dump(
      b, "list nftables rules", [&] { out.clear(); },
      [&](const netlink::Message& m) {
        if (m.type == type_of(NFT_MSG_NEWRULE)) out.push_back(parse_rule(m));
      }));
  return out;
}

Result<std::vector<SetElement>> read_set(uint8_t of, const std::string& table, const std::string& set) {
  auto socket = TRY(netlink::Socket::open(NETLINK_NETFILTER));
  return dump_set(socket, of, table, set);
}

Result<std::vector<SetElement>> dump_set(netlink::Socket& socket, uint8_t of, const std::string& table,
                                         const std::string& set) {
  std::vector<SetElement> out;
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETSETELEM), 0, family(of));
  b.text(NFTA_SET_ELEM_LIST_TABLE, table);
  b.text(NFTA_SET_ELEM_LIST_SET, set);
  TRY(socket.dump(
      b, "list elements of " + set, [&] { out.clear(); },
      [&](const netlink::Message& m) {
        if (m.type != type_of(NFT_MSG_NEWSETELEM)) return;
        const auto attributes = parse_attributes(m.attributes<nfgenmsg>());
        const auto* list = find_attribute(attributes, NFTA_SET_ELEM_LIST_ELEMENTS);
        if (list == nullptr) return;
        for (const auto& item : parse_attributes(list->data)) out.push_back(parse_set_element(item.data));
      }));
  return out;
}

}  // namespace appliance::net::nft
