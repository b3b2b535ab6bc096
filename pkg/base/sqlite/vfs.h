// A SQLite VFS on top of base::Fs, so that the database's crash safety is proved through the same seam as the log's.
//
//   Vfs vfs(fs);
//   auto db = TRY(Database::open({.path = dir + "/db", .vfs = &vfs}));
//
// Like SQLite's own unix-excl: locks and the WAL's shared memory live in this process, so several connections (readers
// and one writer) work together without a system call; another process is kept out by the caller (Fs::lock). Paths are
// absolute. One Vfs per Fs; it outlives its connections. Errors: a full disk is SQLITE_FULL, anything else
// SQLITE_IOERR.
#pragma once

#include <memory>
#include <string>

#include "base/fs.h"

namespace appliance::base::sqlite {

class Vfs {
 public:
  explicit Vfs(Fs& fs);
  ~Vfs();
  Vfs(const Vfs&) = delete;
  Vfs& operator=(const Vfs&) = delete;
  [[nodiscard]] const std::string& name() const;
  // The errno of the last failed write or sync, for messages that name the cause; 0 when none failed yet.
  [[nodiscard]] int last_errno() const;

  struct State;  // vfs.cc

 private:
  std::unique_ptr<State> state_;
};

}  // namespace appliance::base::sqlite
