#include "base/sqlite/database.h"

#include <sqlite3.h>

#include "base/check.h"

namespace appliance::base::sqlite {
namespace {

Code code_of(int rc) {
  switch (rc & 0xFF) {
    case SQLITE_FULL:
      return Code::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return Code::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kUnavailable;
    case SQLITE_CANTOPEN:
      return Code::kNotFound;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Code::kPermissionDenied;
    default:
      return Code::kInternal;
  }
}

Error error_of(sqlite3* db, int rc, std::string_view what) {
  const int full = db != nullptr ? sqlite3_extended_errcode(db) : rc;
  std::string text = (rc & 0xFF) == SQLITE_FULL ? "no space left on device" : sqlite3_errstr(full);
  if (db != nullptr && (rc & 0xFF) == SQLITE_ERROR) text = sqlite3_errmsg(db);
  return Error{.code = code_of(rc),
               .message = "sqlite: " + std::string(what) + ": " + text + " (" + std::to_string(full) + ")",
               .errno_value = (rc & 0xFF) == SQLITE_FULL ? ENOSPC : 0,
               .hint = {}};
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

void Statement::bind_int(int index, int64_t value) {
  APP_CHECK(sqlite3_bind_int64(statement_.get(), index, value) == SQLITE_OK);
}
void Statement::bind_blob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";  // a null pointer would bind NULL
  APP_CHECK(sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
}
void Statement::bind_null(int index) { APP_CHECK(sqlite3_bind_null(statement_.get(), index) == SQLITE_OK); }

Result<bool> Statement::step() {
  const int rc = sqlite3_step(statement_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  Error error = error_of(sqlite3_db_handle(statement_.get()), rc, sqlite3_sql(statement_.get()));
  sqlite3_reset(statement_.get());
  return fail(std::move(error));
}

Result<> Statement::run() {
  while (TRY(step())) {
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int64_t Statement::column_int(int index) const { return sqlite3_column_int64(statement_.get(), index); }
bool Statement::column_is_null(int index) const { return sqlite3_column_type(statement_.get(), index) == SQLITE_NULL; }
std::string_view Statement::column_blob(int index) const {
  const void* data = sqlite3_column_blob(statement_.get(), index);
  const int size = sqlite3_column_bytes(statement_.get(), index);
  return {static_cast<const char*>(data), data != nullptr ? static_cast<size_t>(size) : 0};
}

Result<Database> Database::open(const Options& options) {
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  sqlite3* raw = nullptr;
  const char* vfs = options.vfs != nullptr ? options.vfs->name().c_str() : "unix-excl";
  const int rc = sqlite3_open_v2(options.path.c_str(), &raw, flags, vfs);
  Database db;
  db.db_.reset(raw);
  if (rc != SQLITE_OK) return fail(error_of(raw, rc, "open " + options.path));
  sqlite3_busy_timeout(raw, options.busy_timeout_ms);
  // A connection that closes must not remove the log under the others; the owner checkpoints when it wants to.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  TRY(db.exec("PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF; PRAGMA wal_autocheckpoint=0"));
  return db;
}

Result<> Database::exec(const char* sql) {
  const int rc = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return fail(error_of(db_.get(), rc, sql));
  return {};
}

Result<int64_t> Database::query_int(const char* sql) {
  Statement statement = TRY(prepare(sql));
  if (!TRY(statement.step())) return fail(Code::kNotFound, std::string("sqlite: no row: ") + sql);
  return statement.column_int(0);
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int rc =
      sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (rc != SQLITE_OK) return fail(error_of(db_.get(), rc, sql));
  return Statement(raw);
}

Result<Database::Checkpoint> Database::checkpoint(bool restart) {
  Checkpoint out;
  const int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int rc = sqlite3_wal_checkpoint_v2(db_.get(), nullptr, mode, &out.log_frames, &out.done_frames);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY) return fail(error_of(db_.get(), rc, "checkpoint"));
  return out;
}

}  // namespace appliance::base::sqlite
