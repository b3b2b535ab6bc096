#include "net/http/websocket_client.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>

#include "net/http/base_url.h"
#include "net/http/transport.h"
#include "net/http/websocket.h"

namespace appliance::net::http {
namespace {

Error unavailable(std::string message) {
  return {.code = Code::kUnavailable, .message = std::move(message), .errno_value = 0, .hint = {}};
}

// One connection that we made. Held by its pending operation, later by the session.
class ClientCarrier final : public WebSocketCarrier, public std::enable_shared_from_this<ClientCarrier> {
 public:
  ClientCarrier(Loop& loop, WebSocketClientOptions options, BaseUrl url, WebSocketOpened opened)
      : strand_(asio::make_strand(loop.core().context)),
        options_(std::move(options)),
        url_(std::move(url)),
        opened_(std::move(opened)),
        timer_(strand_) {}

  void start() {
    asio::dispatch(strand_, [self = shared_from_this()] { self->begin(); });
  }

  [[nodiscard]] const Strand& strand() const override { return strand_; }
  Transport& transport() override { return *transport_; }
  void close() override {
    asio::dispatch(strand_, [self = shared_from_this()] { self->close_here(); });
  }
  void overflowed() override { close(); }
  [[nodiscard]] size_t queue_bytes_max() const override { return options_.queue_bytes_max; }
  [[nodiscard]] size_t message_bytes_max() const override { return options_.message_bytes_max; }

 private:
  void begin() {
    ErrorCode error;
    const auto address = asio::ip::make_address(url_.host, error);
    if (error) return give(fail(Code::kInvalidArgument, url_.host + " is not an IP address"));
    const asio::ip::tcp::endpoint endpoint(address, static_cast<uint16_t>(url_.port));
    Socket socket(strand_);
    (void)socket.open(asio::generic::stream_protocol(endpoint.protocol()), error);
    if (error) return give(fail(unavailable("socket: " + error.message())));
    (void)socket.set_option(asio::ip::tcp::no_delay(true), error);  // only slower without
    if (const auto made = make_transport(std::move(socket)); !made) return give(fail(made.error()));
    timer_.expires_after(options_.deadline);
    timer_.async_wait([weak = weak_from_this()](ErrorCode cancelled) {
      if (const auto self = weak.lock(); self && !cancelled) self->on_deadline();
    });
    transport_->socket().async_connect(endpoint, [self = shared_from_this()](ErrorCode failed) {
      if (failed) return self->give(fail(unavailable("cannot connect: " + failed.message())));
      self->handshake();
    });
  }

  Result<> make_transport(Socket socket) {
    if (!url_.tls) {
      transport_ = make_plain_transport(std::move(socket));
      return {};
    }
    TlsPeer peer;
    peer.tls.ca_pem = options_.ca_pem;
    peer.tls.certificate_pem = options_.certificate_pem;
    peer.tls.key_pem = options_.key_pem;
    peer.host = url_.host;
    peer.common_name = options_.common_name;
    transport_ = TRY(make_tls_client_transport(std::move(socket), peer));
    return {};
  }

  void handshake() {
    transport_->handshake([self = shared_from_this()](ErrorCode failed, size_t) {
      if (self->gave_) return;
      if (std::string problem = self->transport_->server_problem(); !problem.empty())
        return self->give(fail(Code::kUnauthenticated, std::move(problem)));
      if (failed) return self->give(fail(unavailable("TLS handshake: " + failed.message())));
      self->upgrade();
    });
  }

  void upgrade() {
    const bool is_v6 = url_.host.find(':') != std::string::npos;
    const std::string host = (is_v6 ? '[' + url_.host + ']' : url_.host) + ':' + std::to_string(url_.port);
    start_client_websocket(
        shared_from_this(),
        {.host = host, .target = options_.path, .headers = options_.headers, .subprotocols = options_.subprotocols},
        [weak = weak_from_this()](Result<std::shared_ptr<WebSocket>> socket) {
          if (const auto self = weak.lock()) self->give(std::move(socket));
        });
  }

  void on_deadline() {
    give(fail(Code::kDeadlineExceeded, "no answer within " + std::to_string(options_.deadline.count()) + " ms"));
  }

  // The first outcome counts; an error closes.
  void give(Result<std::shared_ptr<WebSocket>> outcome) {
    if (std::exchange(gave_, true)) return;
    timer_.cancel();
    if (!outcome) close_here();
    auto opened = std::exchange(opened_, nullptr);
    opened(std::move(outcome));
  }

  void close_here() {
    timer_.cancel();
    if (!transport_) return;
    ErrorCode ignored;  // closed in any case
    (void)transport_->socket().close(ignored);
  }

  const Strand strand_;
  const WebSocketClientOptions options_;
  const BaseUrl url_;
  WebSocketOpened opened_;
  bool gave_ = false;
  std::unique_ptr<Transport> transport_;
  asio::steady_timer timer_;
};

Result<BaseUrl> check(const WebSocketClientOptions& options) {
  BaseUrl url = TRY(parse_base_url(options.base_url));
  if (!url.unix_path.empty()) return fail(Code::kInvalidArgument, "WebSocket: no unix sockets");
  if (!valid_request_line("GET", options.path))
    return fail(Code::kInvalidArgument, "WebSocket: path with blanks or control characters");
  for (const Header& field : options.headers)
    if (!valid_field(field)) return fail(Code::kInvalidArgument, "WebSocket: header \"" + field.name + "\"");
  return url;
}

}  // namespace

void connect_websocket(Loop& loop, WebSocketClientOptions options, WebSocketOpened opened) {
  auto url = check(options);
  if (!url) {
    const bool posted = loop.post([opened = std::move(opened), error = url.error()] { opened(fail(error)); });
    (void)posted;  // a stopped loop calls nobody
    return;
  }
  std::make_shared<ClientCarrier>(loop, std::move(options), *std::move(url), std::move(opened))->start();
}

}  // namespace appliance::net::http
