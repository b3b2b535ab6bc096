// System calls that musl 1.2.3 has no function for, and small things that every file of stage uses. Errors are errno.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/openat2.h>
#include <string_view>

namespace appliance::stage {

struct CloneArgs {  // struct clone_args of linux/sched.h, which musl's sched.h clashes with
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};
inline constexpr uint64_t kClonePidfd = 0x1000;
inline constexpr uint64_t kCloneIntoCgroup = 0x200000000ULL;

// As fork(): returns twice.
inline pid_t clone3(const CloneArgs& args) { return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args)); }

inline int openat2(int dir, const char* path, int flags, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, dir, path, &how, sizeof how));
}

struct MountAttr {  // struct mount_attr of linux/mount.h
  uint64_t attr_set, attr_clr, propagation, userns_fd;
};
inline constexpr unsigned kAttrRdonly = 1, kAttrNosuid = 2, kAttrNodev = 4, kAttrNoexec = 8;
inline constexpr unsigned kTreeClone = 1, kTreeCloexec = O_CLOEXEC;
inline constexpr unsigned kRecursive = 0x8000;                // AT_RECURSIVE
inline constexpr unsigned kEmptyPath = 0x1000;                // AT_EMPTY_PATH
inline constexpr unsigned kFromEmpty = 0x4, kToEmpty = 0x40;  // MOVE_MOUNT_{F,T}_EMPTY_PATH
enum FsConfig : unsigned { kSetFlag = 0, kSetString = 1, kCreate = 6 };

inline int open_tree(int dir, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, dir, path, flags | kTreeCloexec));
}
inline int move_mount(int from, int to) {
  return static_cast<int>(syscall(SYS_move_mount, from, "", to, "", kFromEmpty | kToEmpty));
}
inline int fsopen(const char* type) { return static_cast<int>(syscall(SYS_fsopen, type, 1U)); }
inline int fsconfig(int fd, unsigned command, const char* key, const char* value) {
  return static_cast<int>(syscall(SYS_fsconfig, fd, command, key, value, 0));
}
inline int fsmount(int fd, unsigned attributes) { return static_cast<int>(syscall(SYS_fsmount, fd, 1U, attributes)); }
inline int mount_setattr(int dir, const char* path, unsigned flags, const MountAttr& attr) {
  return static_cast<int>(syscall(SYS_mount_setattr, dir, path, flags, &attr, sizeof attr));
}
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(syscall(SYS_close_range, first, last, flags));
}
inline constexpr unsigned kCloseRangeCloexec = 4;
inline int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

inline void close_fd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}
// Writes a small file in one go; false with errno.
inline bool write_at(int dir, const char* path, std::string_view text) {
  const int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int saved = errno;
  close(fd);
  errno = saved;
  return done;
}

// A text that grows in a fixed buffer and is cut at its end: for messages and short paths.
template <size_t N>
class Text {
 public:
  Text& add(std::string_view part) {
    const size_t n = part.size() < N - 1 - size_ ? part.size() : N - 1 - size_;
    if (n < part.size()) cut_ = true;
    memcpy(data_ + size_, part.data(), n);
    size_ += n;
    data_[size_] = '\0';
    return *this;
  }
  Text& add(long value) {
    char digits[24];
    char* at = digits + sizeof digits;
    const bool negative = value < 0;
    auto rest = negative ? 0UL - static_cast<unsigned long>(value) : static_cast<unsigned long>(value);
    do *--at = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (negative) *--at = '-';
    return add(std::string_view(at, static_cast<size_t>(digits + sizeof digits - at)));
  }
  void clear() { data_[size_ = 0] = '\0'; }
  [[nodiscard]] const char* c_str() const { return data_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  char data_[N] = {};
  size_t size_ = 0;
  bool cut_ = false;
};

// "123" -> 123; false on anything else (sign, blank, more than 2^31-1).
inline bool parse_id(std::string_view text, uint32_t& out) {
  if (text.empty() || text.size() > 10) return false;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value > 0x7fffffff) return false;
  out = static_cast<uint32_t>(value);
  return true;
}

}  // namespace appliance::stage
