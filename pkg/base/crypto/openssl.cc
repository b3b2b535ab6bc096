#include "base/crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/check.h"
#include "base/crypto/init.h"

namespace appliance::crypto {
namespace {

// A private key in PEM without a prompt: an encrypted key is an error, never a question on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

void init() {
  static const bool done = [] {
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1;
  }();
  APP_CHECK(done);
}

Error openssl_error(Code code, std::string_view what) {
  const unsigned long last = ERR_peek_last_error();
  std::string reason = "unknown reason";
  if (last != 0) {
    const char* text = ERR_reason_error_string(last);
    reason = text != nullptr ? text : "OpenSSL error " + std::to_string(last);
  }
  ERR_clear_error();
  return Error{.code = code, .message = std::string(what) + ": " + reason, .errno_value = 0, .hint = {}};
}

BioPtr bio_of(std::string_view bytes) { return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

Result<PkeyPtr> read_private_key(std::string_view pem) {
  init();
  const BioPtr bio = bio_of(pem);
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return fail(openssl_error(Code::kInvalidArgument, "private key"));
  return key;
}

Result<X509Ptr> read_certificate(std::string_view pem) {
  init();
  const BioPtr bio = bio_of(pem);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return fail(openssl_error(Code::kInvalidArgument, "certificate"));
  return certificate;
}

}  // namespace appliance::crypto
