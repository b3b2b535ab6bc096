// A container's log: CRI lines, appended, rotated at 10 MiB into NAME.1 … NAME.4 (newest first), five files in all. A
// full disk costs lines, never the container: what cannot be written is dropped, and a torn line is ended before the
// next one.
#pragma once

#include <stdint.h>

#include <string_view>

#include "runtime/stage/log_frame.h"

namespace appliance::stage {

inline constexpr uint64_t kLogFileBytesMax = 10ULL << 20U;
inline constexpr int kLogFilesMax = 5;

class LogFile {
 public:
  // Takes the directory's descriptor. False with errno.
  bool open(int dir, const char* name);
  void close();
  void line(std::string_view stream, char kind, std::string_view content);  // buffered until flush()
  void flush();
  void stamp_now();  // the time that the next lines carry

 private:
  void rotate();
  void put(std::string_view bytes);
  int dir_ = -1;
  int fd_ = -1;
  uint64_t size_ = 0;
  bool torn_ = false;
  char name_[96] = {};
};

// One output of a container on its way to the log.
struct Stream {
  int fd = -1;
  std::string_view name;
  runtime::stage::LogFramer framer;
  char* pending = nullptr;  // 16 KiB, mapped when the stream is opened, touched when lines come in pieces

  bool open(int fd_in, std::string_view name_in);
  void close(LogFile& log);  // writes what is pending
  // Reads what is there, at most `bytes_max`; false at the end of the stream.
  bool pump(LogFile& log, size_t bytes_max);
};

}  // namespace appliance::stage
