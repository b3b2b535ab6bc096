// Fs: the one seam to files for everything whose crash safety we prove (log, SQLite through its VFS, journals). RealFs
// is the system; FaultFs (fault_fs.h) is a twin in memory that can drop and tear what was not synced, fail and fill up.
// Blocking. Thread-safe unless stated. Every error carries the path and errno.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace appliance::base {

struct OpenOptions {
  bool write = false;
  bool create = false;     // make it when it is not there
  bool exclusive = false;  // with create: fail when it is there
  bool truncate = false;
  unsigned mode = 0600;
};

// An open file. read_at and write_at may run on several threads at once; ranges that overlap are the caller's duty.
class File {
 public:
  virtual ~File() = default;
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> out) = 0;  // fewer bytes only at the end of the file
  virtual Result<> write_at(uint64_t offset, std::string_view bytes) = 0;    // all or an error
  virtual Result<> sync() = 0;  // fdatasync: data and size are on disk when it returns
  virtual Result<> truncate(uint64_t size) = 0;
  virtual Result<> allocate(uint64_t size) = 0;  // blocks reserved and zero-filled by writing, size grown
  virtual Result<uint64_t> size() = 0;
};

// Held while it lives; the lock goes with the process, however it ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Fs {
 public:
  virtual ~Fs() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& dir) = 0;  // names, sorted, without . and ..
  virtual Result<> make_dirs(const std::string& dir, unsigned mode) = 0;      // parents too; existing is fine
  virtual Result<> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<> remove(const std::string& path) = 0;   // a file
  virtual Result<> sync_dir(const std::string& dir) = 0;  // names are on disk when it returns
  virtual Result<bool> exists(const std::string& path) = 0;
  // Exclusive lock on `path` (created when absent), which names the holder: kFailedPrecondition "... is in use by
  // process 123".
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

std::unique_ptr<Fs> make_real_fs();

// Whole files, for small documents. write_file_atomic: temporary name, write, sync, rename, sync of the folder.
Result<std::string> read_file(const std::string& path, size_t bytes_max = 16U << 20U);
Result<> write_file(const std::string& path, std::string_view bytes, unsigned mode = 0644);
Result<> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);
Result<> make_dirs(const std::string& path, unsigned mode = 0755);
Result<> remove_tree(
    const std::string& path);  // does not follow links, does not cross into other mounts; absent is fine

}  // namespace appliance::base
