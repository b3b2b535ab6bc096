// From HTTP to RFC 6455: takes a connection's transport over, on either side of the opening handshake. For pkg/net/http
// only; the implementation is the one file that pays for Beast's websocket.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "net/loop/asio.h"

namespace appliance::net::http {

class Connection;
class Transport;

// What a session runs on: a connection of the server, or one that we made.
class WebSocketCarrier {
 public:
  virtual ~WebSocketCarrier() = default;
  [[nodiscard]] virtual const Strand& strand() const = 0;
  virtual Transport& transport() = 0;
  virtual void close() = 0;       // thread-safe; at once
  virtual void overflowed() = 0;  // thread-safe; the peer reads too slowly: closes as well
  [[nodiscard]] virtual size_t queue_bytes_max() const = 0;
  [[nodiscard]] virtual size_t message_bytes_max() const = 0;
};

struct WebSocketHandshake {
  std::string key{};          // Sec-WebSocket-Key
  std::string subprotocol{};  // the handler's choice; empty = none
  std::string leftover{};     // bytes that came behind the request
};

// On the connection's strand. Answers 101, calls `opened`, then reads. Holds the connection until it is closed.
void start_websocket(std::shared_ptr<Connection> connection, WebSocketHandshake handshake,
                     std::function<void(std::shared_ptr<WebSocket>)> opened);

struct WebSocketRequest {
  std::string host;
  std::string target;
  Headers headers;
  std::vector<std::string> subprotocols;  // offered; the server must choose one of them, if there are any
};
using WebSocketOpened = std::function<void(Result<std::shared_ptr<WebSocket>>)>;

// The client's side. On the carrier's strand. `opened` comes once: with the socket, then it reads; or with what the
// server said instead of 101. The socket's handle holds the session, the session the carrier.
void start_client_websocket(std::shared_ptr<WebSocketCarrier> carrier, const WebSocketRequest& request,
                            WebSocketOpened opened);

}  // namespace appliance::net::http
