// The part of the log that is in memory: everything behind the last snapshot that somebody may still need. Knows which
// entries are durable here, and keeps apart what take_new() has handed to the disk already.
//
// Between calls: first_index() - 1 <= durable() <= last_index(); entries up to the commit index are never replaced.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "store/raft/types.h"

namespace appliance::store::raft {

class Log {
 public:
  Log() = default;
  // Everything up to `index` (of `term`) is in the state, and not here.
  Log(uint64_t index, uint64_t term) : base_index_(index), base_term_(term), durable_(index), handed_(index) {}

  [[nodiscard]] uint64_t first_index() const { return base_index_ + 1; }
  [[nodiscard]] uint64_t last_index() const { return base_index_ + entries_.size(); }
  [[nodiscard]] uint64_t last_term() const { return *term(last_index()); }
  [[nodiscard]] uint64_t durable() const { return durable_; }
  // nullopt: not here any more, or not yet.
  [[nodiscard]] std::optional<uint64_t> term(uint64_t index) const;
  [[nodiscard]] bool matches(uint64_t index, uint64_t term_there) const { return term(index) == term_there; }
  [[nodiscard]] EntryPtr at(uint64_t index) const { return entries_[index - first_index()]; }  // must be here
  // From `from` on, at most to `to`, as many as fit into `bytes_max`, and always one.
  [[nodiscard]] std::vector<EntryPtr> slice(uint64_t from, uint64_t to, uint64_t bytes_max) const;
  // The last index <= `index` whose term is <= `term_there`: behind it two logs cannot agree (5.3, the faster way
  // back).
  [[nodiscard]] uint64_t agree_below(uint64_t index, uint64_t term_there) const;
  // Whether a log that ends so has everything that ours has (3.6.1).
  [[nodiscard]] bool is_up_to_date(uint64_t index, uint64_t term_there) const;

  // Behind last_index(), or in the place of what is there from entries.front() on.
  void append(const std::vector<EntryPtr>& entries);
  std::vector<EntryPtr> take_new();  // what was appended since the last call
  [[nodiscard]] bool has_new() const { return handed_ < last_index(); }
  // The disk has all up to `index`, when the entry there is still that of `term_there` (it may have been replaced).
  void mark_durable(uint64_t index, uint64_t term_there);
  void restored(std::vector<EntryPtr> entries);  // at start: from the disk, durable

  void cut(uint64_t index);                   // entries up to `index` go; at most the durable ones
  void reset(uint64_t index, uint64_t term);  // a snapshot took the place of all

 private:
  uint64_t base_index_ = 0;
  uint64_t base_term_ = 0;
  uint64_t durable_ = 0;
  uint64_t handed_ = 0;  // last that take_new() has given
  std::deque<EntryPtr> entries_;
};

}  // namespace appliance::store::raft
