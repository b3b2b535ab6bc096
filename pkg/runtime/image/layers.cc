#include "runtime/image/layers.h"

#include <unistd.h>

#include <filesystem>

#include "base/compress/compress.h"
#include "base/fs.h"
#include "runtime/oci/digest.h"
#include "runtime/snapshot/layer.h"

namespace appliance::runtime::image {

namespace {
constexpr std::string_view kSuffix = ".erofs";
}

Result<LayerStore> LayerStore::open(const std::string& data_dir, const std::string& tmp_dir) {
  LayerStore out(data_dir + "/layers", tmp_dir);
  TRY(base::make_dirs(out.dir_, 0700));
  return out;
}

std::string LayerStore::path(const std::string& diff_id) const {
  return dir_ + '/' + std::string(oci::digest_hex(diff_id)) + std::string(kSuffix);
}

bool LayerStore::has(const std::string& diff_id) const { return ::access(path(diff_id).c_str(), F_OK) == 0; }

Result<> LayerStore::create(base::Fd blob, const std::string& diff_id, uint64_t plain_bytes_max) const {
  const std::string what = "unpack layer " + diff_id;
  base::compress::FileSource file(std::move(blob));
  const auto plain = TRY_CTX(base::compress::decompress(file, {.total_bytes_max = plain_bytes_max}), what);
  HashingSource hashed(*plain);
  auto image = TRY(content::PendingFile::create(tmp_dir_));
  TRY_CTX(snapshot::write_layer(hashed, image.fd()), what);
  const std::string got = hashed.digest();
  if (got != diff_id) {
    return fail(Code::kDataLoss, what + ": the contents are " + got + ", not what the image's configuration says");
  }
  return image.keep(path(diff_id));
}

Result<std::vector<std::string>> LayerStore::list() const {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir_, error)) {
    out.push_back("sha256:" + entry.path().stem().string());
  }
  if (error) return fail(Code::kInternal, "list " + dir_ + ": " + error.message());
  return out;
}

Result<> LayerStore::remove(const std::string& diff_id) const {
  if (::unlink(path(diff_id).c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("remove layer " + diff_id);
}

}  // namespace appliance::runtime::image
