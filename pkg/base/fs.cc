#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/fd.h"
#include "base/strings.h"

namespace appliance::base {
namespace {

constexpr size_t kZeroBlock = 1U << 20U;  // allocate() writes this much at once

Result<> pwrite_all(int fd, const std::string& path, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write " + path);
    if (n == 0) return fail_errno("write " + path, ENOSPC);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

class RealFile final : public File {
 public:
  RealFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("read " + path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }
  Result<> write_at(uint64_t offset, std::string_view bytes) override {
    return pwrite_all(fd_.get(), path_, offset, bytes);
  }
  Result<> sync() override {
    if (::fdatasync(fd_.get()) != 0) return fail_errno("fdatasync " + path_);
    return {};
  }
  Result<> truncate(uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail_errno("truncate " + path_);
    return {};
  }
  Result<> allocate(uint64_t size) override {
    static const std::string zeros(kZeroBlock, '\0');
    for (uint64_t at = TRY(this->size()); at < size;) {
      const uint64_t n = std::min<uint64_t>(kZeroBlock, size - at);
      TRY(write_at(at, std::string_view(zeros).substr(0, n)));
      at += n;
    }
    return {};
  }
  Result<uint64_t> size() override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return fail_errno("stat " + path_);
    return static_cast<uint64_t>(info.st_size);
  }

 private:
  Fd fd_;
  std::string path_;
};

class RealLock final : public FileLock {
 public:
  explicit RealLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

class RealFs final : public Fs {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override {
    int flags = O_CLOEXEC | (options.write ? O_RDWR : O_RDONLY);
    if (options.create) flags |= O_CREAT;
    if (options.create && options.exclusive) flags |= O_EXCL;
    if (options.truncate) flags |= O_TRUNC;
    Fd fd(::open(path.c_str(), flags, options.mode));
    if (!fd) return fail_errno("open " + path);
    return std::make_unique<RealFile>(std::move(fd), path);
  }

  Result<std::vector<std::string>> list(const std::string& dir) override {
    DIR* handle = ::opendir(dir.c_str());  // glibc opens it O_CLOEXEC
    if (handle == nullptr) return fail_errno("list " + dir);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(handle)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(handle);
    if (error != 0) return fail_errno("list " + dir, error);
    std::ranges::sort(names);
    return names;
  }

  Result<> make_dirs(const std::string& dir, unsigned mode) override { return base::make_dirs(dir, mode); }

  Result<> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to " + to);
    return {};
  }
  Result<> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail_errno("remove " + path);
    return {};
  }
  Result<> sync_dir(const std::string& dir) override {
    const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_errno("open folder " + dir);
    if (::fsync(fd.get()) != 0) return fail_errno("fsync " + dir);
    return {};
  }
  Result<bool> exists(const std::string& path) override {
    struct stat info{};
    if (::lstat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT) return false;
    return fail_errno("stat " + path);
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) return fail_errno("open " + path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return fail_errno("lock " + path);
      return fail(in_use(fd.get(), path));
    }
    // The pid is for people only: the lock itself is the kernel's. A full disk must not keep a server from starting.
    if (::ftruncate(fd.get(), 0) == 0) (void)pwrite_all(fd.get(), path, 0, std::to_string(::getpid()) + "\n");
    return std::make_unique<RealLock>(std::move(fd));
  }

 private:
  static Error in_use(int fd, const std::string& path) {
    std::array<char, 32> text{};
    const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view pid = trim(std::string_view(text.data(), n > 0 ? static_cast<size_t>(n) : 0));
    std::string holder = pid.empty() ? "another process" : "process " + std::string(pid);
    return Error{.code = Code::kFailedPrecondition,
                 .message = path + " is in use by " + holder,
                 .errno_value = EWOULDBLOCK,
                 .hint = "stop " + holder + " first, or give this server a data folder of its own"};
  }
};

}  // namespace

std::unique_ptr<Fs> make_real_fs() { return std::make_unique<RealFs>(); }

}  // namespace appliance::base
