// Loads a certificate chain and its key from PEM text into an SSL_CTX. For net/tls only.
#pragma once

#include <string>

#include "base/error.h"

struct ssl_ctx_st;

namespace appliance::net::tls {

Result<> use_certificate(ssl_ctx_st* context, const std::string& certificate_pem, const std::string& key_pem);

}  // namespace appliance::net::tls
