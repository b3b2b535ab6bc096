// The blocking HTTP(S) client, for pool threads, the command line and the registry (cpp-httplib stays behind it).
//
//   Client client({.base_url = "https://127.0.0.1:6443", .ca_pem = ca, .certificate_pem = cert, .key_pem = key});
//   Reply reply = TRY(client.send({.method = "GET", .path = "/version"}));
//
// Errors: kUnavailable (no connection), kDeadlineExceeded, kUnauthenticated (the peer's certificate),
// kResourceExhausted (answer over body_bytes_max). Statuses over 399 are answers, not errors. One request at a time per
// Client.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "net/http/message.h"

namespace appliance::net::http {

struct ClientOptions {
  std::string base_url{};         // scheme://host[:port], or unix:///path/to.sock
  std::string ca_pem{};           // trust exactly this; empty = the system's bundle
  std::string certificate_pem{};  // mutual TLS; empty = none
  std::string key_pem{};
  std::string common_name{};  // that the server's certificate must have besides the host's name; empty = any
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds read_timeout{60000};  // without a byte
  // A peer that is gone without a word is noticed after three times this long, even while nothing is sent; 0 = never.
  std::chrono::seconds keepalive{0};
  bool follow_redirects = false;
  bool insecure_skip_verify = false;
};

struct ClientRequest {
  std::string method = "GET";
  std::string path{};  // with the query
  Headers headers{};
  std::string body{};
  std::string content_type{};
  size_t body_bytes_max = 64U * 1024 * 1024;
  // For the whole answer, counted from send(); 0 = none. Checked with each piece: it passes by at most read_timeout.
  std::chrono::milliseconds deadline{0};
  std::chrono::milliseconds read_timeout{0};            // without a byte; 0 = that of ClientOptions
  std::function<void(const Response& head)> on_head{};  // once, before the first piece
  // When set, called for each piece of the body as it comes instead of filling Reply::body; false stops the transfer
  // (then kCancelled). `status` and headers of `head` are those of the answer.
  std::function<bool(const Response& head, std::string_view piece)> on_data{};
};

struct Reply {
  int status = 0;
  Headers headers{};
  std::string body{};
};

class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Result<Reply> send(ClientRequest request);
  // Thread-safe, also from on_data: ends a running send() with kCancelled, and so does every later one. May wait for a
  // connection attempt to end (connect_timeout).
  void cancel();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::net::http
