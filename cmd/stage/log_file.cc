#include "stage/log_file.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "stage/sys.h"

namespace appliance::stage {
namespace {

using runtime::stage::kLogChunkBytes;
using runtime::stage::kLogStampBytes;

// Shared by all streams of the pod: a read is framed and written before the next one.
constexpr size_t kReadBytes = 64UL * 1024;
constexpr size_t kOutBytes = 128UL * 1024;
char read_buffer[kReadBytes];
char out_buffer[kOutBytes];
size_t out_bytes = 0;
char stamp[kLogStampBytes];

}  // namespace

bool LogFile::open(int dir, const char* name) {
  dir_ = dir;
  if (strlen(name) >= sizeof name_ - 3) {
    errno = ENAMETOOLONG;
    return false;
  }
  memcpy(name_, name, strlen(name) + 1);
  fd_ = openat(dir_, name_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  struct stat st;
  if (fd_ < 0 || fstat(fd_, &st) != 0) return false;
  size_ = static_cast<uint64_t>(st.st_size);
  return true;
}

void LogFile::close() {
  flush();
  close_fd(fd_);
  close_fd(dir_);
}

void LogFile::stamp_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  runtime::stage::format_log_stamp(now.tv_sec, static_cast<uint32_t>(now.tv_nsec), stamp);
}

void LogFile::put(std::string_view bytes) {
  memcpy(out_buffer + out_bytes, bytes.data(), bytes.size());
  out_bytes += bytes.size();
}

void LogFile::line(std::string_view stream, char kind, std::string_view content) {
  if (out_bytes + kLogStampBytes + content.size() + 16 > kOutBytes) flush();
  put({stamp, kLogStampBytes});
  put(" ");
  put(stream);
  const char tag[] = {' ', kind, ' '};
  put({tag, sizeof tag});
  put(content);
  put("\n");
  // A line is never cut by a rotation; its P pieces may be in two files.
  if (size_ + out_bytes >= kLogFileBytesMax) {
    flush();
    rotate();
  }
}

void LogFile::flush() {
  std::string_view rest(out_buffer, out_bytes);
  out_bytes = 0;
  if (fd_ < 0 || rest.empty()) return;
  if (torn_ && write(fd_, "\n", 1) == 1) torn_ = false;
  if (torn_) return;
  while (!rest.empty()) {
    const ssize_t n = write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return;  // a full disk: these lines are lost, the container runs on
    size_ += static_cast<uint64_t>(n);
    torn_ = rest[static_cast<size_t>(n) - 1] != '\n';
    rest.remove_prefix(static_cast<size_t>(n));
  }
}

void LogFile::rotate() {
  Text<128> from;
  Text<128> to;
  for (int i = kLogFilesMax - 1; i >= 1; --i) {
    from.clear();
    to.clear();
    from.add(name_);
    if (i > 1) from.add(".").add(static_cast<long>(i - 1));
    to.add(name_).add(".").add(static_cast<long>(i));
    (void)renameat(dir_, from.c_str(), dir_, to.c_str());  // absent at first
  }
  const int fresh = openat(dir_, name_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fresh < 0) return;  // we go on in the renamed file, and try again with its next line
  close_fd(fd_);
  fd_ = fresh;
  size_ = 0;
  torn_ = false;
}

bool Stream::open(int fd_in, std::string_view name_in) {
  void* at = mmap(nullptr, kLogChunkBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return false;
  fd = fd_in;
  name = name_in;
  pending = static_cast<char*>(at);
  framer = runtime::stage::LogFramer(pending);
  return true;
}

void Stream::close(LogFile& log) {
  if (fd < 0) return;
  log.stamp_now();
  framer.finish([&](char kind, std::string_view content) { log.line(name, kind, content); });
  log.flush();
  munmap(pending, kLogChunkBytes);
  pending = nullptr;
  close_fd(fd);
}

bool Stream::pump(LogFile& log, size_t bytes_max) {
  size_t done = 0;
  while (fd >= 0 && done < bytes_max) {
    const ssize_t n = read(fd, read_buffer, kReadBytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;  // also EIO: the last user of a terminal is gone
    log.stamp_now();
    framer.feed({read_buffer, static_cast<size_t>(n)},
                [&](char kind, std::string_view content) { log.line(name, kind, content); });
    log.flush();
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace appliance::stage
