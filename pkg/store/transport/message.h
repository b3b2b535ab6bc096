// Messages of Raft as bytes, for the streams between members. Pure.
//
//   message = version:1 type:1 flags:1 from to term index log_term commit round hint
//             entries: count, then for each: term, index, type:1, data      (numbers LEB128, strings behind their
//             length) snapshot, when its flag is set: index, term, voters: count and ids, learners: the same
//
// `version` is kWireVersion. A member reads only versions that it knows; a newer one says so in the stream's handshake,
// before any message.
#pragma once

#include "base/error.h"
#include "store/raft/types.h"

namespace appliance::store::transport {

inline constexpr uint8_t kWireVersion = 1;
inline constexpr size_t kMessageBytesMax = 16U << 20U;  // a peer that sends more is cut: appends hold about 1 MiB
inline constexpr size_t kMembersMax = 64;

std::string encode(const raft::Message& message);
// kInvalidArgument: not a message. Entries must follow each other by index, behind `index` of an append.
Result<raft::Message> decode(std::string_view bytes);

}  // namespace appliance::store::transport
