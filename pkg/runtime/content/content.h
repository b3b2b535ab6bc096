// Content-addressed blobs: what a registry or an archive gave, byte for byte, kept under its digest.
//
//   <dir>/blobs/sha256/<hex>     complete and checked: a file is here only after size and digest fitted and it was
//   synced <dir>/tmp/<random>           being written; emptied when the store opens
//
//   auto writer = TRY(store.begin(digest, size));
//   TRY(writer.write(piece)); ... TRY(writer.commit());      // without commit() nothing stays
//
// Blocking. ContentStore is thread-safe, a BlobWriter belongs to one thread. Two writers of one digest may race: both
// are right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto/sha256.h"
#include "base/error.h"
#include "base/fd.h"

namespace appliance::runtime::content {

// A temporary file that becomes `path` by keep() (sync, rename, sync of the folder), or goes away.
class PendingFile {
 public:
  static Result<PendingFile> create(const std::string& tmp_dir);
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile();
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  Result<> keep(const std::string& path, bool sync = true);

 private:
  PendingFile(base::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  base::Fd fd_;
  std::string path_;  // empty once kept
};

class BlobWriter {
 public:
  // kDataLoss as soon as more bytes come than were announced.
  Result<> write(std::string_view bytes);
  [[nodiscard]] uint64_t written() const { return written_; }
  // kDataLoss, naming both, when size or digest differ.
  Result<> commit();

 private:
  friend class ContentStore;
  BlobWriter(PendingFile file, std::string digest, uint64_t size, std::string path)
      : file_(std::move(file)), digest_(std::move(digest)), size_(size), path_(std::move(path)) {}
  PendingFile file_;
  std::string digest_;
  uint64_t size_;
  std::string path_;
  uint64_t written_ = 0;
  crypto::Sha256 hash_;
};

class ContentStore {
 public:
  static Result<ContentStore> open(const std::string& dir);
  Result<BlobWriter> begin(const std::string& digest, uint64_t size) const;
  Result<> put(const std::string& digest, std::string_view bytes) const;
  [[nodiscard]] bool has(const std::string& digest) const;
  // Reads whole and checks the digest again: what a disk lost is found here. For documents, not for layers.
  Result<std::string> read(const std::string& digest, size_t bytes_max) const;
  Result<base::Fd> open_blob(const std::string& digest) const;
  Result<uint64_t> size(const std::string& digest) const;
  Result<> remove(const std::string& digest) const;  // absent is fine
  Result<std::vector<std::string>> list() const;     // digests
  [[nodiscard]] std::string path(const std::string& digest) const;
  [[nodiscard]] const std::string& tmp_dir() const { return tmp_dir_; }

 private:
  explicit ContentStore(const std::string& dir) : blob_dir_(dir + "/blobs/sha256"), tmp_dir_(dir + "/tmp") {}
  std::string blob_dir_;
  std::string tmp_dir_;
};

}  // namespace appliance::runtime::content
