#include "net/tls/pem_into.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/crypto/openssl.h"

namespace appliance::net::tls {

using crypto::openssl_error;

Result<> use_certificate(ssl_ctx_st* context, const std::string& certificate_pem, const std::string& key_pem) {
  const crypto::BioPtr bio = crypto::bio_of(certificate_pem);
  const crypto::X509Ptr leaf(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return fail(openssl_error(Code::kInvalidArgument, "TLS certificate"));
  while (X509* intermediate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, intermediate) != 1) {
      X509_free(intermediate);
      return fail(openssl_error(Code::kInvalidArgument, "TLS certificate chain"));
    }
  }
  ERR_clear_error();  // the end of the text
  const crypto::PkeyPtr key = TRY_CTX(crypto::read_private_key(key_pem), "TLS");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return fail(openssl_error(Code::kInvalidArgument, "TLS private key"));
  return {};
}

}  // namespace appliance::net::tls
