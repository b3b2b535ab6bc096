// The bytes of one HTTP/1.x request become a Request, or a refusal. No I/O, no clock: this is what the fuzzer drives.
//
//   RequestParser parser({.header_bytes_max = 32 * 1024, .body_bytes_max = 3 * 1024 * 1024});
//   buffer.erase(0, parser.feed(buffer));                  // until state() is kDone or kFailed
//
// Beast parses the header; in front of it stands a stricter check of its bytes, because what one parser forgives
// another reads differently, and that difference is request smuggling (RFC 9112 section 11.2): bare CR or LF, control
// characters, folded lines, blanks before the colon, more than one Content-Length, Transfer-Encoding beside
// Content-Length, in HTTP/1.0 or other than "chunked", none or several Host.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace appliance::net::http {

constexpr size_t kHeaderFieldsMax = 100;  // kubectl sends 8; more is a flood
constexpr size_t kTargetBytesMax = 16U * 1024;

struct Refusal {
  int status = 0;  // 400, 413, 417, 431
  std::string reason;
};

class RequestParser {
 public:
  struct Limits {
    size_t header_bytes_max = 32U * 1024;
    size_t body_bytes_max = 3U * 1024 * 1024;
  };
  enum class State : unsigned char { kHeader, kBody, kDone, kFailed };

  explicit RequestParser(Limits limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Takes what it can use and says how much; the rest must be offered again, with more behind it. Nothing behind the
  // end of this request is taken.
  size_t feed(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  [[nodiscard]] bool begun() const;             // at least one byte of the header was taken
  [[nodiscard]] bool expects_continue() const;  // valid from kBody on
  [[nodiscard]] bool keep_alive() const;        // valid from kBody on
  [[nodiscard]] bool http_1_0() const;          // valid from kBody on
  Request take();                               // in kDone

 private:
  struct Core;
  size_t feed_header(std::string_view bytes);
  size_t feed_body(std::string_view bytes);
  void finish_header();
  void begin_body();
  void refuse_body();
  void refuse(int status, std::string reason);

  std::unique_ptr<Core> core_;
  State state_ = State::kHeader;
  Refusal refusal_;
};

}  // namespace appliance::net::http
