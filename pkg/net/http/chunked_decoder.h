// Takes the chunked transfer coding off a request's body (RFC 9112 section 7.1), strictly:
//
//   chunk = 1*15HEXDIG [ ";" extension ] CRLF data CRLF      last = "0" ... CRLF *trailer CRLF
//
// Extensions and trailers are dropped; both are bounded. Our own, because Beast's (1.81) asserts on a final chunk that
// comes byte by byte. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appliance::net::http {

constexpr size_t kChunkExtensionBytesMax = 4096;  // of all chunks together; nobody uses them but attackers
constexpr size_t kTrailerBytesMax = 8192;

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(size_t body_bytes_max) : room_(body_bytes_max) {}

  enum class State : unsigned char { kMore, kDone, kMalformed, kTooBig };
  // Appends decoded bytes to `body`; says how much was taken: everything, unless the state is another than kMore
  // afterwards.
  size_t feed(std::string_view bytes, std::string& body);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const char* reason() const { return reason_; }

 private:
  enum class Step : unsigned char {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf
  };
  void step(char c);
  void on_size(char c);
  void on_trailer(char c);
  void malformed(const char* reason);

  State state_ = State::kMore;
  Step step_ = Step::kSize;
  const char* reason_ = "";
  size_t room_;
  uint64_t chunk_left_ = 0;
  int digits_ = 0;
  size_t extension_bytes_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace appliance::net::http
