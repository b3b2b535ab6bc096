#include "net/tls/context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "net/tls/pem_into.h"

namespace appliance::net::tls {
namespace {

using crypto::openssl_error;

// RFC 7301: each protocol with its length in front.
std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire.push_back(static_cast<char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* client,
                unsigned client_size, void* wire) {
  const auto& ours = *static_cast<const std::string*>(wire);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), client, client_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;  // the client speaks something else first; HTTP/1.1 without ALPN may still work
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// The handshake goes on with a bad certificate: what it was worth is read from SSL_get_verify_result afterwards.
int accept_any_certificate(int, X509_STORE_CTX*) { return 1; }

Result<> use_client_ca(SSL_CTX* context, const std::string& pem) {
  if (pem.empty()) return {};
  const crypto::BioPtr bio = crypto::bio_of(pem);
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const crypto::X509Ptr owner(certificate);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
    SSL_CTX_add_client_CA(context, certificate);  // the names that the client is told, to choose a certificate by
    ++count;
  }
  if (count == 0) return fail(openssl_error(Code::kInvalidArgument, "TLS client CA"));
  ERR_clear_error();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any_certificate);
  return {};
}

Result<std::shared_ptr<SSL_CTX>> make_context(const ServerOptions& options) {
  crypto::init();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(openssl_error(Code::kInternal, "TLS context"));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // 34 KB less per idle connection
  TRY(use_certificate(context.get(), options.certificate_pem, options.key_pem));
  TRY(use_client_ca(context.get(), options.client_ca_pem));

  // The text lives as long as the context: ex data with a destructor.
  static const int slot = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* text, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(text); });
  auto* wire = new std::string(alpn_wire(options.alpn));
  SSL_CTX_set_ex_data(context.get(), slot, wire);
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, wire);
  return context;
}

}  // namespace

Result<std::shared_ptr<ServerContext>> ServerContext::create(const ServerOptions& options) {
  std::shared_ptr<ServerContext> out(new ServerContext());
  TRY(out->reload(options));
  return out;
}

Result<> ServerContext::reload(const ServerOptions& options) {
  std::shared_ptr<SSL_CTX> fresh = TRY(make_context(options));
  const std::scoped_lock lock(mutex_);
  current_ = std::move(fresh);
  return {};
}

std::shared_ptr<ssl_ctx_st> ServerContext::acquire() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

}  // namespace appliance::net::tls
