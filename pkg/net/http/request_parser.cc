#include "net/http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/strings.h"
#include "net/http/chunked_decoder.h"
#include "net/http/head_check.h"

namespace appliance::net::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

constexpr uint64_t kReserveBytesMax = 64U * 1024;  // a length that is only announced gets no more memory than this

// Beast's events become the head of a Request. The body is ours: a body that Beast is told to skip has no limit.
class HeadEvents final : public beast::http::basic_parser<true> {
 public:
  HeadEvents() {
    header_limit(std::numeric_limits<uint32_t>::max());  // counted by ourselves, before the bytes come here
    body_limit(boost::none);
    skip(true);
  }
  Request request;
  bool http_1_0 = false;

 private:
  using Text = beast::string_view;
  void on_request_impl(beast::http::verb, Text method, Text target, int version, ErrorCode&) override {
    http_1_0 = version == 10;
    request.method = method;
    request.target = target;
  }
  void on_field_impl(beast::http::field, Text name, Text value, ErrorCode&) override {
    request.headers.add(std::string(name), std::string(value));
  }
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(boost::optional<uint64_t> const&, ErrorCode&) override {}
  size_t on_body_impl(Text bytes, ErrorCode&) override { return bytes.size(); }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, Text bytes, ErrorCode&) override { return bytes.size(); }
  void on_finish_impl(ErrorCode&) override {}
};

}  // namespace

struct RequestParser::Core {
  explicit Core(Limits given) : limits(given) {}
  const Limits limits;
  std::string head;  // raw bytes of the header so far
  bool empty_line_passed = false;
  HeadEvents events;
  bool expects_continue = false;
  std::optional<ChunkedDecoder> chunked;
  size_t body_left = 0;  // of Content-Length
};

RequestParser::RequestParser(Limits limits) : core_(std::make_unique<Core>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

bool RequestParser::begun() const { return !core_->head.empty(); }
bool RequestParser::expects_continue() const { return core_->expects_continue; }
bool RequestParser::keep_alive() const { return core_->events.keep_alive(); }
bool RequestParser::http_1_0() const { return core_->events.http_1_0; }

void RequestParser::refuse(int status, std::string reason) {
  state_ = State::kFailed;
  refusal_ = {.status = status, .reason = std::move(reason)};
}

size_t RequestParser::feed(std::string_view bytes) {
  size_t taken = 0;
  if (state_ == State::kHeader) taken = feed_header(bytes);
  if (state_ == State::kBody) taken += feed_body(bytes.substr(taken));
  return taken;
}

size_t RequestParser::feed_header(std::string_view bytes) {
  std::string& head = core_->head;
  size_t taken = 0;
  // RFC 9112 section 2.2: an empty line before the request line is passed over. One, not a flood of them.
  if (head.empty() && !core_->empty_line_passed && bytes.starts_with('\r')) {
    if (bytes.size() == 1) return 0;
    if (bytes[1] == '\n') taken = 2;
    core_->empty_line_passed = true;
  }
  for (; taken < bytes.size(); ++taken) {
    const char next = bytes[taken];
    if (!valid_head_byte(head.empty() ? '\n' : head.back(), next)) {
      refuse(400, "malformed header: control character or bare line end");
      return taken;
    }
    if (head.size() >= core_->limits.header_bytes_max) {
      refuse(431, "header over " + std::to_string(core_->limits.header_bytes_max) + " bytes");
      return taken;
    }
    head.push_back(next);
    if (next == '\n' && head.ends_with("\r\n\r\n")) {
      finish_header();
      return taken + 1;
    }
  }
  return taken;
}

void RequestParser::finish_header() {
  Core& core = *core_;
  if (auto reason = check_raw_head(core.head, kHeaderFieldsMax))
    return refuse(reason->starts_with("more than") ? 431 : 400, *std::move(reason));
  ErrorCode error;
  core.events.put(boost::asio::const_buffer(core.head.data(), core.head.size()), error);
  Request& request = core.events.request;
  if (error && error != beast::http::error::need_more) return refuse(400, "malformed header: " + error.message());
  if (!core.events.is_header_done()) return refuse(400, "malformed header");
  if (auto reason = check_fields(request.headers, http_1_0())) return refuse(400, *std::move(reason));
  if (request.target.size() > kTargetBytesMax) return refuse(431, "target over 16 KiB");
  if (auto reason = apply_target(request)) return refuse(400, *std::move(reason));
  if (request.headers.has("expect") && !http_1_0()) {
    if (base::to_lower(request.headers.get("expect")) != "100-continue") return refuse(417, "unknown expectation");
    core.expects_continue = true;
  }
  request.websocket_upgrade = !http_1_0() && is_websocket_upgrade(request);
  begin_body();
}

void RequestParser::refuse_body() {
  refuse(413, "body over " + std::to_string(core_->limits.body_bytes_max) + " bytes");
}

// check_fields has made sure of the two fields: at most one of them, digits only or "chunked".
void RequestParser::begin_body() {
  Core& core = *core_;
  Request& request = core.events.request;
  if (request.headers.has("transfer-encoding")) {
    core.chunked.emplace(core.limits.body_bytes_max);
    state_ = State::kBody;
    return;
  }
  const auto length = base::parse_int<uint64_t>(request.headers.get("content-length")).value_or(0);
  if (length > core.limits.body_bytes_max) return refuse_body();
  core.body_left = length;
  request.body.reserve(std::min(length, kReserveBytesMax));
  state_ = length == 0 ? State::kDone : State::kBody;
}

size_t RequestParser::feed_body(std::string_view bytes) {
  Core& core = *core_;
  std::string& body = core.events.request.body;
  if (!core.chunked) {
    const size_t taken = std::min(core.body_left, bytes.size());
    body.append(bytes.substr(0, taken));
    core.body_left -= taken;
    if (core.body_left == 0) state_ = State::kDone;
    return taken;
  }
  const size_t taken = core.chunked->feed(bytes, body);
  if (core.chunked->state() == ChunkedDecoder::State::kDone) state_ = State::kDone;
  if (core.chunked->state() == ChunkedDecoder::State::kTooBig) refuse_body();
  if (core.chunked->state() == ChunkedDecoder::State::kMalformed)
    refuse(400, std::string("malformed body: ") + core.chunked->reason());
  return taken;
}

Request RequestParser::take() {
  APP_CHECK(state_ == State::kDone);
  return std::move(core_->events.request);
}

}  // namespace appliance::net::http
