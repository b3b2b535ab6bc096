#include "net/http/websocket.h"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>

#include "base/strings.h"
#include "net/http/connection.h"

namespace appliance::net::http {
namespace {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

constexpr std::chrono::seconds kCloseTimeout{5};  // opening and closing handshake
constexpr std::chrono::seconds kIdleTimeout{60};  // a ping goes out at half of it
constexpr size_t kReasonBytesMax = 123;           // RFC 6455 section 5.5

// A connection of the server.
class ServerCarrier final : public WebSocketCarrier {
 public:
  explicit ServerCarrier(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  [[nodiscard]] const Strand& strand() const override { return connection_->strand(); }
  Transport& transport() override { return connection_->transport(); }
  void close() override { connection_->close(); }
  void overflowed() override { connection_->stream_overflowed(); }
  [[nodiscard]] size_t queue_bytes_max() const override { return connection_->core().options.stream_queue_bytes_max; }
  [[nodiscard]] size_t message_bytes_max() const override {
    return connection_->core().options.websocket_message_bytes_max;
  }

 private:
  std::shared_ptr<Connection> connection_;
};

// Our transport as Beast wants to see it. Bytes that came behind the handshake are served first.
class TransportStream {
 public:
  TransportStream(std::shared_ptr<WebSocketCarrier> carrier, std::string leftover)
      : carrier_(std::move(carrier)), leftover_(std::move(leftover)) {}

  using executor_type = Strand;
  [[nodiscard]] executor_type get_executor() const { return carrier_->strand(); }

  template <class MutableBuffers, class Token>
  auto async_read_some(const MutableBuffers& into, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, size_t)>(
        [this](auto handler, const MutableBuffers& buffers) { read(first_of(buffers), std::move(handler)); }, token,
        into);
  }

  template <class ConstBuffers, class Token>
  auto async_write_some(const ConstBuffers& from, Token&& token) {
    return asio::async_initiate<Token, void(ErrorCode, size_t)>(
        [this](auto handler, const ConstBuffers& buffers) { write(all_of(buffers), std::move(handler)); }, token, from);
  }

  void shutdown(IoHandler done) { carrier_->transport().shutdown(std::move(done)); }
  void close() { carrier_->close(); }

 private:
  template <class MutableBuffers>
  static asio::mutable_buffer first_of(const MutableBuffers& buffers) {
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
      if (asio::mutable_buffer(*at).size() > 0) return *at;
    return {};
  }
  template <class ConstBuffers>
  static Buffers all_of(const ConstBuffers& buffers) {
    Buffers out;
    for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at)
      if (asio::const_buffer(*at).size() > 0) out.emplace_back(*at);
    return out;
  }

  void read(asio::mutable_buffer into, IoHandler done) {
    if (leftover_.empty()) return carrier_->transport().read_some(into, std::move(done));
    const size_t size = std::min(into.size(), leftover_.size());
    std::memcpy(into.data(), leftover_.data(), size);
    leftover_.erase(0, size);
    // A handler must not run inside the call that starts its operation.
    asio::post(carrier_->strand(), [done = std::move(done), size]() mutable { done({}, size); });
  }
  void write(Buffers from, IoHandler done) {
    if (!from.empty()) return carrier_->transport().write_some(std::move(from), std::move(done));
    asio::post(carrier_->strand(), [done = std::move(done)]() mutable { done({}, 0); });
  }

  std::shared_ptr<WebSocketCarrier> carrier_;
  std::string leftover_;
};

// Found by Beast through the argument's namespace, when a connection is at its end.
template <class Handler>
void async_teardown(beast::role_type, TransportStream& stream, Handler&& handler) {
  stream.shutdown([handler = std::forward<Handler>(handler)](ErrorCode error, size_t) mutable { handler(error); });
}
void beast_close_socket(TransportStream& stream) { stream.close(); }

// The strand side. A connection of the server holds it until that is closed; on a client's side the handle does.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(const std::shared_ptr<WebSocketCarrier>& carrier, WebSocketHandshake handshake)
      : strand(carrier->strand()),
        subprotocol(std::move(handshake.subprotocol)),
        carrier_(carrier),
        queue_bytes_max_(carrier->queue_bytes_max()),
        stream_(carrier, std::move(handshake.leftover)) {
    stream_.auto_fragment(false);
    stream_.read_message_max(carrier->message_bytes_max());
    keep_alive(true);
  }

  using Opened = std::function<void(std::shared_ptr<WebSocket>)>;
  void accept(const std::string& key, Opened opened);
  void connect(const WebSocketRequest& request, WebSocketOpened opened);

  void end();  // idempotent; closes the connection

  // Any thread.
  bool enqueue(std::string message, bool binary);
  void close_later(uint16_t code, std::string reason);
  void set_paused(bool paused);
  void set_on_drain(base::Task task);
  void set_on_close(base::Task task);
  [[nodiscard]] size_t bytes_queued() const {
    const std::scoped_lock lock(mutex_);
    return queued_;
  }

  // The strand.
  std::function<void(std::string, bool)> on_message;

  const Strand strand;
  std::string subprotocol;  // does not change once the session is open

 private:
  struct CloseRequest {
    uint16_t code;
    std::string reason;
  };
  struct Outgoing {
    std::string message;
    bool binary = true;
  };

  // While nobody reads, no pong is seen either: then silence is no sign of death.
  void keep_alive(bool on) {
    stream_.set_option(ws::stream_base::timeout{
        kCloseTimeout, on ? std::chrono::steady_clock::duration(kIdleTimeout) : ws::stream_base::none(), on});
  }
  void read();
  void write();
  void begin_close();

  void on_answer(const std::vector<std::string>& offered, ErrorCode error, const WebSocketOpened& opened);

  const std::shared_ptr<WebSocketCarrier> carrier_;
  const size_t queue_bytes_max_;
  ws::stream<TransportStream, false> stream_;  // false: no permessage-deflate, which nobody here asks for
  ws::response_type answer_;                   // to our request, as a client
  beast::flat_buffer incoming_;
  bool reading_ = false;
  bool paused_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool ended_ = false;
  Outgoing outgoing_;
  std::optional<CloseRequest> close_request_;
  base::Task on_close_;

  mutable std::mutex mutex_;  // the three below
  std::deque<Outgoing> queue_;
  size_t queued_ = 0;
  bool shut_ = false;  // no more messages are taken
  base::Task on_drain_;
};

class SessionHandle final : public WebSocket {
 public:
  enum class Holds : bool { kNo, kYes };
  explicit SessionHandle(const std::shared_ptr<Session>& session, Holds holds = Holds::kNo)
      : session_(session), held_(holds == Holds::kYes ? session : nullptr), subprotocol_(session->subprotocol) {}
  ~SessionHandle() override {
    if (const auto session = session_.lock()) session->close_later(1001, "");
  }
  bool send(std::string message) override {
    const auto session = session_.lock();
    return session && session->enqueue(std::move(message), true);
  }
  bool send_text(std::string message) override {
    const auto session = session_.lock();
    return session && session->enqueue(std::move(message), false);
  }
  void close(uint16_t code, std::string reason) override {
    if (const auto session = session_.lock()) session->close_later(code, std::move(reason));
  }
  void pause_reading() override {
    if (const auto session = session_.lock()) session->set_paused(true);
  }
  void resume_reading() override {
    if (const auto session = session_.lock()) session->set_paused(false);
  }
  [[nodiscard]] size_t bytes_queued() const override {
    const auto session = session_.lock();
    return session ? session->bytes_queued() : 0;
  }
  void on_drain(base::Task task) override {
    if (const auto session = session_.lock()) return session->set_on_drain(std::move(task));
    task();
  }
  [[nodiscard]] const std::string& subprotocol() const override { return subprotocol_; }
  void on_message(std::function<void(std::string, bool)> handler) override {
    if (const auto session = session_.lock()) session->on_message = std::move(handler);
  }
  void on_close(base::Task task) override {
    if (const auto session = session_.lock()) return session->set_on_close(std::move(task));
    task();
  }

 private:
  const std::weak_ptr<Session> session_;
  const std::shared_ptr<Session> held_;  // a client's session: nothing else holds it while it is paused
  const std::string subprotocol_;
};

// What the server said instead of 101. Its text is the message: a kubelet's reason is for the person who asked.
Error declined(int status, std::string text) {
  constexpr size_t kTextBytesMax = 4096;
  Error out{.code = code_of_http(status), .message = std::move(text), .errno_value = 0, .hint = {}};
  out.message.resize(std::min(out.message.size(), kTextBytesMax));
  if (out.message.empty()) out.message = "HTTP " + std::to_string(status);
  return out;
}

beast::http::request<beast::http::string_body> opening(const std::string& key) {
  beast::http::request<beast::http::string_body> request{beast::http::verb::get, "/", 11};
  request.set(beast::http::field::host, "-");  // checked by our own parser before
  request.set(beast::http::field::upgrade, "websocket");
  request.set(beast::http::field::connection, "Upgrade");
  request.set(beast::http::field::sec_websocket_version, "13");
  request.set(beast::http::field::sec_websocket_key, key);
  return request;
}

void Session::accept(const std::string& key, Opened opened) {
  if (!subprotocol.empty())
    stream_.set_option(ws::stream_base::decorator([protocol = subprotocol](ws::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, protocol);
    }));
  stream_.async_accept(opening(key), [self = shared_from_this(), opened = std::move(opened)](ErrorCode error) {
    if (error) return self->end();
    opened(std::make_shared<SessionHandle>(self));
    self->read();
  });
}

void Session::connect(const WebSocketRequest& request, WebSocketOpened opened) {
  stream_.set_option(ws::stream_base::decorator(
      [headers = request.headers, offered = base::join(request.subprotocols, ", ")](ws::request_type& out) {
        for (const Header& field : headers) out.insert(field.name, field.value);
        if (!offered.empty()) out.set(beast::http::field::sec_websocket_protocol, offered);
      }));
  stream_.async_handshake(answer_, request.host, request.target,
                          [self = shared_from_this(), offered = request.subprotocols,
                           opened = std::move(opened)](ErrorCode error) { self->on_answer(offered, error, opened); });
}

void Session::on_answer(const std::vector<std::string>& offered, ErrorCode error, const WebSocketOpened& opened) {
  subprotocol = std::string(answer_[beast::http::field::sec_websocket_protocol]);
  std::optional<Error> problem;
  if (error == ws::error::upgrade_declined) {
    problem = declined(static_cast<int>(answer_.result_int()), std::string(base::trim(answer_.body())));
  } else if (error) {
    problem = Error{
        .code = Code::kUnavailable, .message = "WebSocket handshake: " + error.message(), .errno_value = 0, .hint = {}};
  } else if (!offered.empty() && std::ranges::find(offered, subprotocol) == offered.end()) {
    problem = Error{.code = Code::kUnavailable,
                    .message = "WebSocket handshake: the server chose subprotocol \"" + subprotocol + '"',
                    .errno_value = 0,
                    .hint = {}};
  }
  answer_ = {};
  if (problem) {
    end();
    return opened(fail(*std::move(problem)));
  }
  opened(std::make_shared<SessionHandle>(shared_from_this(), SessionHandle::Holds::kYes));
  read();
}

void Session::read() {
  if (reading_ || paused_ || ended_) return;
  reading_ = true;
  stream_.async_read(incoming_, [self = shared_from_this()](ErrorCode error, size_t) {
    self->reading_ = false;
    if (error) return self->end();
    std::string message = beast::buffers_to_string(self->incoming_.cdata());
    self->incoming_.clear();
    if (self->on_message && !self->ended_) self->on_message(std::move(message), self->stream_.got_binary());
    self->read();
  });
}

bool Session::enqueue(std::string message, bool binary) {
  bool overflow = false;
  {
    const std::scoped_lock lock(mutex_);
    if (shut_) return false;
    overflow = queued_ > 0 && queued_ + message.size() > queue_bytes_max_;
    if (overflow) {
      shut_ = true;
    } else {
      queued_ += message.size();
      queue_.push_back({.message = std::move(message), .binary = binary});
    }
  }
  if (overflow) {
    carrier_->overflowed();
    return false;
  }
  asio::post(strand, [self = shared_from_this()] { self->write(); });
  return true;
}

void Session::write() {
  if (writing_ || closing_ || ended_) return;
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty()) {
      if (close_request_) shut_ = true;
    } else {
      outgoing_ = std::move(queue_.front());
      queue_.pop_front();
      writing_ = true;
    }
  }
  if (!writing_) {
    if (close_request_) begin_close();
    return;
  }
  stream_.binary(outgoing_.binary);
  stream_.async_write(asio::buffer(outgoing_.message), [self = shared_from_this()](ErrorCode error, size_t) {
    self->writing_ = false;
    base::Task drained;
    {
      const std::scoped_lock lock(self->mutex_);
      self->queued_ -= std::min(self->queued_, self->outgoing_.message.size());
      if (self->queued_ == 0) drained = std::exchange(self->on_drain_, nullptr);
    }
    if (error) self->end();
    if (drained) drained();
    self->write();
  });
}

void Session::close_later(uint16_t code, std::string reason) {
  reason.resize(std::min(reason.size(), kReasonBytesMax));
  asio::post(strand, [self = shared_from_this(), code, reason = std::move(reason)]() mutable {
    if (self->close_request_) return;
    self->close_request_ = CloseRequest{.code = code, .reason = std::move(reason)};
    self->write();  // what is queued goes out first
  });
}

void Session::begin_close() {
  if (closing_ || ended_) return;
  closing_ = true;
  keep_alive(true);
  const ws::close_reason reason(static_cast<ws::close_code>(close_request_->code), close_request_->reason);
  stream_.async_close(reason, [self = shared_from_this()](ErrorCode) { self->end(); });
}

void Session::set_paused(bool paused) {
  asio::dispatch(strand, [self = shared_from_this(), paused] {
    if (self->paused_ == paused || self->closing_ || self->ended_) return;
    self->paused_ = paused;
    self->keep_alive(!paused);
    self->read();
  });
}

void Session::set_on_drain(base::Task task) {
  {
    const std::scoped_lock lock(mutex_);
    if (!shut_ && queued_ > 0) {
      on_drain_ = std::move(task);
      return;
    }
  }
  task();
}

void Session::set_on_close(base::Task task) {
  asio::dispatch(strand, [self = shared_from_this(), task = std::move(task)]() mutable {
    if (self->ended_) return task();
    self->on_close_ = std::move(task);
  });
}

void Session::end() {
  if (std::exchange(ended_, true)) return;
  base::Task drained;
  {
    const std::scoped_lock lock(mutex_);
    shut_ = true;
    queue_.clear();
    queued_ = 0;
    drained = std::exchange(on_drain_, nullptr);
  }
  carrier_->close();
  if (drained) drained();
  if (base::Task closed = std::exchange(on_close_, nullptr)) closed();
  on_message = nullptr;
}

}  // namespace

void start_client_websocket(std::shared_ptr<WebSocketCarrier> carrier, const WebSocketRequest& request,
                            WebSocketOpened opened) {
  std::make_shared<Session>(carrier, WebSocketHandshake{})->connect(request, std::move(opened));
}

void start_websocket(std::shared_ptr<Connection> connection, WebSocketHandshake handshake,
                     std::function<void(std::shared_ptr<WebSocket>)> opened) {
  const std::string key = handshake.key;
  auto session = std::make_shared<Session>(std::make_shared<ServerCarrier>(connection), std::move(handshake));
  connection->adopt([session] { session->end(); });
  session->accept(key, std::move(opened));
}

}  // namespace appliance::net::http
