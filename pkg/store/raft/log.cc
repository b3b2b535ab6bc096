#include "store/raft/log.h"

#include <algorithm>

#include "base/check.h"

namespace appliance::store::raft {

std::optional<uint64_t> Log::term(uint64_t index) const {
  if (index == base_index_) return base_term_;
  if (index < base_index_ || index > last_index()) return std::nullopt;
  return at(index)->term;
}

std::vector<EntryPtr> Log::slice(uint64_t from, uint64_t to, uint64_t bytes_max) const {
  std::vector<EntryPtr> out;
  uint64_t bytes = 0;
  for (uint64_t i = std::max(from, first_index()); i <= std::min(to, last_index()); ++i) {
    bytes += at(i)->data.size();
    if (!out.empty() && bytes > bytes_max) break;
    out.push_back(at(i));
  }
  return out;
}

uint64_t Log::agree_below(uint64_t index, uint64_t term_there) const {
  index = std::min(index, last_index());
  while (index > base_index_ && *term(index) > term_there) --index;
  return index;
}

bool Log::is_up_to_date(uint64_t index, uint64_t term_there) const {
  return term_there > last_term() || (term_there == last_term() && index >= last_index());
}

void Log::append(const std::vector<EntryPtr>& entries) {
  if (entries.empty()) return;
  const uint64_t first = entries.front()->index;
  APP_CHECK(first > base_index_ && first <= last_index() + 1);
  entries_.resize(first - first_index());
  durable_ = std::min(durable_, first - 1);
  handed_ = std::min(handed_, first - 1);
  entries_.insert(entries_.end(), entries.begin(), entries.end());
}

std::vector<EntryPtr> Log::take_new() {
  std::vector<EntryPtr> out;
  for (uint64_t i = handed_ + 1; i <= last_index(); ++i) out.push_back(at(i));
  handed_ = last_index();
  return out;
}

void Log::mark_durable(uint64_t index, uint64_t term_there) {
  if (matches(index, term_there)) durable_ = std::max(durable_, index);
}

void Log::restored(std::vector<EntryPtr> entries) {
  append(entries);
  durable_ = handed_ = last_index();
}

void Log::cut(uint64_t index) {
  index = std::min(index, durable_);
  if (index <= base_index_) return;
  const uint64_t term_there = *term(index);
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(index - base_index_));
  base_index_ = index;
  base_term_ = term_there;
}

void Log::reset(uint64_t index, uint64_t term) {
  entries_.clear();
  base_index_ = durable_ = handed_ = index;
  base_term_ = term;
}

}  // namespace appliance::store::raft
