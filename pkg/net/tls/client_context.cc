#include "net/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <mutex>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "net/tls/pem_into.h"
#include "net/tls/system_bundle.h"

namespace appliance::net::tls {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, crypto::OpensslFree<X509_STORE_free>>;

Result<StorePtr> store_of(std::string_view pem) {
  StorePtr store(X509_STORE_new());
  const crypto::BioPtr bio = crypto::bio_of(pem);
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const crypto::X509Ptr owner(certificate);
    X509_STORE_add_cert(store.get(), certificate);
    ++count;
  }
  if (count == 0) return fail(crypto::openssl_error(Code::kInvalidArgument, "TLS CA certificates"));
  ERR_clear_error();  // the end of the text
  return store;
}

// Parsing a bundle costs 14-21 ms and 1 MB: once per process. A new reference for the caller.
Result<X509_STORE*> system_store() {
  static std::mutex mutex;
  static StorePtr shared;
  const std::scoped_lock lock(mutex);
  if (!shared) {
    const auto bundle = TRY(system_ca_bundle());
    shared = TRY(store_of(*bundle));
  }
  X509_STORE_up_ref(shared.get());
  return shared.get();
}

}  // namespace

Result<> configure_client(ssl_ctx_st* context, const ClientOptions& options) {
  crypto::init();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  if (options.verify) {
    X509_STORE* store = options.ca_pem.empty() ? TRY(system_store()) : TRY(store_of(options.ca_pem)).release();
    SSL_CTX_set_cert_store(context, store);  // takes the reference
  }
  if (options.certificate_pem.empty()) return {};
  return use_certificate(context, options.certificate_pem, options.key_pem);
}

}  // namespace appliance::net::tls
