#include "net/http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>

#include <limits>

#include "base/check.h"
#include "base/strings.h"
#include "net/http/head_check.h"

namespace appliance::net::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;

// Beast's events become a Request.
class Events final : public beast::http::basic_parser<true> {
 public:
  explicit Events(size_t body_bytes_max) {
    header_limit(std::numeric_limits<uint32_t>::max());  // counted by ourselves, before the bytes come here
    body_limit(body_bytes_max);
    eager(true);
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
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field, Text name, Text value, ErrorCode&) override {
    if (!is_header_done()) request.headers.add(std::string(name), std::string(value));  // trailers are dropped
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(boost::optional<uint64_t> const& length, ErrorCode&) override {
    if (length) request.body.reserve(*length);  // at most body_bytes_max: body_limit was checked
  }
  size_t on_body_impl(Text bytes, ErrorCode&) override {
    request.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(uint64_t, Text, ErrorCode&) override {}
  size_t on_chunk_body_impl(uint64_t, Text bytes, ErrorCode& error) override { return on_body_impl(bytes, error); }
  void on_finish_impl(ErrorCode&) override {}
};

}  // namespace

struct RequestParser::Core {
  explicit Core(Limits given) : limits(given), events(given.body_bytes_max) {}
  Limits limits;
  std::string head;  // raw bytes of the header so far
  Events events;
  bool expects_continue = false;
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
  if (head.empty() && bytes.starts_with("\r\n")) taken = 2;
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
  if (auto reason = check_raw_head(core.head, kHeaderFieldsMax)) {
    return refuse(reason->starts_with("more than") ? 431 : 400, *std::move(reason));
  }
  ErrorCode error;
  core.events.put(boost::asio::const_buffer(core.head.data(), core.head.size()), error);
  if (error == beast::http::error::body_limit)
    return refuse(413, "body over " + std::to_string(core.limits.body_bytes_max) + " bytes");
  Request& request = core.events.request;
  if (!core.events.is_header_done())
    return refuse(400, "malformed header: " + (error ? error.message() : "incomplete"));
  if (auto reason = check_fields(request.headers, http_1_0())) return refuse(400, *std::move(reason));
  if (error && error != beast::http::error::need_more) return refuse(400, "malformed header: " + error.message());
  if (request.target.size() > kTargetBytesMax) return refuse(431, "target over 16 KiB");
  if (auto reason = apply_target(request)) return refuse(400, *std::move(reason));
  if (request.headers.has("expect") && !http_1_0()) {
    if (base::to_lower(request.headers.get("expect")) != "100-continue") return refuse(417, "unknown expectation");
    core.expects_continue = true;
  }
  request.websocket_upgrade = !http_1_0() && is_websocket_upgrade(request);
  state_ = core.events.is_done() ? State::kDone : State::kBody;
}

size_t RequestParser::feed_body(std::string_view bytes) {
  size_t taken = 0;
  // Beast stops after each piece of structure; a put that takes nothing waits for more.
  while (taken < bytes.size() && !core_->events.is_done()) {
    ErrorCode error;
    const size_t used = core_->events.put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += used;
    if (error == beast::http::error::need_more) break;
    if (error == beast::http::error::body_limit) {
      refuse(413, "body over " + std::to_string(core_->limits.body_bytes_max) + " bytes");
      return taken;
    }
    if (error) {
      refuse(400, "malformed body: " + error.message());
      return taken;
    }
    if (used == 0) break;
  }
  if (core_->events.is_done()) {
    state_ = State::kDone;
  } else if (bytes.size() - taken > core_->limits.header_bytes_max) {
    refuse(400, "malformed body: chunk header or trailer too long");
  }
  return taken;
}

Request RequestParser::take() {
  APP_CHECK(state_ == State::kDone);
  return std::move(core_->events.request);
}

}  // namespace appliance::net::http
