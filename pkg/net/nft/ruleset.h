// The rules of this network namespace as the kernel tells them, of all families and tables: what others have written.
// For those who must know what a foreign firewall does with a packet.
//
//   for (const auto& rule : TRY(read_rules())) if (rule.chain == "FORWARD") for (const auto& e : rule.expressions) …
//
// Blocking (ms). Source: linux/netfilter/nf_tables.h, NFT_MSG_GETRULE and NFT_MSG_GETSETELEM.
#pragma once

#include "net/netlink/message.h"
#include "net/nft/types.h"

namespace appliance::net::nft {

struct Expression {
  std::string name;        // "cmp", "meta", "immediate", "match" (of iptables), …
  std::string attributes;  // netlink attributes of that kind: NFTA_CMP_…, NFTA_META_…
};

struct RuleInfo {
  uint8_t family = 0;  // NFPROTO_*
  std::string table;
  std::string chain;
  std::vector<Expression> expressions;
};

struct SetElement {
  Element element;
  bool ends_interval = false;  // the interval that an element before it began ends before this key
  bool is_range = false;       // of a concatenation: key up to another key that is not read here
};

Result<std::vector<RuleInfo>> read_rules();  // each chain's in its order
Result<std::vector<SetElement>> read_set(uint8_t family, const std::string& table, const std::string& set);

// The value and the verdict of an attribute that holds NFTA_DATA_VALUE or NFTA_DATA_VERDICT.
std::string data_value(std::string_view attribute);
std::optional<Verdict> data_verdict(std::string_view attribute);

}  // namespace appliance::net::nft
