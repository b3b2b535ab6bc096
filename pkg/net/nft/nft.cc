#include "net/nft/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

namespace appliance::net::nft {
namespace {

using netlink::find_attribute;
using netlink::parse_attributes;

constexpr int kAgainMax = 8;  // the kernel asks to send again after it loaded something or lost a race; more is a fault

constexpr uint16_t type_of(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8U) | message; }

nfgenmsg family(uint8_t value) { return {.nfgen_family = value, .version = NFNETLINK_V0, .res_id = 0}; }

ChainInfo parse_chain(const netlink::Message& message) {
  ChainInfo out;
  out.family = message.fixed<nfgenmsg>().nfgen_family;
  for (const auto& a : parse_attributes(message.attributes<nfgenmsg>())) {
    if (a.type == NFTA_CHAIN_TABLE) out.table = a.as_text();
    if (a.type == NFTA_CHAIN_NAME) out.name = a.as_text();
    if (a.type == NFTA_CHAIN_TYPE) out.type = a.as_text();
    if (a.type == NFTA_CHAIN_POLICY) out.policy_drop = a.as_be32() == NF_DROP;
    if (a.type != NFTA_CHAIN_HOOK) continue;
    for (const auto& h : parse_attributes(a.data)) {
      if (h.type == NFTA_HOOK_HOOKNUM) out.hook = static_cast<int>(h.as_be32());
      if (h.type == NFTA_HOOK_PRIORITY) out.priority = static_cast<int>(h.as_be32());
    }
  }
  return out;
}

std::string value_of(std::string_view data) {
  const auto inner = parse_attributes(data);
  const auto* value = find_attribute(inner, NFTA_DATA_VALUE);
  return value == nullptr ? std::string() : std::string(value->data);
}

Element parse_element(std::string_view bytes) {
  Element out;
  for (const auto& a : parse_attributes(bytes)) {
    if (a.type == NFTA_SET_ELEM_KEY) out.key = value_of(a.data);
    if (a.type != NFTA_SET_ELEM_DATA) continue;
    out.data = value_of(a.data);
    const auto inner = parse_attributes(a.data);
    const auto* verdict = find_attribute(inner, NFTA_DATA_VERDICT);
    if (verdict == nullptr) continue;
    out.verdict.emplace();
    for (const auto& v : parse_attributes(verdict->data)) {
      if (v.type == NFTA_VERDICT_CODE) out.verdict->code = static_cast<int>(v.as_be32());
      if (v.type == NFTA_VERDICT_CHAIN) out.verdict->chain = v.as_text();
    }
  }
  return out;
}

}  // namespace

Result<Nft> Nft::open() { return Nft(TRY(netlink::Socket::open(NETLINK_NETFILTER))); }

Result<> Nft::commit(Batch& batch) {
  if (batch.empty()) return {};
  auto& builder = batch.finish();
  for (int attempt = 0;; ++attempt) {
    const auto failures = TRY(socket_.request(builder, /*batch=*/true));
    if (failures.empty()) return {};
    const auto& first = failures.front();
    if (first.errno_value == EAGAIN && attempt < kAgainMax) continue;
    return fail(first.error(batch.what(first.index)));
  }
}

Result<bool> Nft::table_exists(const std::string& table) {
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETTABLE), 0, family(NFPROTO_IPV4));
  b.text(NFTA_TABLE_NAME, table);
  auto result = socket_.query(b, "look up nftables table " + table, [](const netlink::Message&) {});
  if (result) return true;
  if (result.error().errno_value == ENOENT) return false;
  return std::unexpected(result.error());
}

Result<> Nft::delete_table(const std::string& table) {
  Batch b(table);
  b.add_table();
  b.delete_table();
  return commit(b);
}

Result<uint32_t> Nft::generation() {
  uint32_t out = 0;
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETGEN), 0, family(NFPROTO_UNSPEC));
  TRY(socket_.query(b, "nftables generation", [&](const netlink::Message& m) {
    const auto attributes = parse_attributes(m.attributes<nfgenmsg>());
    if (const auto* id = find_attribute(attributes, NFTA_GEN_ID)) out = id->as_be32();
  }));
  return out;
}

Result<std::vector<ChainInfo>> Nft::chains() {
  std::vector<ChainInfo> out;
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETCHAIN), 0, family(NFPROTO_UNSPEC));
  TRY(socket_.dump(
      b, "list nftables chains", [&] { out.clear(); },
      [&](const netlink::Message& m) {
        if (m.type == type_of(NFT_MSG_NEWCHAIN)) out.push_back(parse_chain(m));
      }));
  return out;
}

Result<std::vector<Element>> Nft::elements(const std::string& table, const std::string& set) {
  std::vector<Element> out;
  netlink::Builder b;
  b.begin(type_of(NFT_MSG_GETSETELEM), 0, family(NFPROTO_IPV4));
  b.text(NFTA_SET_ELEM_LIST_TABLE, table);
  b.text(NFTA_SET_ELEM_LIST_SET, set);
  TRY(socket_.dump(
      b, "list elements of " + set, [&] { out.clear(); },
      [&](const netlink::Message& m) {
        if (m.type != type_of(NFT_MSG_NEWSETELEM)) return;
        const auto attributes = parse_attributes(m.attributes<nfgenmsg>());
        const auto* list = find_attribute(attributes, NFTA_SET_ELEM_LIST_ELEMENTS);
        if (list == nullptr) return;
        for (const auto& item : parse_attributes(list->data)) out.push_back(parse_element(item.data));
      }));
  return out;
}

}  // namespace appliance::net::nft
