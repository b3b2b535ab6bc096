// TLS for our listeners: a certificate and its key, optionally a CA for client certificates. TLS 1.2 and newer.
//
//   auto context = TRY(tls::ServerContext::create({.certificate_pem = chain, .key_pem = key, .client_ca_pem = ca}));
//   auto server = TRY(http::Server::listen(loop, {.port = 6443, .tls = context}, handler));
//   TRY(context->reload({.certificate_pem = renewed, ...}));     // new connections use it; open ones are not disturbed
//
// A client certificate is asked for but not required: a connection without one is anonymous, one with a certificate
// that our CA did not sign is anonymous as well and says so in Request::peer_error, so that an API can answer 401 in
// HTTP. Sessions are not resumed (no tickets, no cache), so a revoked CA is gone with the next connection. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"

struct ssl_ctx_st;  // SSL_CTX of OpenSSL

namespace appliance::net::tls {

struct ServerOptions {
  std::string certificate_pem{};  // the leaf, then intermediates
  std::string key_pem{};
  std::string client_ca_pem{};  // empty: no client certificate is asked for
  std::vector<std::string> alpn = {
      "http/1.1"};  // in the order of our preference; a client without ALPN is served as well
};

class ServerContext {
 public:
  static Result<std::shared_ptr<ServerContext>> create(
      const ServerOptions& options);              // kInvalidArgument: which part is bad
  Result<> reload(const ServerOptions& options);  // on an error the old certificate stays

  // The current SSL_CTX with a reference of its own; for net/http only.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> acquire() const;

 private:
  ServerContext() = default;
  mutable std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> current_;
};

}  // namespace appliance::net::tls
