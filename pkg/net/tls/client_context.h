// The client's side of TLS: whom to trust, and who we are. TLS 1.2 and newer.
#pragma once

#include <string>

#include "base/error.h"

struct ssl_ctx_st;  // SSL_CTX of OpenSSL

namespace appliance::net::tls {

struct ClientOptions {
  std::string ca_pem{};           // trust exactly this; empty = the system's bundle, parsed once per process and shared
  std::string certificate_pem{};  // mutual TLS: the leaf, then intermediates; empty = none
  std::string key_pem{};
  bool verify = true;  // false: nothing is loaded to trust
};

// Sets a fresh SSL_CTX up. kInvalidArgument names the part that does not parse; kNotFound: no bundle on this machine.
Result<> configure_client(ssl_ctx_st* context, const ClientOptions& options);

}  // namespace appliance::net::tls
