// Opens a WebSocket on a server, over TLS or in clear, on the threads of a loop.
//
//   connect_websocket(loop, {.base_url = "https://10.0.0.2:10250", .path = "/exec/…", .subprotocols =
//   {"v5.channel.k8s.io"}, .ca_pem = ca, .certificate_pem = cert, .key_pem = key},
//   [](Result<std::shared_ptr<WebSocket>> socket) { … });
//
// The callback comes exactly once, on a loop thread; it sets the socket's handlers there, before the first message is
// delivered. Dropping the socket closes the connection. Errors: kUnavailable (no connection, a broken handshake),
// kDeadlineExceeded, kUnauthenticated (the server's certificate), kInvalidArgument (options), and for an answer other
// than 101 the Code of its status with its text as message. The loop must run until the callback came.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/http/message.h"
#include "net/http/server.h"
#include "net/loop/loop.h"

namespace appliance::net::http {

struct WebSocketClientOptions {
  std::string base_url{};  // scheme://address[:port]; an address, not a name
  std::string path{};      // with the query
  Headers headers{};
  std::vector<std::string> subprotocols{};  // offered in this order; the server must choose one, if there are any
  std::string ca_pem{};                     // trust exactly this; empty = the system's bundle
  std::string certificate_pem{};            // mutual TLS; empty = none
  std::string key_pem{};
  std::string common_name{};                    // that the server's certificate must have besides the address
  std::chrono::milliseconds deadline{5000};     // connection and both handshakes together
  size_t queue_bytes_max = 16U * 1024 * 1024;   // more waiting for a slow server: the connection is closed
  size_t message_bytes_max = 8U * 1024 * 1024;  // a longer message ends the connection
};

void connect_websocket(Loop& loop, WebSocketClientOptions options,
                       std::function<void(Result<std::shared_ptr<WebSocket>>)> opened);

}  // namespace appliance::net::http
