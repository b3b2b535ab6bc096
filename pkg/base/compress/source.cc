#include "base/compress/source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace appliance::base::compress {

namespace {
constexpr size_t kCopyBytes = 64U << 10U;
}

Result<size_t> MemorySource::read(std::span<char> out) {
  const size_t n = std::min(out.size(), rest_.size());
  std::copy_n(rest_.data(), n, out.data());
  rest_.remove_prefix(n);
  return n;
}

Result<FileSource> FileSource::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path);
  return FileSource(std::move(fd));
}

Result<size_t> FileSource::read(std::span<char> out) {
  while (true) {
    const ssize_t n = ::read(fd_.get(), out.data(), out.size());
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return fail_errno("read");
  }
}

Result<> StringSink::write(std::string_view bytes) {
  text.append(bytes);
  return {};
}

Result<> FileSink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<size_t> read_full(Source& source, std::span<char> out) {
  size_t done = 0;
  while (done < out.size()) {
    const size_t n = TRY(source.read(out.subspan(done)));
    if (n == 0) break;
    done += n;
  }
  return done;
}

Result<std::string> read_all(Source& source, size_t bytes_max) {
  std::string out;
  std::vector<char> piece(kCopyBytes);
  while (true) {
    const size_t n = TRY(source.read(piece));
    if (n == 0) return out;
    if (n > bytes_max - out.size()) {
      return fail(Code::kResourceExhausted, "longer than " + std::to_string(bytes_max) + " bytes");
    }
    out.append(piece.data(), n);
  }
}

Result<> drain(Source& source) {
  std::vector<char> piece(kCopyBytes);
  while (TRY(source.read(piece)) > 0) {
  }
  return {};
}

}  // namespace appliance::base::compress
