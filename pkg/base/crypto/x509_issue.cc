// Making certificates: self_signed_ca and issue_certificate of x509.h.
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/x509.h"

namespace appliance::crypto {
namespace {

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>>;
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

Result<> add_name_entry(X509_NAME* name, const char* field, const std::string& value) {
  if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                 static_cast<int>(value.size()), -1, 0) != 1)
    return fail(openssl_error(Code::kInvalidArgument, std::string("certificate: ") + field + " \"" + value + "\""));
  return {};
}

Result<> set_subject(X509* certificate, const CertificateSpec& spec) {
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const std::string& organization : spec.organizations) TRY(add_name_entry(name, "O", organization));
  if (!spec.common_name.empty()) TRY(add_name_entry(name, "CN", spec.common_name));
  return {};
}

Result<> add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
    return fail(openssl_error(Code::kInternal, std::string("certificate: extension ") + OBJ_nid2sn(nid)));
  return {};
}

Result<> push_dns(GENERAL_NAMES* names, const std::string& dns) {
  if (dns.empty() || dns.find('\0') != std::string::npos)
    return fail(Code::kInvalidArgument, "certificate: an empty DNS name");
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
  GENERAL_NAME_set0_value(name, GEN_DNS, text);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

Result<> push_ip(GENERAL_NAMES* names, const std::string& address) {
  ASN1_OCTET_STRING* bytes = a2i_IPADDRESS(address.c_str());
  if (bytes == nullptr)
    return fail(openssl_error(Code::kInvalidArgument, "certificate: IP address \"" + address + "\""));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, bytes);
  sk_GENERAL_NAME_push(names, name);
  return {};
}

// Built from values, not from OpenSSL's "DNS:a,IP:b" text, so that a name can't smuggle another one in by a comma.
Result<> add_alt_names(X509* certificate, const CertificateSpec& spec) {
  if (spec.dns_names.empty() && spec.ip_addresses.empty()) return {};
  if (spec.dns_names.size() + spec.ip_addresses.size() > kSanMax)
    return fail(Code::kInvalidArgument, "certificate: more than " + std::to_string(kSanMax) + " alternative names");
  const GeneralNamesPtr names(GENERAL_NAMES_new());
  for (const std::string& dns : spec.dns_names) TRY(push_dns(names.get(), dns));
  for (const std::string& address : spec.ip_addresses) TRY(push_ip(names.get(), address));
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
