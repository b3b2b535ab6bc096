// The EROFS images of layers: <data>/layers/<hex of the diff_id>.erofs. A file is here only when it is complete: the
// hash of the plain tar was the diff_id and (except the demo's) it was synced. Blocking, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/compress/source.h"
#include "base/crypto/sha256.h"
#include "base/error.h"
#include "base/fd.h"
#include "runtime/content/content.h"

namespace appliance::runtime::image {

// Hashes what passes through.
class HashingSource final : public base::compress::Source {
 public:
  explicit HashingSource(base::compress::Source& in) : in_(in) {}
  Result<size_t> read(std::span<char> out) override {
    const size_t n = TRY(in_.read(out));
    hash_.update({out.data(), n});
    return n;
  }
  std::string digest() { return "sha256:" + hash_.hex(); }

 private:
  base::compress::Source& in_;
  crypto::Sha256 hash_;
};

class LayerStore {
 public:
  static Result<LayerStore> open(const std::string& data_dir, const std::string& tmp_dir);
  [[nodiscard]] bool has(const std::string& diff_id) const;
  [[nodiscard]] std::string path(const std::string& diff_id) const;
  // From the blob (plain, gzip or zstd, by its first bytes). kDataLoss when the tar's digest is another.
  Result<> create(base::Fd blob, const std::string& diff_id, uint64_t plain_bytes_max) const;
  Result<std::vector<std::string>> list() const;  // diff_ids
  Result<> remove(const std::string& diff_id) const;
  [[nodiscard]] const std::string& tmp_dir() const { return tmp_dir_; }

 private:
  LayerStore(std::string dir, std::string tmp_dir) : dir_(std::move(dir)), tmp_dir_(std::move(tmp_dir)) {}
  std::string dir_;
  std::string tmp_dir_;
};

}  // namespace appliance::runtime::image
