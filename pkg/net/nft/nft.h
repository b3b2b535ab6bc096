// The kernel's nf_tables of one network namespace, over raw NETLINK_NETFILTER: commit a Batch, read back what is there.
//
//   auto nft = TRY(Nft::open());
//   TRY(nft.commit(batch));
//
// Not thread-safe; blocking (µs to ms). Family ip unless stated.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "net/netlink/socket.h"
#include "net/nft/batch.h"

namespace appliance::net::nft {

struct ChainInfo {
  uint8_t family = 0;  // NFPROTO_*
  std::string table;
  std::string name;
  std::string type;  // of a base chain
  int hook = -1;     // -1: not a base chain
  int priority = 0;
  bool policy_drop = false;
};

class Nft {
 public:
  static Result<Nft> open();
  // All or nothing. Names the first message that the kernel refused: kAlreadyExists, kNotFound and so on by errno.
  Result<> commit(Batch& batch);
  Result<bool> table_exists(const std::string& table);
  Result<> delete_table(const std::string& table);  // absent is fine
  Result<uint32_t> generation();                    // counts every commit in this namespace, by anybody
  Result<std::vector<ChainInfo>> chains();          // of all families and tables
  Result<std::vector<Element>> elements(const std::string& table, const std::string& set);  // kNotFound

 private:
  explicit Nft(netlink::Socket socket) : socket_(std::move(socket)) {}
  netlink::Socket socket_;
};

}  // namespace appliance::net::nft
