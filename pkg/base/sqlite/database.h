// SQLite behind Result and RAII. The home of sqlite3.h: nobody else includes it.
//
//   auto db = TRY(Database::open({.path = path, .vfs = &vfs}));
//   auto find = TRY(db.prepare("SELECT rev FROM live WHERE key = ?1"));
//   find.bind_blob(1, key);
//   if (TRY(find.step())) use(find.column_int(0));
//   find.reset();
//
// A Database and its Statements are used by one thread at a time. Text bound and blobs read are borrowed: bind_* keeps
// the bytes until reset(), column_* views end at the next step() or reset(). Errors: kResourceExhausted (disk full),
// kDataLoss (the file is damaged), kUnavailable (busy), kInternal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/sqlite/vfs.h"

struct sqlite3;
struct sqlite3_stmt;

namespace appliance::base::sqlite {

class Statement {
 public:
  Statement() = default;
  void bind_int(int index, int64_t value);
  void bind_blob(int index, std::string_view bytes);
  void bind_null(int index);
  Result<bool> step();  // true: a row stands ready
  Result<> run();       // step() to the end, then reset()
  void reset();         // bindings go too
  [[nodiscard]] int64_t column_int(int index) const;
  [[nodiscard]] std::string_view column_blob(int index) const;
  [[nodiscard]] bool column_is_null(int index) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  struct Options {
    std::string path;          // absolute
    const Vfs* vfs = nullptr;  // null: SQLite's own unix-excl
    bool read_only = false;
    int busy_timeout_ms = 5000;
  };
  struct Checkpoint {
    int log_frames = 0;   // frames in the write-ahead log
    int done_frames = 0;  // of these, copied into the database and synced
    [[nodiscard]] bool complete() const { return log_frames == done_frames; }
  };
  static Result<Database> open(const Options& options);
  Database() = default;

  Result<> exec(const char* sql);              // one or more statements, rows ignored
  Result<int64_t> query_int(const char* sql);  // first column of the first row; kNotFound without a row
  Result<Statement> prepare(std::string_view sql);
  // Copies committed frames into the database file without waiting for readers; `restart` waits for them, so that the
  // next writer begins at the log's start again.
  Result<Checkpoint> checkpoint(bool restart);
  [[nodiscard]] bool valid() const { return db_ != nullptr; }

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace appliance::base::sqlite
