// One nftables transaction as bytes: all of it happens, or nothing. Pure; Nft::commit() (nft.h) sends it.
//
//   Batch b("appliance");
//   b.add_table();
//   b.add_base_chain({.name = "prerouting", .type = "nat", .hook = Hook::kPrerouting, .priority = -100});
//   b.add_elements("be", elements);
//
// Family ip. add_* of what exists with the same content is fine. An element that exists with other data is an error:
// delete and add it in one batch. Deleting what is absent is an error and undoes the whole batch.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/netlink/message.h"
#include "net/nft/rule.h"
#include "net/nft/types.h"

namespace appliance::net::nft {

class Batch {
 public:
  explicit Batch(std::string table);

  void add_table();
  void delete_table();  // with all its content
  void reset_table();   // empty afterwards, whether it was there or not
  void add_base_chain(const BaseChain& chain);
  void add_chain(std::string_view name);
  void flush_chain(std::string_view name);  // its rules; the chain stays
  void add_rule(std::string_view chain, Rule rule);
  void add_set(const SetSpec& spec);
  void add_elements(std::string_view set, std::span<const Element> elements);
  void delete_elements(std::string_view set, std::span<const Element> elements);  // by key

  [[nodiscard]] bool empty() const { return builder_.count() <= 1; }
  [[nodiscard]] size_t bytes() const { return builder_.size(); }
  netlink::Builder& finish();                            // call once
  [[nodiscard]] std::string what(uint32_t index) const;  // names the message for an error

 private:
  void begin(uint16_t message, uint16_t flags, std::string what);
  void elements(uint16_t message, uint16_t flags, std::string_view set, std::span<const Element> elements,
                bool with_data);

  std::string table_;
  netlink::Builder builder_;
  std::vector<std::string> what_;
  uint32_t set_id_ = 0;
  bool finished_ = false;
};

}  // namespace appliance::net::nft
