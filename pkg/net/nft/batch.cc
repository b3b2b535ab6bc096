#include "net/nft/batch.h"

#include <arpa/inet.h>  // before the kernel's own: both define in_addr
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/check.h"
#include "net/nft/encode.h"

namespace appliance::net::nft {
namespace {

constexpr size_t kElementListBytes = 48U << 10U;  // nla_len is 16 bits: the list must stay below 64 KiB

// nft(8) packs the types of a concatenation into one number, 6 bits each.
uint32_t packed_type(const std::vector<Field>& fields) {
  uint32_t out = 0;
  for (const auto& f : fields) out = (out << 6U) | f.type;
  return out;
}

uint32_t padded_length(const std::vector<Field>& fields) {
  uint32_t out = 0;
  for (const auto& f : fields) out += (f.bytes + 3) & ~3U;
  return fields.size() == 1 ? fields.front().bytes : out;
}

void put_element(netlink::Builder& b, const Element& element, bool with_data) {
  auto item = b.nest(NFTA_LIST_ELEM);
  {
    auto key = b.nest(NFTA_SET_ELEM_KEY);
    b.bytes(NFTA_DATA_VALUE, element.key);
  }
  if (!with_data) return;
  if (element.verdict) {
    put_verdict(b, NFTA_SET_ELEM_DATA, *element.verdict);
  } else if (!element.data.empty()) {
    auto data = b.nest(NFTA_SET_ELEM_DATA);
    b.bytes(NFTA_DATA_VALUE, element.data);
  }
}

}  // namespace

Batch::Batch(std::string table) : table_(std::move(table)) {
  builder_.begin(NFNL_MSG_BATCH_BEGIN, 0, family(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  what_.emplace_back("nftables transaction");
}

void Batch::begin(uint16_t message, uint16_t flags, std::string what) {
  APP_CHECK(!finished_);
  builder_.begin(type_of(message), flags, family(NFPROTO_IPV4));
  what_.push_back(std::move(what));
}

void Batch::add_table() {
  begin(NFT_MSG_NEWTABLE, NLM_F_CREATE, "add table " + table_);
  builder_.text(NFTA_TABLE_NAME, table_);
}

void Batch::delete_table() {
  begin(NFT_MSG_DELTABLE, 0, "delete table " + table_);
  builder_.text(NFTA_TABLE_NAME, table_);
}

void Batch::reset_table() {
  add_table();
  delete_table();
  add_table();
}

void Batch::add_base_chain(const BaseChain& chain) {
  begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add chain " + chain.name);
  builder_.text(NFTA_CHAIN_TABLE, table_);
  builder_.text(NFTA_CHAIN_NAME, chain.name);
  {
    auto hook = builder_.nest(NFTA_CHAIN_HOOK);
    builder_.be32(NFTA_HOOK_HOOKNUM, static_cast<uint32_t>(chain.hook));
    builder_.be32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(chain.priority));
  }
  builder_.be32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  builder_.text(NFTA_CHAIN_TYPE, chain.type);
}

void Batch::add_chain(std::string_view name) {
  begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add chain " + std::string(name));
  builder_.text(NFTA_CHAIN_TABLE, table_);
  builder_.text(NFTA_CHAIN_NAME, name);
}

void Batch::flush_chain(std::string_view name) {
  begin(NFT_MSG_DELRULE, 0, "flush chain " + std::string(name));
  builder_.text(NFTA_RULE_TABLE, table_);
  builder_.text(NFTA_RULE_CHAIN, name);
}

void Batch::add_rule(std::string_view chain, Rule rule) {
  begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add rule to chain " + std::string(chain));
  builder_.text(NFTA_RULE_TABLE, table_);
  builder_.text(NFTA_RULE_CHAIN, chain);
  auto list = builder_.nest(NFTA_RULE_EXPRESSIONS);
  builder_.raw(rule.bytes());
}

void Batch::add_set(const SetSpec& spec) {
  begin(NFT_MSG_NEWSET, NLM_F_CREATE, "add set " + spec.name);
  uint32_t flags = 0;
  if (spec.verdict || !spec.data.empty()) flags |= NFT_SET_MAP;
  if (spec.key.size() > 1) flags |= NFT_SET_CONCAT;
  if (spec.dynamic) flags |= NFT_SET_EVAL | NFT_SET_TIMEOUT;
  builder_.text(NFTA_SET_TABLE, table_);
  builder_.text(NFTA_SET_NAME, spec.name);
  builder_.be32(NFTA_SET_FLAGS, flags);
  builder_.be32(NFTA_SET_KEY_TYPE, packed_type(spec.key));
  builder_.be32(NFTA_SET_KEY_LEN, padded_length(spec.key));
  if (spec.verdict) {
    builder_.be32(NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
  } else if (!spec.data.empty()) {
    builder_.be32(NFTA_SET_DATA_TYPE, packed_type(spec.data));
    builder_.be32(NFTA_SET_DATA_LEN, padded_length(spec.data));
  }
  builder_.be32(NFTA_SET_ID, ++set_id_);
  auto desc = builder_.nest(NFTA_SET_DESC);
  if (spec.size_max != 0) builder_.be32(NFTA_SET_DESC_SIZE, spec.size_max);
  if (spec.key.size() > 1) {
    auto concat = builder_.nest(NFTA_SET_DESC_CONCAT);
    for (const auto& f : spec.key) {
      auto item = builder_.nest(NFTA_LIST_ELEM);
      builder_.be32(NFTA_SET_FIELD_LEN, f.bytes);
    }
  }
}

void Batch::elements(uint16_t message, uint16_t flags, std::string_view set, std::span<const Element> list,
                     bool with_data) {
  size_t i = 0;
  while (i < list.size()) {
    begin(message, flags, (with_data ? "add elements to " : "delete elements of ") + std::string(set));
    builder_.text(NFTA_SET_ELEM_LIST_TABLE, table_);
    builder_.text(NFTA_SET_ELEM_LIST_SET, set);
    auto nest = builder_.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (; i < list.size() && builder_.message_size() < kElementListBytes; ++i)
      put_element(builder_, list[i], with_data);
  }
}

void Batch::add_elements(std::string_view set, std::span<const Element> list) {
  elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, list, true);
}

void Batch::delete_elements(std::string_view set, std::span<const Element> list) {
  elements(NFT_MSG_DELSETELEM, 0, set, list, false);
}

netlink::Builder& Batch::finish() {
  APP_CHECK(!finished_);
  finished_ = true;
  builder_.add_flags(NLM_F_ACK);  // on the last real message: success is silent otherwise
  builder_.begin(NFNL_MSG_BATCH_END, 0, family(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  what_.emplace_back("end of transaction");
  return builder_;
}

std::string Batch::what(uint32_t index) const { return index < what_.size() ? what_[index] : "nftables transaction"; }

}  // namespace appliance::net::nft
