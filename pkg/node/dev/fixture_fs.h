// The system's files without waiting for the disk: for a store whose folder goes with the process.
#pragma once

#include <utility>

#include "base/fs.h"

namespace appliance::node::dev {

class UnsyncedFs final : public base::Fs {
 public:
  explicit UnsyncedFs(base::Fs& real) : real_(real) {}
  Result<std::unique_ptr<base::File>> open(const std::string& path, base::OpenOptions options) override {
    return std::make_unique<UnsyncedFile>(TRY(real_.open(path, options)));
  }
  Result<std::vector<std::string>> list(const std::string& dir) override { return real_.list(dir); }
  Result<> make_dirs(const std::string& dir, unsigned mode) override { return real_.make_dirs(dir, mode); }
  Result<> rename(const std::string& from, const std::string& to) override { return real_.rename(from, to); }
  Result<> remove(const std::string& path) override { return real_.remove(path); }
  Result<> sync_dir(const std::string& /*dir*/) override { return {}; }
  Result<bool> exists(const std::string& path) override { return real_.exists(path); }
  Result<std::unique_ptr<base::FileLock>> lock(const std::string& path) override { return real_.lock(path); }

 private:
  class UnsyncedFile final : public base::File {
   public:
    explicit UnsyncedFile(std::unique_ptr<base::File> real) : real_(std::move(real)) {}
    Result<size_t> read_at(uint64_t offset, std::span<char> out) override { return real_->read_at(offset, out); }
    Result<> write_at(uint64_t offset, std::string_view bytes) override { return real_->write_at(offset, bytes); }
    Result<> sync() override { return {}; }
    Result<> truncate(uint64_t size) override { return real_->truncate(size); }
    Result<> allocate(uint64_t size) override { return real_->allocate(size); }
    Result<uint64_t> size() override { return real_->size(); }

   private:
    std::unique_ptr<base::File> real_;
  };

  base::Fs& real_;
};

}  // namespace appliance::node::dev
