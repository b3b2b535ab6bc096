#include "base/crypto/csr.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/x509_names.h"
#include "base/strings.h"

namespace appliance::crypto {
namespace {

using ReqPtr = std::unique_ptr<X509_REQ, OpensslFree<X509_REQ_free>>;

struct ExtensionsFree {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const { sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free); }
};
using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionsFree>;

Result<> add_alt_names(X509_REQ* request, const CsrSpec& spec) {
  if (spec.dns_names.empty() && spec.ip_addresses.empty()) return {};
  const GeneralNamesPtr names = TRY(make_alt_names(spec.dns_names, spec.ip_addresses));
  STACK_OF(X509_EXTENSION)* raw = nullptr;
  const bool made = X509V3_add1_i2d(&raw, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) == 1;
  const ExtensionsPtr extensions(raw);
  if (!made || X509_REQ_add_extensions(request, extensions.get()) != 1)
    return fail(openssl_error(Code::kInternal, "certificate request: alternative names"));
  return {};
}

Result<ReqPtr> read_request(std::string_view pem) {
  if (pem.size() > kCsrBytesMax)
    return fail(Code::kInvalidArgument, "certificate request: longer than " + std::to_string(kCsrBytesMax) + " bytes");
  init();
  const BioPtr bio = bio_of(pem);
  ReqPtr request(PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
  if (!request) return fail(openssl_error(Code::kInvalidArgument, "certificate request"));
  char* rest = nullptr;
  const long left = BIO_get_mem_data(bio.get(), &rest);
  if (left > 0 && !base::trim({rest, static_cast<size_t>(left)}).empty())
    return fail(Code::kInvalidArgument, "certificate request: more behind the first PEM block");
  return request;
}

// The requester has the private key (RFC 2986 section 4.2).
Result<EVP_PKEY*> proven_key(X509_REQ* request) {
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  if (key == nullptr) return fail(openssl_error(Code::kInvalidArgument, "certificate request: public key"));
  if (EVP_PKEY_get_bits(key) > kCsrKeyBitsMax)
    return fail(Code::kInvalidArgument,
                "certificate request: a key of more than " + std::to_string(kCsrKeyBitsMax) + " bits");
  const bool good = X509_REQ_verify(request, key) == 1;
  ERR_clear_error();
  if (!good) return fail(Code::kInvalidArgument, "certificate request: its signature does not fit its key");
  return key;
}

bool has_other_subject(const X509_NAME* name, size_t organizations) {
  const size_t names = name_entries(name, NID_commonName).size();
  return names > 1 || static_cast<size_t>(X509_NAME_entry_count(name)) != names + organizations;
}

}  // namespace

Result<std::string> make_csr(std::string_view key_pem, const CsrSpec& spec) {
  const PkeyPtr key = TRY(read_private_key(key_pem));
  const ReqPtr request(X509_REQ_new());
  if (!request || X509_REQ_set_version(request.get(), 0) != 1 || X509_REQ_set_pubkey(request.get(), key.get()) != 1)
    return fail(openssl_error(Code::kInternal, "certificate request"));
  TRY(set_name(X509_REQ_get_subject_name(request.get()), spec.common_name, spec.organizations));
  TRY(add_alt_names(request.get(), spec));
  if (X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0)
    return fail(openssl_error(Code::kInternal, "sign certificate request"));
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509_REQ(out.get(), request.get()) != 1)
    return fail(openssl_error(Code::kInternal, "write certificate request"));
  return bio_text(out.get());
}

Result<CsrFacts> parse_csr(std::string_view pem) {
  const ReqPtr request = TRY(read_request(pem));
  EVP_PKEY* key = TRY(proven_key(request.get()));
  CsrFacts out;
  const X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  out.common_name = common_name_of(subject);
  out.organizations = name_entries(subject, NID_organizationName);
  out.has_other_subject = has_other_subject(subject, out.organizations.size());
  const ExtensionsPtr extensions(X509_REQ_get_extensions(request.get()));
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  AltNames alternative = read_alt_names(names.get());
  out.dns_names = std::move(alternative.dns_names);
  out.ip_addresses = std::move(alternative.ip_addresses);
  out.has_other_names = alternative.has_others;
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(text.get(), key) != 1)
    return fail(openssl_error(Code::kInternal, "certificate request: public key"));
  out.public_key_pem = bio_text(text.get());
  out.public_key_sha256 = der_sha256(X509_REQ_get_X509_PUBKEY(request.get()), i2d_X509_PUBKEY);
  ERR_clear_error();
  return out;
}

}  // namespace appliance::crypto
