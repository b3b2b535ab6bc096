#include "store/mvcc/tables.h"

namespace appliance::store::mvcc {
namespace {

// Columns: rev, key, create_rev, version, lease, value.
RecordPtr record_of(const base::sqlite::Statement& row, bool with_value) {
  auto out = std::make_shared<Record>();
  out->packed = row.column_int(0);
  out->key = row.column_blob(1);
  out->create_revision = row.column_int(2);
  out->version = row.column_int(3);
  out->lease = row.column_int(4);
  if (with_value && out->version != 0) out->value = std::make_shared<const std::string>(row.column_blob(5));
  return out;
}

// An empty blob sorts before every key, and x'' with the flag set means no upper bound.
void bind_interval(base::sqlite::Statement& statement, const Interval& interval) {
  statement.bind_blob(1, interval.begin);
  if (!interval.unbounded) statement.bind_blob(2, interval.end);
}

}  // namespace

Result<TableReader> TableReader::open(const std::string& path, const base::sqlite::Vfs& vfs) {
  TableReader out;
  out.db_ = TRY(base::sqlite::Database::open({.path = path, .vfs = &vfs, .read_only = true}));
  auto& db = out.db_;
  TRY(db.exec("PRAGMA cache_size=-4096"));
  out.begin_ = TRY(db.prepare("BEGIN"));
  out.touch_ = TRY(db.prepare("SELECT value FROM meta WHERE name=x''"));
  out.end_ = TRY(db.prepare("COMMIT"));
  out.latest_ =
      TRY(db.prepare("SELECT kv.rev, kv.key, create_rev, version, lease, value FROM live JOIN kv ON kv.rev=live.rev "
                     "WHERE live.key=?1"));
  out.at_ = TRY(db.prepare(
      "SELECT rev, key, create_rev, version, lease, value FROM kv WHERE key=?1 AND rev<=?2 ORDER BY rev DESC LIMIT 1"));
  out.is_live_ = TRY(db.prepare("SELECT 1 FROM live WHERE key=?1"));
  out.count_ = TRY(db.prepare("SELECT count(*) FROM live WHERE key>=?1 AND key<?2"));
  out.count_from_ = TRY(db.prepare("SELECT count(*) FROM live WHERE key>=?1"));
  // Both bounds as parameters: without an end, x'ff..' would be a guess, so a NULL end is filtered by the flag of
  // scan().
  out.scan_live_ =
      TRY(db.prepare("SELECT kv.rev, kv.key, create_rev, version, lease, value FROM live CROSS JOIN kv ON "
                     "kv.rev=live.rev WHERE live.key>=?1 ORDER BY live.key"));
  out.scan_past_ =
      TRY(db.prepare("SELECT kv.rev, kv.key, create_rev, version, lease, value FROM (SELECT key AS k, max(rev) AS r "
                     "FROM kv WHERE key>=?1 AND rev<=?2 GROUP BY key ORDER BY key) CROSS JOIN kv ON kv.rev=r"));
  out.history_ = TRY(db.prepare(
      "SELECT rev, key, create_rev, version, lease, value FROM kv WHERE rev>=?1 AND rev<=?2 ORDER BY rev LIMIT ?3"));
  return out;
}

Result<> TableReader::pin() {
  TRY(begin_.run());
  Result<> touched = touch_.run();  // BEGIN alone pins nothing: the first read does
  if (!touched) unpin();
  return touched;
}

void TableReader::unpin() { (void)end_.run(); }  // ends a read; nothing can be lost by it

Result<RecordPtr> TableReader::latest(std::string_view key) {
  latest_.bind_blob(1, key);
  RecordPtr out;
  if (TRY(latest_.step())) out = record_of(latest_, true);
  latest_.reset();
  return out;
}

Result<RecordPtr> TableReader::at(std::string_view key, int64_t packed) {
  at_.bind_blob(1, key);
  at_.bind_int(2, packed);
  RecordPtr out;
  if (TRY(at_.step())) out = record_of(at_, true);
  at_.reset();
  return out;
}

Result<bool> TableReader::is_live(std::string_view key) {
  is_live_.bind_blob(1, key);
  const bool out = TRY(is_live_.step());
  is_live_.reset();
  return out;
}

Result<int64_t> TableReader::count_live(const Interval& interval) {
  if (interval.empty()) return 0;
  auto& statement = interval.unbounded ? count_from_ : count_;
  bind_interval(statement, interval);
  TRY(statement.step());
  const int64_t out = statement.column_int(0);
  statement.reset();
  return out;
}

Result<> TableReader::scan(const Interval& interval, std::optional<int64_t> packed_max, bool with_value,
                           const Visit& visit) {
  auto& statement = packed_max ? scan_past_ : scan_live_;
  statement.bind_blob(1, interval.begin);
  if (packed_max) statement.bind_int(2, *packed_max);
  while (TRY(statement.step())) {
    if (!interval.unbounded && statement.column_blob(1) >= interval.end) break;
    if (!visit(record_of(statement, with_value))) break;
  }
  statement.reset();
  return {};
}

Result<std::vector<RecordPtr>> TableReader::history(int64_t from, int64_t to, size_t rows) {
  std::vector<RecordPtr> out;
  history_.bind_int(1, from);
  history_.bind_int(2, to);
  history_.bind_int(3, static_cast<int64_t>(rows));
  while (TRY(history_.step())) out.push_back(record_of(history_, true));
  history_.reset();
  return out;
}

}  // namespace appliance::store::mvcc
