// From HTTP to RFC 6455: takes a connection's transport over after its opening handshake. For pkg/net/http only; the
// implementation is the one file that pays for Beast's websocket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/http/server.h"

namespace appliance::net::http {

class Connection;

struct WebSocketHandshake {
  std::string key{};          // Sec-WebSocket-Key
  std::string subprotocol{};  // the handler's choice; empty = none
  std::string leftover{};     // bytes that came behind the request
};

// On the connection's strand. Answers 101, calls `opened`, then reads. Holds the connection until it is closed.
void start_websocket(std::shared_ptr<Connection> connection, WebSocketHandshake handshake,
                     std::function<void(std::shared_ptr<WebSocket>)> opened);

}  // namespace appliance::net::http
