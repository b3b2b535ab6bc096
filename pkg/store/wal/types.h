// What the log keeps: entries and the hard state of Raft (figure 2: term, vote; commit is a hint). Values.
#pragma once

#include <cstdint>
#include <string>

namespace appliance::store::wal {

enum class EntryType : uint8_t { kNormal, kConfChange };

struct Entry {
  uint64_t term = 0;
  uint64_t index = 0;
  EntryType type = EntryType::kNormal;
  std::string data;
};

struct HardState {
  uint64_t term = 0;
  uint64_t vote = 0;
  uint64_t commit = 0;
  friend bool operator==(const HardState&, const HardState&) = default;
};

}  // namespace appliance::store::wal
