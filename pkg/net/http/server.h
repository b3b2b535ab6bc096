// The HTTP/1.1 server: TLS or plain, TCP or unix socket; keep-alive, chunked streams, WebSocket. Every limit has a
// name.
//
//   auto server = TRY(Server::listen(loop, {.address = "127.0.0.1", .port = 6443, .tls = tls},
//   [&](std::shared_ptr<Exchange> x) {
//     x->respond(text_response(200, "ok"));
//   }));
//
// The handler runs on a loop thread and must not block; it may finish the exchange later, from any thread.
// An Exchange ends in exactly one of respond(), start_stream() or accept_websocket(). When the last reference goes
// without any of them the client gets 500 (a handler that forgot is our bug, and a client must not hang on it).
// Malformed requests are answered with 400 (or 408, 413, 431) and never reach the handler.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/executor.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/http/message.h"
#include "net/loop/loop.h"

namespace appliance::net::tls {
class ServerContext;  // net/tls/context.h
}

namespace appliance::net::http {

// A chunked response that goes on. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  // Queues bytes and flushes. False when the client is gone, or more than ServerOptions::stream_queue_bytes_max wait
  // for a slow client (the connection is then closed): stop writing.
  virtual bool write(std::vector<Chunk> chunks) = 0;
  bool write(std::string bytes) { return write(std::vector<Chunk>{Chunk::of(std::move(bytes))}); }
  virtual void finish() = 0;  // flushes, ends the body; idempotent
  [[nodiscard]] virtual bool closed() const = 0;
  [[nodiscard]] virtual size_t bytes_queued() const = 0;
  virtual void on_close(base::Task task) = 0;  // once, on a loop thread; at once when already closed
  virtual void on_drain(base::Task task) = 0;  // once, when bytes_queued() fell to 0 (or the client is gone)
};

// One WebSocket connection (RFC 6455). Thread-safe.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  virtual bool send(std::string message) = 0;       // a binary message; as Stream::write
  virtual bool send_text(std::string message) = 0;  // must be UTF-8; in order with send()
  virtual void close(uint16_t code, std::string reason) = 0;
  virtual void pause_reading() = 0;  // back-pressure: the client is not read from until resume_reading()
  virtual void resume_reading() = 0;
  [[nodiscard]] virtual size_t bytes_queued() const = 0;
  virtual void on_drain(base::Task task) = 0;
  [[nodiscard]] virtual const std::string& subprotocol() const = 0;
  // Set both inside the `opened` callback; they run on the connection's strand, messages in order.
  virtual void on_message(std::function<void(std::string message, bool binary)> handler) = 0;
  virtual void on_close(base::Task task) = 0;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  virtual void respond(Response response) = 0;
  virtual std::shared_ptr<Stream> start_stream(Response head) = 0;  // head.body is sent first
  // `opened` gets the socket on its strand before the first message is delivered.
  virtual void accept_websocket(std::string_view subprotocol,
                                std::function<void(std::shared_ptr<WebSocket>)> opened) = 0;
  virtual void on_abort(base::Task task) = 0;  // the client went away before the answer; once
};

using Handler = std::function<void(std::shared_ptr<Exchange>)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;                               // 0 = the kernel chooses; see Server::port()
  std::string unix_path{};                    // instead of address and port; made 0600
  std::shared_ptr<tls::ServerContext> tls{};  // null = plain text
  size_t header_bytes_max = 32U * 1024;       // 431 above
  size_t body_bytes_max = 3U * 1024 * 1024;   // 413 above; Kubernetes' own limit
  // A client that is slower loses its connection: with 408 while it sends, without a word otherwise.
  std::chrono::milliseconds header_timeout{10'000};  // the whole header, counted from the first byte
  std::chrono::milliseconds body_timeout{60'000};    // the whole body
  std::chrono::milliseconds write_timeout{60'000};   // not a byte of a response taken; streams: stream_queue_bytes_max
  std::chrono::milliseconds idle_timeout{120'000};   // before the first request, and keep-alive between requests
  std::chrono::milliseconds handshake_timeout{10'000};
  size_t connections_max = 4096;  // more are closed at accept
  size_t stream_queue_bytes_max = 16U * 1024 * 1024;
  size_t websocket_message_bytes_max = 1024U * 1024;
  base::Log log{};
  base::Metrics* metrics = nullptr;  // may be null
};

class Server {
 public:
  virtual ~Server() = default;  // stop()
  // kFailedPrecondition when the address is in use (errno EADDRINUSE is kept).
  static Result<std::unique_ptr<Server>> listen(Loop& loop, ServerOptions options, Handler handler);
  [[nodiscard]] virtual int port() const = 0;
  // Closes the listener and every connection; when it returns no handler or callback runs. Idempotent. Not from a loop
  // thread, and before the loop stops.
  virtual void stop() = 0;
};

}  // namespace appliance::net::http
