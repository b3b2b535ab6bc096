#include <openssl/pem.h>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/x509.h"

namespace appliance::crypto {

Result<std::string> generate_key() {
  init();
  const PkeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return fail(openssl_error(Code::kInternal, "generate key"));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return fail(openssl_error(Code::kInternal, "write private key"));
  return bio_text(out.get());
}

Result<std::string> public_key_of(std::string_view private_key_pem) {
  const PkeyPtr key = TRY(read_private_key(private_key_pem));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) return fail(openssl_error(Code::kInternal, "write public key"));
  return bio_text(out.get());
}

Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem) {
  const X509Ptr certificate = TRY(read_certificate(certificate_pem));
  const PkeyPtr key = TRY(read_private_key(private_key_pem));
  return EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), key.get()) == 1;
}

}  // namespace appliance::crypto
