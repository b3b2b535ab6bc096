// Error and Result: how every module of appliance reports what can go wrong.
//
//   Result<Bytes> read_segment(Fs& fs, std::string_view path) {
//     auto file = TRY(fs.open(path, kRead));
//     return TRY_CTX(file->read_all(), "segment " + std::string(path));
//   }
//
// `Code` is the gRPC code set; one table (net/http/status.h and orchestrator/api/status.h) maps it to HTTP status and
// Kubernetes reason. Errors are values: they copy, compare and carry the chain of contexts in `message`, outermost
// first: `pull nginx: GET blobs/sha256:..: 401`. What cannot happen is an APP_CHECK (check.h), never an Error.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace appliance {

enum class Code : unsigned char {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,  // lost a race: read again and retry
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

std::string_view code_name(Code code);

struct Error {
  Code code = Code::kUnknown;
  std::string message;  // "what: why", lower case, no final full stop
  int errno_value = 0;  // 0 when no system call was involved
  std::string hint;     // what a person can do about it; may be empty

  // The same error with the caller's context in front.
  [[nodiscard]] Error wrap(std::string_view context) const& {
    Error out = *this;
    out.message = std::string(context) + ": " + message;
    return out;
  }
  [[nodiscard]] Error with_hint(std::string text) && {
    hint = std::move(text);
    return std::move(*this);
  }
  friend bool operator==(const Error&, const Error&) = default;
};

// Error of a failed system call: `what: strerror`, with the Code that fits the errno.
Error errno_error(std::string_view what, int errno_value = errno);

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message), .errno_value = 0, .hint = {}});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }
inline std::unexpected<Error> fail_errno(std::string_view what, int errno_value = errno) {
  return std::unexpected(errno_error(what, errno_value));
}

}  // namespace appliance

// TRY(expr): the value of a Result, or return its error from this function. TRY_CTX adds context. Not inside
// coroutines.
#define TRY(expr)                                                           \
  ({                                                                        \
    auto&& app_try_ = (expr);                                               \
    if (!app_try_) return ::std::unexpected(::std::move(app_try_).error()); \
    ::std::move(app_try_).value();                                          \
  })
#define TRY_CTX(expr, context)                                               \
  ({                                                                         \
    auto&& app_try_ = (expr);                                                \
    if (!app_try_) return ::std::unexpected(app_try_.error().wrap(context)); \
    ::std::move(app_try_).value();                                           \
  })
