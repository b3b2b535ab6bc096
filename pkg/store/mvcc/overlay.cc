#include "store/mvcc/overlay.h"

#include <algorithm>

namespace appliance::store::mvcc {
namespace {

RecordPtr newest_at(const std::vector<RecordPtr>& versions, int64_t packed_max) {
  for (auto it = versions.rbegin(); it != versions.rend(); ++it) {
    if ((*it)->packed <= packed_max) return *it;
  }
  return nullptr;
}

}  // namespace

void Overlay::add(AppliedEntry entry) {
  Generation& g = *active_;
  g.bytes += sizeof(AppliedEntry);
  for (const Change& change : entry.changes) {
    g.bytes += change.now->bytes() + (change.prev ? change.prev->bytes() : 0);
    g.by_key[change.now->key].push_back(change.now);
  }
  g.entries.push_back(std::move(entry));
}

std::shared_ptr<const Overlay::Generation> Overlay::freeze() {
  if (frozen_ || active_->entries.empty()) return nullptr;
  frozen_ = std::exchange(active_, std::make_shared<Generation>());
  return frozen_;
}

RecordPtr Overlay::find(std::string_view key, int64_t packed_max) const {
  for (const Generation* g : {active_.get(), frozen_.get()}) {
    if (g == nullptr) continue;
    const auto it = g->by_key.find(key);
    if (it == g->by_key.end()) continue;
    if (RecordPtr found = newest_at(it->second, packed_max)) return found;
  }
  return nullptr;
}

Overlay::Newest Overlay::collect(const Interval& interval, int64_t packed_max) const {
  Newest out;
  for (const Generation* g : {active_.get(), frozen_.get()}) {  // newer first: emplace keeps what is there
    if (g == nullptr) continue;
    for (auto it = g->by_key.lower_bound(interval.begin); it != g->by_key.end() && interval.contains(it->first); ++it) {
      if (RecordPtr found = newest_at(it->second, packed_max)) {
        const std::string_view key = found->key;
        out.emplace(key, std::move(found));
      }
    }
  }
  return out;
}

std::vector<Change> Overlay::history(Revision from, Revision to) const {
  std::vector<Change> out;
  for (const Generation* g : {frozen_.get(), active_.get()}) {
    if (g == nullptr) continue;
    const auto first = std::ranges::lower_bound(g->entries, from, {}, &AppliedEntry::revision);
    for (auto it = first; it != g->entries.end() && it->revision <= to; ++it) {
      out.insert(out.end(), it->changes.begin(), it->changes.end());
    }
  }
  return out;
}

}  // namespace appliance::store::mvcc
