#include "base/compress/compress.h"

#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace appliance::base::compress {

namespace {

constexpr size_t kInputBytes = 128U << 10U;
constexpr int kZstdWindowLogMax = 27;  // 128 MiB: what `zstd --ultra` needs; larger windows are an attack on memory

// Counts both sides of a decompressor and ends it when a limit is passed.
class Meter {
 public:
  explicit Meter(Limits limits) : limits_(limits) {}
  void took(size_t n) { in_ += n; }
  Result<> gave(size_t n) {
    out_ += n;
    if (out_ > limits_.total_bytes_max) {
      return fail(Code::kResourceExhausted,
                  "expands to more than " + std::to_string(limits_.total_bytes_max) + " bytes");
    }
    if (out_ > limits_.ratio_free_bytes && out_ / limits_.ratio_max > in_) {
      return fail(Code::kResourceExhausted,
                  "expands more than " + std::to_string(limits_.ratio_max) + " to 1: refused as a bomb");
    }
    return {};
  }

 private:
  Limits limits_;
  uint64_t in_ = 0;
  uint64_t out_ = 0;
};

// The input side that all formats share: bytes already read (`head`), then the source.
class Input {
 public:
  Input(Source& in, std::string_view head) : in_(in), buffer_(std::max(kInputBytes, head.size())), size_(head.size()) {
    std::ranges::copy(head, buffer_.begin());
  }
  Result<> refill() {  // only when empty
    begin_ = 0;
    size_ = TRY(in_.read(buffer_));
    if (size_ == 0) ended_ = true;
    return {};
  }
  [[nodiscard]] std::string_view rest() const { return {buffer_.data() + begin_, size_ - begin_}; }
  void take(size_t n) { begin_ += n; }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Source& in_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t size_;
  bool ended_ = false;
};

class PlainStream final : public Source {
 public:
  PlainStream(Source& in, Limits limits, std::string_view head) : input_(in, head), meter_(limits) {}
  Result<size_t> read(std::span<char> out) override {
    if (input_.rest().empty() && !input_.ended()) TRY(input_.refill());
    const std::string_view rest = input_.rest();
    const size_t n = std::min(out.size(), rest.size());
    std::copy_n(rest.data(), n, out.data());
    input_.take(n);
    meter_.took(n);
    TRY(meter_.gave(n));
    return n;
  }

 private:
  Input input_;
  Meter meter_;
};

class GzipStream final : public Source {
 public:
  GzipStream(Source& in, Limits limits, std::string_view head) : input_(in, head), meter_(limits) {
    APP_CHECK(inflateInit2(&z_, 15 + 16) == Z_OK);  // 16: the gzip wrapper
  }
  ~GzipStream() override { inflateEnd(&z_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<size_t> read(std::span<char> out) override {
    if (out.empty()) return 0;
    while (true) {
      if (input_.rest().empty() && !input_.ended()) TRY(input_.refill());
      if (input_.rest().empty()) {
        if (between_members_) return 0;
        return fail(Code::kDataLoss, "gzip: the stream is cut short");
      }
      if (between_members_ && !another_member()) {
        input_.take(input_.rest().size());  // padding after the last member, as gzip(1) ignores it
        continue;
      }
      const size_t n = TRY(inflate_some(out));
      if (n > 0) return n;
    }
  }

 private:
  [[nodiscard]] bool another_member() const {
    return !seen_member_ || static_cast<unsigned char>(input_.rest()[0]) == 0x1f;
  }

  Result<size_t> inflate_some(std::span<char> out) {
    const std::string_view rest = input_.rest();
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    z_.avail_in = static_cast<uInt>(rest.size());
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    const size_t room = std::min<size_t>(out.size(), 1U << 30U);
    z_.avail_out = static_cast<uInt>(room);
    between_members_ = false;
    const int status = inflate(&z_, Z_NO_FLUSH);
    const size_t taken = rest.size() - z_.avail_in;
    input_.take(taken);
    meter_.took(taken);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return fail(Code::kDataLoss, std::string("gzip: ") + (z_.msg != nullptr ? z_.msg : "damaged"));
    }
    if (status == Z_STREAM_END) {
      inflateReset(&z_);
      seen_member_ = between_members_ = true;
    }
    const size_t made = room - z_.avail_out;
    TRY(meter_.gave(made));
    return made;
  }

  Input input_;
  Meter meter_;
  z_stream z_{};
  bool seen_member_ = false;
  bool between_members_ = true;
};

class ZstdStream final : public Source {
 public:
  ZstdStream(Source& in, Limits limits, std::string_view head)
      : input_(in, head), meter_(limits), z_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    APP_CHECK(z_ != nullptr);
    APP_CHECK(ZSTD_isError(ZSTD_DCtx_setParameter(z_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax)) == 0);
  }

  Result<size_t> read(std::span<char> out) override {
    if (out.empty()) return 0;
    while (true) {
      if (input_.rest().empty() && !input_.ended()) TRY(input_.refill());
      const std::string_view rest = input_.rest();
      if (rest.empty() && frame_done_) return 0;
      ZSTD_inBuffer from{rest.data(), rest.size(), 0};
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      const size_t status = ZSTD_decompressStream(z_.get(), &to, &from);
      if (ZSTD_isError(status) != 0) return fail(Code::kDataLoss, std::string("zstd: ") + ZSTD_getErrorName(status));
      input_.take(from.pos);
      meter_.took(from.pos);
      frame_done_ = status == 0;
      TRY(meter_.gave(to.pos));
      if (to.pos > 0) return to.pos;
      if (rest.empty() && !frame_done_) return fail(Code::kDataLoss, "zstd: the stream is cut short");
    }
  }

 private:
  Input input_;
  Meter meter_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> z_;
  bool frame_done_ = true;
};

}  // namespace

Format detect(std::string_view head) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(head[i]); };
  if (head.size() >= 2 && byte(0) == 0x1f && byte(1) == 0x8b) return Format::kGzip;
  if (head.size() < 4) return Format::kNone;
  const uint32_t magic = byte(0) | byte(1) << 8U | byte(2) << 16U | static_cast<uint32_t>(byte(3)) << 24U;
  if (magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START)
    return Format::kZstd;
  return Format::kNone;
}

std::unique_ptr<Source> decompress_as(Format format, Source& in, Limits limits, std::string_view head) {
  switch (format) {
    case Format::kGzip:
      return std::make_unique<GzipStream>(in, limits, head);
    case Format::kZstd:
      return std::make_unique<ZstdStream>(in, limits, head);
    case Format::kNone:
      break;
  }
  return std::make_unique<PlainStream>(in, limits, head);
}

Result<std::unique_ptr<Source>> decompress(Source& in, Limits limits) {
  char head[4];
  const size_t n = TRY(read_full(in, head));
  const std::string_view seen(head, n);
  return decompress_as(detect(seen), in, limits, seen);
}

Result<std::string> gunzip(std::string_view bytes, size_t bytes_max) {
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> z(libdeflate_alloc_decompressor(),
                                                                                       &libdeflate_free_decompressor);
  APP_CHECK(z != nullptr);
  std::string out;
  size_t done = 0;
  size_t room = std::min(bytes_max, std::max<size_t>(bytes.size() * 4, 4096));
  while (!bytes.empty()) {
    out.resize(done + room);
    size_t taken = 0;
    size_t made = 0;
    const auto status =
        libdeflate_gzip_decompress_ex(z.get(), bytes.data(), bytes.size(), out.data() + done, room, &taken, &made);
    if (status == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (done + room >= bytes_max) {
        return fail(Code::kResourceExhausted, "expands to more than " + std::to_string(bytes_max) + " bytes");
      }
      room = std::min(room * 2, bytes_max - done);
      continue;
    }
    if (status != LIBDEFLATE_SUCCESS) return fail(Code::kDataLoss, "gzip: damaged or cut short");
    bytes.remove_prefix(taken);
    done += made;
    room = std::min(room, bytes_max - done);
  }
  out.resize(done);
  return out;
}

std::string gzip(std::string_view bytes, int level) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> z(libdeflate_alloc_compressor(level),
                                                                                   &libdeflate_free_compressor);
  APP_CHECK(z != nullptr);
  std::string out(libdeflate_gzip_compress_bound(z.get(), bytes.size()), '\0');
  const size_t n = libdeflate_gzip_compress(z.get(), bytes.data(), bytes.size(), out.data(), out.size());
  APP_CHECK(n > 0);
  out.resize(n);
  return out;
}

}  // namespace appliance::base::compress
