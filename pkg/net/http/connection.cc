// The way in: sniff, handshake, read, parse, hand to the handler. The way out is connection_write.cc.
#include "net/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "net/http/exchange.h"
#include "net/http/response_head.h"

namespace appliance::net::http {
namespace {

constexpr size_t kPipelinedBytesMax = 64U * 1024;  // read ahead while a handler works; then TCP holds the client back
constexpr unsigned char kTlsHandshakeRecord = 0x16;
constexpr std::string_view kPlainOnTls =
    "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    "Client sent an HTTP request to an HTTPS server.\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

RequestParser::Limits limits_of(const ServerOptions& options) {
  return {.header_bytes_max = options.header_bytes_max, .body_bytes_max = options.body_bytes_max};
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, Strand strand, std::unique_ptr<Transport> transport,
                       std::string remote)
    : core_(std::move(core)),
      strand_(std::move(strand)),
      transport_(std::move(transport)),
      remote_(std::move(remote)),
      parser_(limits_of(core_->options)),
      timer_(strand_) {}

Connection::~Connection() {
  if (stream_) stream_->close();
  core_->leave(this);
}

void Connection::start() {
  asio::dispatch(strand_, [self = shared_from_this()] { self->begin(); });
}

void Connection::close() {
  asio::post(strand_, [self = shared_from_this()] { self->close_here(); });
}

void Connection::begin() {
  if (phase_ == Phase::kClosed) return;
  if (!transport_->encrypted()) return next_request();
  set_deadline(core_->options.handshake_timeout);
  sniff();
}

void Connection::sniff() {
  transport_->socket().async_wait(Socket::wait_read, [self = shared_from_this()](ErrorCode error) {
    if (error || self->phase_ == Phase::kClosed) return self->close_here();
    unsigned char first = 0;
    if (::recv(self->transport_->socket().native_handle(), &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
      return self->close_here();
    if (first == kTlsHandshakeRecord) return self->handshake();
    if (std::isalpha(first) != 0) return self->answer_plain_text();
    self->close_here();
  });
}

void Connection::answer_plain_text() {
  transport_->socket().async_write_some(asio::buffer(kPlainOnTls),
                                        [self = shared_from_this()](ErrorCode error, size_t) {
                                          if (error || self->phase_ == Phase::kClosed) return self->close_here();
                                          self->phase_ = Phase::kLinger;
                                          ErrorCode ignored;  // the peer may be gone; the linger ends then
                                          (void)self->transport_->socket().shutdown(Socket::shutdown_send, ignored);
                                          self->drain_input();
                                        });
}

void Connection::handshake() {
  transport_->handshake([self = shared_from_this()](ErrorCode error, size_t) {
    if (error || self->phase_ == Phase::kClosed) return self->close_here();
    self->transport_->identify(self->identity_);
    self->next_request();
  });
}

void Connection::next_request() {
  phase_ = Phase::kIdle;
  parser_ = RequestParser(limits_of(core_->options));
  set_deadline(core_->options.idle_timeout);
  if (!input_.empty()) return parse();
  read();
}

void Connection::read() {
  if (reading_ || peer_ended_ || phase_ == Phase::kClosed) return;
  if (!read_buffer_) read_buffer_ = std::make_unique<char[]>(kReadBytes);
  reading_ = true;
  transport_->read_some(asio::buffer(read_buffer_.get(), kReadBytes),
                        [self = shared_from_this()](ErrorCode error, size_t size) { self->on_read(error, size); });
}

void Connection::on_read(ErrorCode error, size_t size) {
  reading_ = false;
  if (phase_ == Phase::kClosed || phase_ == Phase::kLinger) return;
  if (error) return on_end(error);
  input_.append(read_buffer_.get(), size);
  if (phase_ == Phase::kIdle || phase_ == Phase::kHeader || phase_ == Phase::kBody) return parse();
  if (input_.size() < kPipelinedBytesMax) read();
}

// A client may close its sending side and still wait for the answer; a stream has no other sign that nobody reads it.
void Connection::on_end(ErrorCode error) {
  peer_ended_ = true;
  keep_alive_ = false;
  const bool reset = error != asio::error::eof;
  if (phase_ == Phase::kResponse && !reset) return;
  if (phase_ == Phase::kHandler && !reset) return run_abort();
  close_here();
}

void Connection::parse() {
  input_.erase(0, parser_.feed(input_));
  switch (parser_.state()) {
    case RequestParser::State::kFailed:
      return refuse(parser_.refusal());
    case RequestParser::State::kDone:
      return dispatch();
    case RequestParser::State::kHeader:
      if (phase_ == Phase::kIdle && parser_.begun()) {
        phase_ = Phase::kHeader;
        set_deadline(core_->options.header_timeout);
      }
      return read();
    case RequestParser::State::kBody:
      if (phase_ == Phase::kBody) return read();
      phase_ = Phase::kBody;
      set_deadline(core_->options.body_timeout);
      if (!parser_.expects_continue() || !input_.empty()) return read();
      return write({asio::buffer(kContinue)}, [this] { read(); });
  }
}

void Connection::refuse(const Refusal& refusal) {
  core_->metrics.requests_malformed.add();
  keep_alive_ = false;
  head_only_ = false;
  phase_ = Phase::kHandler;
  write_response(text_response(refusal.status, std::to_string(refusal.status) + " " +
                                                   std::string(reason_phrase(refusal.status)) + ": " + refusal.reason +
                                                   "\n"));
}

void Connection::dispatch() {
  core_->metrics.requests.add();
  keep_alive_ = parser_.keep_alive() && !peer_ended_;
  http_1_0_ = parser_.http_1_0();
  Request request = parser_.take();
  head_only_ = request.method == "HEAD";
  request.peer = identity_.peer;
  request.peer_error = identity_.peer_error;
  request.remote_address = remote_;
  phase_ = Phase::kHandler;
  clear_deadline();
  // A WebSocket takes the reading over: no read of ours may be in its way.
  if (!request.websocket_upgrade) read();
  core_->handler(make_exchange(weak_from_this(), std::move(request)));
}

void Connection::on_abort(base::Task task) {
  asio::dispatch(strand_, [self = shared_from_this(), task = std::move(task)]() mutable {
    const bool gone = self->phase_ == Phase::kClosed || (self->phase_ == Phase::kHandler && self->peer_ended_);
    if (gone) return task();
    if (self->phase_ == Phase::kHandler) self->abort_ = std::move(task);
  });
}

void Connection::run_abort() {
  if (base::Task task = std::exchange(abort_, nullptr)) task();
}

void Connection::close_here() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  timer_.cancel();
  ErrorCode ignored;  // closed in any case
  (void)transport_->socket().close(ignored);
  run_abort();
  if (stream_) stream_->close();
  if (base::Task closed = std::exchange(closed_, nullptr)) closed();
}

void Connection::set_deadline(std::chrono::nanoseconds from_now) {
  deadline_ = std::chrono::steady_clock::now() + from_now;
  arm_timer();
}

// The timer is left alone while it fires early enough: a busy connection moves its deadline at each request.
void Connection::arm_timer() {
  if (deadline_ >= timer_at_) return;
  timer_at_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->phase_ == Phase::kClosed) return;
    self->timer_at_ = std::chrono::steady_clock::time_point::max();
    if (std::chrono::steady_clock::now() >= self->deadline_) return self->on_deadline();
    self->arm_timer();
  });
}

void Connection::on_deadline() {
  if (phase_ == Phase::kHeader) return refuse({.status = 408, .reason = "the header did not come in time"});
  if (phase_ == Phase::kBody) return refuse({.status = 408, .reason = "the body did not come in time"});
  close_here();
}

}  // namespace appliance::net::http
