// Byte streams: where bytes come from and where they go, one piece at a time, so that a layer of any size passes
// through a buffer of fixed size. Archives and (de)compressors are stacked on these.
//
//   FileSource file(std::move(fd));
//   auto plain = TRY(compress::decompress(file, {.total_bytes_max = 1U << 30U}));
//   while (size_t n = TRY(plain->read(buffer))) ...
//
// Not thread-safe: one reader at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::base::compress {

class Source {
 public:
  virtual ~Source() = default;
  // At least one byte unless the stream has ended (0) or `out` is empty. An error is final.
  virtual Result<size_t> read(std::span<char> out) = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<> write(std::string_view bytes) = 0;  // all or an error
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : rest_(bytes) {}  // borrows
  Result<size_t> read(std::span<char> out) override;

 private:
  std::string_view rest_;
};

class FileSource final : public Source {
 public:
  explicit FileSource(Fd fd) : fd_(std::move(fd)) {}
  static Result<FileSource> open(const std::string& path);
  Result<size_t> read(std::span<char> out) override;
  FileSource(FileSource&&) = default;

 private:
  Fd fd_;
};

class StringSink final : public Sink {
 public:
  Result<> write(std::string_view bytes) override;
  std::string text;
};

class FileSink final : public Sink {
 public:
  explicit FileSink(int fd) : fd_(fd) {}  // borrows
  Result<> write(std::string_view bytes) override;

 private:
  int fd_;
};

// Reads until `out` is full or the stream ends; the count read.
Result<size_t> read_full(Source& source, std::span<char> out);
// The whole stream; kResourceExhausted when it is longer than bytes_max.
Result<std::string> read_all(Source& source, size_t bytes_max);
// Reads and forgets the rest, so that a hash below sees every byte.
Result<> drain(Source& source);

}  // namespace appliance::base::compress
