#include "runtime/content/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/compress/source.h"
#include "base/fs.h"

namespace appliance::runtime::content {

namespace {

constexpr std::string_view kPrefix = "sha256:";

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<> sync_dir(const std::string& dir) {
  const base::Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + dir);
  if (::fsync(fd.get()) != 0) return fail_errno("sync " + dir);
  return {};
}

Error mismatch(const std::string& digest, const std::string& what, const std::string& expected,
               const std::string& got) {
  return {.code = Code::kDataLoss,
          .message = digest + ": " + what + " is " + got + ", expected " + expected,
          .errno_value = 0,
          .hint = "the source is damaged or lies; nothing was kept"};
}

}  // namespace

Result<PendingFile> PendingFile::create(const std::string& tmp_dir) {
  std::string path = tmp_dir + "/new-XXXXXX";
  base::Fd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return fail_errno("create a file in " + tmp_dir);
  return PendingFile(std::move(fd), std::move(path));
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}

PendingFile::~PendingFile() {
  if (!path_.empty()) (void)::unlink(path_.c_str());  // the next open of the store clears what stays
}

Result<> PendingFile::keep(const std::string& path, bool sync) {
  if (sync && ::fdatasync(fd_.get()) != 0) return fail_errno("sync " + path_);
  if (::rename(path_.c_str(), path.c_str()) != 0) return fail_errno("rename " + path_ + " to " + path);
  path_.clear();
  return sync ? sync_dir(parent(path)) : Result<>{};
}

Result<> BlobWriter::write(std::string_view bytes) {
  if (bytes.size() > size_ - written_) {
    return fail(mismatch(digest_, "size", std::to_string(size_) + " bytes", "larger"));
  }
  hash_.update(bytes);
  base::compress::FileSink sink(file_.fd());
  TRY_CTX(sink.write(bytes), digest_);
  written_ += bytes.size();
  return {};
}

Result<> BlobWriter::commit() {
  if (written_ != size_) {
    return fail(mismatch(digest_, "size", std::to_string(size_) + " bytes", std::to_string(written_) + " bytes"));
  }
  const std::string got = std::string(kPrefix) + hash_.hex();
  if (got != digest_) return fail(mismatch(digest_, "digest", digest_, got));
  return file_.keep(path_);
}

Result<ContentStore> ContentStore::open(const std::string& dir) {
  ContentStore out(dir);
  TRY(base::make_dirs(out.blob_dir_, 0700));
  TRY(base::remove_tree(out.tmp_dir_));
  TRY(base::make_dirs(out.tmp_dir_, 0700));
  return out;
}

std::string ContentStore::path(const std::string& digest) const {
  APP_CHECK(digest.starts_with(kPrefix) && digest.find('/') == std::string::npos);
  return blob_dir_ + '/' + digest.substr(kPrefix.size());
}

Result<BlobWriter> ContentStore::begin(const std::string& digest, uint64_t size) const {
  return BlobWriter(TRY(PendingFile::create(tmp_dir_)), digest, size, path(digest));
}

Result<> ContentStore::put(const std::string& digest, std::string_view bytes) const {
  BlobWriter writer = TRY(begin(digest, bytes.size()));
  TRY(writer.write(bytes));
  return writer.commit();
}

bool ContentStore::has(const std::string& digest) const { return ::access(path(digest).c_str(), F_OK) == 0; }

Result<std::string> ContentStore::read(const std::string& digest, size_t bytes_max) const {
  std::string bytes = TRY_CTX(base::read_file(path(digest), bytes_max), digest);
  const std::string got = std::string(kPrefix) + crypto::sha256_hex(bytes);
  if (got != digest) return fail(mismatch(digest, "digest", digest, got));
  return bytes;
}

Result<base::Fd> ContentStore::open_blob(const std::string& digest) const {
  base::Fd fd(::open(path(digest).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open blob " + digest);
  return fd;
}

Result<uint64_t> ContentStore::size(const std::string& digest) const {
  struct stat info{};
  if (::stat(path(digest).c_str(), &info) != 0) return fail_errno("blob " + digest);
  return static_cast<uint64_t>(info.st_size);
}

Result<> ContentStore::remove(const std::string& digest) const {
  if (::unlink(path(digest).c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("remove blob " + digest);
}

Result<std::vector<std::string>> ContentStore::list() const {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(blob_dir_, error)) {
    out.push_back(std::string(kPrefix) + entry.path().filename().string());
  }
  if (error) return fail(Code::kInternal, "list " + blob_dir_ + ": " + error.message());
  return out;
}

}  // namespace appliance::runtime::content
