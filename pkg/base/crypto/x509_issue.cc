// Making certificates: self_signed_ca and issue_certificate of x509.h.
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/x509.h"
#include "base/crypto/x509_names.h"

namespace appliance::crypto {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslFree<X509_EXTENSION_free>>;
using BnPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;

// 127 random bits, positive, never 0 (RFC 5280 section 4.1.2.2).
Result<> set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return fail(openssl_error(Code::kInternal, "serial number"));
  bytes[0] = (bytes[0] & 0x3FU) | 0x40U;
  const BnPtr number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr)
    return fail(openssl_error(Code::kInternal, "serial number"));
  return {};
}

Result<> set_times(X509* certificate, const CertificateSpec& spec) {
  if (spec.not_after <= spec.not_before)
    return fail(Code::kInvalidArgument, "certificate: not_after is not behind not_before");
  const auto seconds = [](base::WallTime t) {
    return static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count());
  };
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(spec.not_before)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(spec.not_after)) == nullptr)
    return fail(openssl_error(Code::kInvalidArgument, "certificate: validity"));
  return {};
}

Result<> set_subject(X509* certificate, const CertificateSpec& spec) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return set_name(name, spec.common_name, spec.organizations);
}

Result<> add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
    return fail(openssl_error(Code::kInternal, std::string("certificate: extension ") + OBJ_nid2sn(nid)));
  return {};
}

Result<> add_alt_names(X509* certificate, const CertificateSpec& spec) {
  if (spec.dns_names.empty() && spec.ip_addresses.empty()) return {};
  const GeneralNamesPtr names = TRY(make_alt_names(spec.dns_names, spec.ip_addresses));
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) != 1)
    return fail(openssl_error(Code::kInternal, "certificate: alternative names"));
  return {};
}

Result<> add_usages(X509* certificate, X509V3_CTX* context, const CertificateSpec& spec, bool ca) {
  if (ca) {
    TRY(add_extension(certificate, context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
    return add_extension(certificate, context, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
  }
  TRY(add_extension(certificate, context, NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(certificate, context, NID_key_usage, "critical,digitalSignature"));
  std::string usages;
  if (spec.server_auth) usages = "serverAuth";
  if (spec.client_auth) usages += usages.empty() ? "clientAuth" : ",clientAuth";
  if (!usages.empty()) TRY(add_extension(certificate, context, NID_ext_key_usage, usages));
  return {};
}

// issuer == nullptr: signed by itself.
Result<std::string> make_certificate(const CertificateSpec& spec, EVP_PKEY* subject_key, X509* issuer,
                                     EVP_PKEY* signer) {
  const X509Ptr certificate(X509_new());
  X509* issuer_or_self = issuer != nullptr ? issuer : certificate.get();
  X509_set_version(certificate.get(), X509_VERSION_3);
  TRY(set_serial(certificate.get()));
  TRY(set_times(certificate.get(), spec));
  TRY(set_subject(certificate.get(), spec));
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer_or_self));
  X509_set_pubkey(certificate.get(), subject_key);

  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer_or_self, certificate.get(), nullptr, nullptr, 0);
  TRY(add_usages(certificate.get(), &context, spec, issuer == nullptr));
  TRY(add_extension(certificate.get(), &context, NID_subject_key_identifier, "hash"));
  TRY(add_extension(certificate.get(), &context, NID_authority_key_identifier, "keyid"));
  TRY(add_alt_names(certificate.get(), spec));
  if (X509_sign(certificate.get(), signer, EVP_sha256()) == 0)
    return fail(openssl_error(Code::kInternal, "sign certificate"));

  const BioPtr out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), certificate.get()) != 1)
    return fail(openssl_error(Code::kInternal, "write certificate"));
  return bio_text(out.get());
}

}  // namespace

Result<std::string> self_signed_ca(std::string_view key_pem, const CertificateSpec& spec) {
  const PkeyPtr key = TRY_CTX(read_private_key(key_pem), "CA");
  return make_certificate(spec, key.get(), nullptr, key.get());
}

Result<std::string> issue_certificate(const Issuer& issuer, std::string_view public_key_pem,
                                      const CertificateSpec& spec) {
  const X509Ptr ca = TRY_CTX(read_certificate(issuer.ca_pem), "CA");
  const PkeyPtr ca_key = TRY_CTX(read_private_key(issuer.ca_key_pem), "CA");
  if (EVP_PKEY_eq(X509_get0_pubkey(ca.get()), ca_key.get()) != 1)
    return fail(Code::kInvalidArgument, "CA: certificate and key do not belong together");
  const BioPtr in = bio_of(public_key_pem);
  const PkeyPtr subject_key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  if (!subject_key) return fail(openssl_error(Code::kInvalidArgument, "public key"));
  return make_certificate(spec, subject_key.get(), ca.get(), ca_key.get());
}

}  // namespace appliance::crypto
