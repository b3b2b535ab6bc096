// What a log entry carries: the request itself, so that every member applies the same thing (etcd-api section 12).
//
//   entry.data = encode(Command{TxnRequest{...}});
//   Command command = TRY(decode(entry.data));
//
// Format: u8 version (1), u8 kind, then fields; integers are LEB128 (signed ones zigzag), bytes are length + bytes,
// vectors are count + elements. A newer version byte is refused with kFailedPrecondition; damage with kDataLoss. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "store/kv.h"

namespace appliance::store::mvcc {

struct CompactCommand {
  Revision revision = 0;
};
struct LeaseGrantCommand {
  LeaseId id = 0;
  int64_t ttl_seconds = 0;
};
struct LeaseRevokeCommand {
  LeaseId id = 0;
};
using Command = std::variant<TxnRequest, CompactCommand, LeaseGrantCommand, LeaseRevokeCommand>;

inline constexpr uint8_t kCommandVersion = 1;

std::string encode(const Command& command);
Result<Command> decode(std::string_view bytes);

}  // namespace appliance::store::mvcc
