#include "store/mvcc/tables.h"

namespace appliance::store::mvcc {
namespace {

// auto_vacuum has to stand before the first table; the page size is SQLite's default, 4 KiB.
constexpr const char* kTables = R"(
  CREATE TABLE meta(name BLOB PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE kv(rev INTEGER PRIMARY KEY, key BLOB NOT NULL, create_rev INTEGER NOT NULL, version INTEGER NOT NULL,
                  lease INTEGER NOT NULL, value BLOB);
  CREATE UNIQUE INDEX kv_key ON kv(key, rev);
  CREATE INDEX kv_lease ON kv(lease) WHERE lease <> 0;
  CREATE TABLE live(key BLOB PRIMARY KEY, rev INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl INTEGER NOT NULL);
)";

}  // namespace

Result<TableWriter> TableWriter::open(const std::string& path, const base::sqlite::Vfs& vfs) {
  TableWriter out;
  out.db_ = TRY(base::sqlite::Database::open({.path = path, .vfs = &vfs}));
  const int64_t format = TRY_CTX(out.db_.query_int("PRAGMA user_version"), path);
  if (format > kTablesFormat) {
    return fail(Error{.code = Code::kFailedPrecondition,
                      .message = path + ": data format " + std::to_string(format) +
                                 " was written by a newer version of appliance; this one reads up to format " +
                                 std::to_string(kTablesFormat),
                      .errno_value = 0,
                      .hint = "start the newer version again, or restore a snapshot made by this one"});
  }
  // On a database that exists this pragma writes, and a restart on a full disk must not.
  if (format == 0) TRY(out.db_.exec("PRAGMA auto_vacuum=INCREMENTAL"));
  TRY(out.db_.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192"));
  if (format == 0) TRY_CTX(out.make_tables(), path);
  TRY(out.prepare_all());
  out.meta_ = TRY(out.meta());
  return out;
}

// One transaction: a crash leaves either no tables or all of them.
Result<> TableWriter::make_tables() {
  TRY(db_.exec("BEGIN IMMEDIATE"));
  TRY(db_.exec(kTables));
  TRY(db_.exec(("PRAGMA user_version=" + std::to_string(kTablesFormat)).c_str()));
  return db_.exec("COMMIT");
}

Result<> TableWriter::prepare_all() {
  begin_ = TRY(db_.prepare("BEGIN IMMEDIATE"));
  commit_ = TRY(db_.prepare("COMMIT"));
  rollback_ = TRY(db_.prepare("ROLLBACK"));
  insert_kv_ =
      TRY(db_.prepare("INSERT INTO kv(rev, key, create_rev, version, lease, value) VALUES(?1,?2,?3,?4,?5,?6)"));
  set_live_ = TRY(db_.prepare("INSERT INTO live(key, rev) VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET rev=?2"));
  drop_live_ = TRY(db_.prepare("DELETE FROM live WHERE key=?1"));
  set_lease_ = TRY(db_.prepare("INSERT INTO lease(id, ttl) VALUES(?1,?2) ON CONFLICT(id) DO UPDATE SET ttl=?2"));
  drop_lease_ = TRY(db_.prepare("DELETE FROM lease WHERE id=?1"));
  set_meta_ = TRY(db_.prepare("INSERT INTO meta(name, value) VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=?2"));
  scan_ = TRY(db_.prepare("SELECT rev, key, version FROM kv WHERE rev > ?1 AND rev <= ?2 ORDER BY rev LIMIT ?3"));
  drop_older_ = TRY(db_.prepare("DELETE FROM kv WHERE key=?1 AND rev < ?2"));
  drop_rev_ = TRY(db_.prepare("DELETE FROM kv WHERE rev=?1"));
  return {};
}

Result<Meta> TableWriter::meta() {
  Meta out;
  auto rows = TRY(db_.prepare("SELECT name, value FROM meta"));
  while (TRY(rows.step())) {
    const std::string_view name = rows.column_blob(0);
    const int64_t value = rows.column_int(1);
    if (name == "applied_index") out.applied_index = static_cast<uint64_t>(value);
    if (name == "applied_term") out.applied_term = static_cast<uint64_t>(value);
    if (name == "revision") out.revision = value;
    if (name == "keys") out.keys = value;
    if (name == "compact") out.compact = value;
    if (name == "scanned") out.scanned = value;
  }
  return out;
}

Result<std::vector<LeaseChange>> TableWriter::leases() {
  std::vector<LeaseChange> out;
  auto rows = TRY(db_.prepare("SELECT id, ttl FROM lease"));
  while (TRY(rows.step())) out.push_back({.id = rows.column_int(0), .ttl_seconds = rows.column_int(1)});
  return out;
}

Result<std::vector<std::pair<LeaseId, std::string>>> TableWriter::leased_keys() {
  std::vector<std::pair<LeaseId, std::string>> out;
  auto rows = TRY(db_.prepare(
      "SELECT kv.lease, kv.key FROM kv JOIN live ON live.key = kv.key AND live.rev = kv.rev WHERE kv.lease <> 0"));
  while (TRY(rows.step())) out.emplace_back(rows.column_int(0), std::string(rows.column_blob(1)));
  return out;
}

Result<> TableWriter::set_meta(std::string_view name, int64_t value) {
  set_meta_.bind_blob(1, name);
  set_meta_.bind_int(2, value);
  return set_meta_.run();
}

Result<> TableWriter::write_record(const Record& record) {
  insert_kv_.bind_int(1, record.packed);
  insert_kv_.bind_blob(2, record.key);
  insert_kv_.bind_int(3, record.create_revision);
  insert_kv_.bind_int(4, record.version);
  insert_kv_.bind_int(5, record.lease);
  if (record.tombstone() || !record.value)
    insert_kv_.bind_null(6);
  else
    insert_kv_.bind_blob(6, *record.value);
  TRY(insert_kv_.run());
  auto& live = record.tombstone() ? drop_live_ : set_live_;
  live.bind_blob(1, record.key);
  if (!record.tombstone()) live.bind_int(2, record.packed);
  return live.run();
}

Result<> TableWriter::write_entry(const AppliedEntry& entry) {
  for (const Change& change : entry.changes) TRY(write_record(*change.now));
  for (const LeaseChange& lease : entry.leases) {
    auto& statement = lease.ttl_seconds == 0 ? drop_lease_ : set_lease_;
    statement.bind_int(1, lease.id);
    if (lease.ttl_seconds != 0) statement.bind_int(2, lease.ttl_seconds);
    TRY(statement.run());
  }
  return {};
}

Result<size_t> TableWriter::write_slice(std::span<const AppliedEntry> entries) {
  size_t n = 0;
  Meta next = meta_;
  const auto body = [&]() -> Result<> {
    TRY(begin_.run());
    for (size_t rows = 0; n < entries.size() && (n == 0 || rows + entries[n].changes.size() <= kSliceRows); ++n) {
      const AppliedEntry& entry = entries[n];
      TRY(write_entry(entry));
      rows += entry.changes.size() + 1;
      next.applied_index = entry.index;
      next.applied_term = entry.term;
      next.revision = entry.revision;
      next.keys = entry.keys;
      if (entry.compact > 0) next.compact = entry.compact;
    }
    TRY(set_meta("applied_index", static_cast<int64_t>(next.applied_index)));
    TRY(set_meta("applied_term", static_cast<int64_t>(next.applied_term)));
    TRY(set_meta("revision", next.revision));
    TRY(set_meta("keys", next.keys));
    if (next.compact != meta_.compact) TRY(set_meta("compact", next.compact));
    return commit_.run();
  };
  if (Result<> done = body(); !done) {
    (void)rollback_.run();  // SQLite may have rolled back by itself; then this says so
    return fail(std::move(done).error());
  }
  meta_ = next;
  return n;
}

// A write at or below `to` makes every older one of its key unreadable. A tombstone goes too, but not one at exactly
// `to`: a watch from there must still deliver it (etcd #18089, #19179); the next compaction begins with that revision
// again.
Result<> TableWriter::compact_row(int64_t packed, std::string_view key, bool tombstone, Revision to) {
  drop_older_.bind_blob(1, key);
  drop_older_.bind_int(2, packed);
  TRY(drop_older_.run());
  if (!tombstone || main_of(packed) >= to) return {};
  drop_rev_.bind_int(1, packed);
  return drop_rev_.run();
}

Result<bool> TableWriter::compact_slice(Revision to, size_t rows) {
  struct Row {
    int64_t packed;
    std::string key;
    bool tombstone;
  };
  std::vector<Row> found;
  scan_.bind_int(1, meta_.scanned);
  scan_.bind_int(2, pack(to, kSubMax));
  scan_.bind_int(3, static_cast<int64_t>(rows));
  while (TRY(scan_.step())) {
    found.push_back({scan_.column_int(0), std::string(scan_.column_blob(1)), scan_.column_int(2) == 0});
  }
  scan_.reset();
  const bool finished = found.size() < rows;
  const int64_t reached = finished ? pack(to, 0) - 1 : found.back().packed;
  if (found.empty() && reached <= meta_.scanned) return true;
  const auto body = [&]() -> Result<> {
    TRY(begin_.run());
    for (const Row& row : found) TRY(compact_row(row.packed, row.key, row.tombstone, to));
    TRY(set_meta("scanned", reached));
    return commit_.run();
  };
  if (Result<> done = body(); !done) {
    (void)rollback_.run();
    return fail(std::move(done).error());
  }
  meta_.scanned = reached;
  return finished;
}

Result<> TableWriter::vacuum_slice(int pages) {
  return db_.exec(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
}

}  // namespace appliance::store::mvcc
