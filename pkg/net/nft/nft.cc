#include "net/nft/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "net/nft/encode.h"

namespace appliance::net::nft {
namespace {

using netlink::find_attribute;
using netlink::parse_attributes;

constexpr int kAgainMax = 8;  // the kernel asks to send again after it loaded something or lost a race; more is a fault

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
  for (auto& found : TRY(dump_set(socket_, NFPROTO_IPV4, table, set))) out.push_back(std::move(found.element));
  return out;
}

}  // namespace appliance::net::nft
