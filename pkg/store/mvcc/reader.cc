#include "store/mvcc/reader.h"

namespace appliance::store::mvcc {

// The state one read works on: pinned SQLite, the overlay's part, and the revision asked for.
struct Reader::Pinned {
  explicit Pinned(TableReader& reader) : tables(reader) {}
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned() {
    if (held) tables.unpin();
  }
  TableReader& tables;
  bool held = false;
  Position position;
  std::optional<int64_t> packed_max;  // set for a read of the past
  Overlay::Newest newest;
};

namespace {

Result<> check_revision(const Position& position, Revision revision) {
  if (revision > position.revision) return fail(Code::kOutOfRange, std::string(kErrFutureRev));
  if (revision > 0 && revision < position.compact) return fail(Code::kOutOfRange, std::string(kErrCompacted));
  return {};
}

}  // namespace

Result<Reader> Reader::open(const Mvcc& mvcc) {
  Reader out(mvcc);
  out.tables_ = TRY(TableReader::open(mvcc.path_, mvcc.vfs_));
  return out;
}

Result<RangeResponse> Reader::range(const RangeRequest& request, const Staged* staged, Revision staged_revision) {
  if (request.key.empty()) return fail(Code::kInvalidArgument, "etcdserver: key is not provided");
  const Interval interval = interval_of(request.key, request.range_end);
  Pinned at(tables_);
  {
    const std::shared_lock lock(mvcc_->mutex_);
    at.position = mvcc_->position_;
    TRY(check_revision(at.position, request.revision));
    TRY(tables_.pin());
    at.held = true;
    if (request.revision > 0 && request.revision < at.position.revision)
      at.packed_max = pack(request.revision, kSubMax);
    const int64_t packed_max = at.packed_max.value_or(pack(at.position.revision, kSubMax));
    if (!interval.empty()) at.newest = mvcc_->overlay_.collect(interval, packed_max);
  }
  if (staged != nullptr && request.revision == 0) {
    for (auto it = staged->lower_bound(interval.begin); it != staged->end() && interval.contains(it->first); ++it) {
      at.newest.erase(it->first);  // the view of the old key would dangle with its record
      at.newest.emplace(it->first, it->second);
    }
    if (!staged->empty()) at.position.revision = staged_revision;
  }
  return read(request, interval, at);
}

Result<RangeResponse> Reader::read(const RangeRequest& request, const Interval& interval, const Pinned& at) {
  RangeResponse out{.revision = at.position.revision, .kvs = {}, .more = false, .count = 0};
  if (interval.empty()) return out;
  if (request.count_only) {
    out.count = TRY(count(interval, at));
    return out;
  }
  const auto limit = static_cast<size_t>(std::max<int64_t>(request.limit, 0));
  TRY(merge(interval, at, !request.keys_only, [&](const RecordPtr& record) {
    if (limit != 0 && out.kvs.size() == limit) {
      out.more = true;
      return false;
    }
    out.kvs.push_back(to_key_value(*record, request.keys_only));
    return true;
  }));
  out.count = out.more ? TRY(count(interval, at)) : static_cast<int64_t>(out.kvs.size());
  return out;
}

Result<int64_t> Reader::count(const Interval& interval, const Pinned& at) {
  int64_t out = 0;
  if (at.packed_max) {
    TRY(merge(interval, at, false, [&](const RecordPtr&) { return ++out, true; }));
    return out;
  }
  out = TRY(tables_.count_live(interval));
  for (const auto& [key, record] : at.newest) {
    out += (record->tombstone() ? 0 : 1) - (TRY(tables_.is_live(key)) ? 1 : 0);
  }
  return out;
}

// Two sorted streams; the overlay wins where both have a key; tombstones hide and are not shown.
Result<> Reader::merge(const Interval& interval, const Pinned& at, bool with_value, const TableReader::Visit& visit) {
  auto over = at.newest.begin();
  const auto end = at.newest.end();
  bool more = true;
  const auto show = [&](const RecordPtr& record) { more = record->tombstone() || visit(record); };
  if (interval.single()) {
    if (over != end) return show(over->second), Result<>();
    const RecordPtr found =
        TRY(at.packed_max ? tables_.at(interval.begin, *at.packed_max) : tables_.latest(interval.begin));
    if (found) show(found);
    return {};
  }
  TRY(tables_.scan(interval, at.packed_max, with_value, [&](const RecordPtr& row) {
    for (; more && over != end && over->first < row->key; ++over) show(over->second);
    if (!more) return false;
    if (over != end && over->first == row->key) {
      show(over->second);
      ++over;
    } else {
      show(row);
    }
    return more;
  }));
  for (; more && over != end; ++over) show(over->second);
  return {};
}

Result<RecordPtr> Reader::latest(std::string_view key) {
  RecordPtr found;
  {
    const std::shared_lock lock(mvcc_->mutex_);
    found = mvcc_->overlay_.find(key, INT64_MAX);
  }
  // Not in the overlay: what SQLite has is the newest, because only the overlay feeds it.
  if (!found) return tables_.latest(key);
  return found->tombstone() ? nullptr : found;
}

Result<std::vector<RecordPtr>> Reader::collect(const Interval& interval, const Staged& staged) {
  std::vector<RecordPtr> out;
  if (interval.empty()) return out;
  Pinned at(tables_);
  {
    const std::shared_lock lock(mvcc_->mutex_);
    TRY(tables_.pin());
    at.held = true;
    at.position = mvcc_->position_;
    at.newest = mvcc_->overlay_.collect(interval, INT64_MAX);
  }
  for (auto it = staged.lower_bound(interval.begin); it != staged.end() && interval.contains(it->first); ++it) {
    at.newest.erase(it->first);
    at.newest.emplace(it->first, it->second);
  }
  TRY(merge(interval, at, true, [&](RecordPtr record) {
    out.push_back(std::move(record));
    return true;
  }));
  return out;
}

Result<HistoryPage> Reader::history(Revision from, size_t rows_max, bool with_prev) {
  Pinned at(tables_);
  std::vector<Change> overlay;
  {
    const std::shared_lock lock(mvcc_->mutex_);
    TRY(tables_.pin());
    at.held = true;
    at.position = mvcc_->position_;
    if (from < at.position.compact) return fail(Code::kOutOfRange, std::string(kErrCompacted));
    overlay = mvcc_->overlay_.history(from, at.position.revision);
  }
  HistoryPage out;
  out.through = at.position.revision;
  if (from > at.position.revision) return out;
  // SQLite holds everything before the overlay's first revision; that one may be in both.
  const Revision overlay_first = overlay.empty() ? at.position.revision + 1 : overlay.front().now->revision();
  std::vector<RecordPtr> rows = TRY(tables_.history(pack(from, 0), pack(overlay_first, 0) - 1, rows_max));
  if (rows.size() == rows_max && !rows.empty()) {
    // The page may end inside a revision: fetch the rest of it, so that a revision is never split.
    const int64_t last = rows.back()->packed;
    for (RecordPtr& row : TRY(tables_.history(last + 1, pack(main_of(last), kSubMax), SIZE_MAX >> 1U)))
      rows.push_back(std::move(row));
    out.through = main_of(last);
    overlay.clear();
  }
  for (RecordPtr& row : rows) out.changes.push_back({.now = std::move(row), .prev = nullptr});
  if (with_prev) TRY(add_prev(out.changes));
  out.changes.insert(out.changes.end(), std::make_move_iterator(overlay.begin()),
                     std::make_move_iterator(overlay.end()));
  return out;
}

Result<> Reader::add_prev(std::vector<Change>& changes) {
  for (Change& change : changes) {
    RecordPtr prev = TRY(tables_.at(change.now->key, change.now->packed - 1));
    if (prev && !prev->tombstone()) change.prev = std::move(prev);
  }
  return {};
}

}  // namespace appliance::store::mvcc
