// What the files of base/crypto and net/tls share about OpenSSL: owners, and its error queue as our Error. Not for
// other modules.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::crypto {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

// `what: reason` with the last entry of OpenSSL's queue, which is emptied.
Error openssl_error(Code code, std::string_view what);

BioPtr bio_of(std::string_view bytes);  // borrows: reads from the caller's memory
std::string bio_text(BIO* bio);

Result<PkeyPtr> read_private_key(std::string_view pem);
Result<X509Ptr> read_certificate(std::string_view pem);  // the first one of the text

}  // namespace appliance::crypto
