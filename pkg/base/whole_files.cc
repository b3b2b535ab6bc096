// The whole-file helpers of fs.h: plain system calls, for small documents.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>

#include "base/fd.h"
#include "base/fs.h"

namespace appliance::base {
namespace {

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write " + path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// The folder `name` below `parent`, when it is a real folder on device `device`; errno says why not.
Fd open_child_dir(int parent, const char* name) {
  return Fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Empties the folder behind `dir`. Entries on another device are left and reported at the end.
Result<> remove_entries(Fd dir, dev_t device, const std::string& path) {
  DIR* handle = ::fdopendir(dir.get());
  if (handle == nullptr) return fail_errno("list " + path);
  (void)dir.release();  // closedir closes it
  struct Closer {
    DIR* handle;
    ~Closer() { ::closedir(handle); }
  } const closer{handle};
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int fd = ::dirfd(handle);
  for (const std::string& name : names) {
    const std::string full = path + '/' + name;
    struct stat info{};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return fail_errno("stat " + full);
    }
    if (!S_ISDIR(info.st_mode)) {
      if (::unlinkat(fd, name.c_str(), 0) != 0 && errno != ENOENT) return fail_errno("remove " + full);
      continue;
    }
    if (info.st_dev != device) return fail_errno("remove " + full + ": another file system is mounted there", EBUSY);
    Fd child = open_child_dir(fd, name.c_str());
    if (!child) return fail_errno("open folder " + full);
    TRY(remove_entries(std::move(child), device, full));
    if (::unlinkat(fd, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return fail_errno("remove " + full);
  }
  return {};
}

Result<> write_new(const std::string& path, std::string_view bytes, unsigned mode, bool sync) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return fail_errno("open " + path);
  TRY(write_all(fd.get(), path, bytes));
  if (sync && ::fchmod(fd.get(), mode) != 0) return fail_errno("chmod " + path);  // past the umask
  if (sync && ::fsync(fd.get()) != 0) return fail_errno("fsync " + path);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path);
  std::string out;
  size_t used = 0;
  for (;;) {  // sizes of /proc and /sys files are not known before
    if (used == out.size()) out.resize(out.empty() ? 4096 : out.size() * 2);
    const ssize_t n = ::read(fd.get(), out.data() + used, out.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read " + path);
    if (n == 0) break;
    used += static_cast<size_t>(n);
    if (used > bytes_max) {
      return fail(Code::kResourceExhausted, "read " + path + ": larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
  out.resize(used);
  return out;
}

Result<> write_file(const std::string& path, std::string_view bytes, unsigned mode) {
  return write_new(path, bytes, mode, false);
}

Result<> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  static std::atomic<unsigned> counter{0};  // several threads may write the same path
  const std::string temporary = path + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(++counter);
  if (Result<> written = write_new(temporary, bytes, mode, true); !written) {
    (void)::unlink(temporary.c_str());  // best effort: the error that matters is the first
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    (void)::unlink(temporary.c_str());
    return fail_errno("rename to " + path, error);
  }
  const std::string dir = parent_of(path);
  const Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("open folder " + dir);
  if (::fsync(fd.get()) != 0) return fail_errno("fsync " + dir);
  return {};
}

Result<> make_dirs(const std::string& path, unsigned mode) {
  if (path.empty()) return fail(Code::kInvalidArgument, "make folder: the path is empty");
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), mode) != 0) {
      const int error = errno;
      struct stat info{};
      // A read-only or foreign parent that exists is no obstacle: only what is missing is made.
      if (::stat(part.c_str(), &info) != 0) return fail_errno("make folder " + part, error);
      if (!S_ISDIR(info.st_mode)) return fail_errno("make folder " + part, ENOTDIR);
    }
    if (at == std::string::npos) return {};
  }
}

Result<> remove_tree(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("stat " + path);
  }
  if (!S_ISDIR(info.st_mode)) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
    return {};
  }
  Fd dir = open_child_dir(AT_FDCWD, path.c_str());
  if (!dir) return fail_errno("open folder " + path);
  TRY(remove_entries(std::move(dir), info.st_dev, path));
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path);
  return {};
}

}  // namespace appliance::base
