// Reading and verifying certificates: parse_certificate and verify_chain of x509.h.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/sha256.h"
#include "base/crypto/x509.h"
#include "base/crypto/x509_names.h"
#include "base/strings.h"

namespace appliance::crypto {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpensslFree<X509_STORE_CTX_free>>;
struct StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFree>;

Result<base::WallTime> wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return fail(Code::kInvalidArgument, "certificate: validity does not parse");
  return base::WallTime(std::chrono::seconds(timegm(&parts)));
}

std::string serial_hex(X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  return base::hex(
      {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), static_cast<size_t>(ASN1_STRING_length(serial))});
}

Result<CertificateFacts> facts_of(X509* certificate) {
  CertificateFacts out;
  out.common_name = common_name_of(X509_get_subject_name(certificate));
  out.organizations = name_entries(X509_get_subject_name(certificate), NID_organizationName);
  out.issuer_common_name = common_name_of(X509_get_issuer_name(certificate));
  out.not_before = TRY(wall_time(X509_get0_notBefore(certificate)));
  out.not_after = TRY(wall_time(X509_get0_notAfter(certificate)));
  out.is_ca = X509_check_ca(certificate) == 1;
  out.serial_hex = serial_hex(certificate);
  out.sha256 = der_sha256(certificate, i2d_X509);
  out.public_key_sha256 = der_sha256(X509_get_X509_PUBKEY(certificate), i2d_X509_PUBKEY);
  const GeneralNamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  AltNames alternative = read_alt_names(names.get());
  out.dns_names = std::move(alternative.dns_names);
  out.ip_addresses = std::move(alternative.ip_addresses);
  ERR_clear_error();
  return out;
}

Result<StackPtr> read_chain(std::string_view pem) {
  init();
  const BioPtr bio = bio_of(pem);
  StackPtr chain(sk_X509_new_null());
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(chain.get(), certificate);
    if (static_cast<size_t>(sk_X509_num(chain.get())) > kChainMax)
      return fail(Code::kInvalidArgument, "more than " + std::to_string(kChainMax) + " certificates in a row");
  }
  const unsigned long last = ERR_peek_last_error();
  const bool ended = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!ended || sk_X509_num(chain.get()) == 0) return fail(openssl_error(Code::kInvalidArgument, "certificate"));
  ERR_clear_error();
  return chain;
}

Result<> set_verify_parameters(X509_VERIFY_PARAM* param, const VerifyOptions& options) {
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(options.now.time_since_epoch()).count());
  if (options.usage == Usage::kServer) X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  if (options.usage == Usage::kClient) X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
  if (options.host.empty()) return {};
  if (X509_VERIFY_PARAM_set1_ip_asc(param, options.host.c_str()) == 1) return {};
  ERR_clear_error();
  if (X509_VERIFY_PARAM_set1_host(param, options.host.data(), options.host.size()) == 1) return {};
  return fail(openssl_error(Code::kInvalidArgument, "host \"" + options.host + "\""));
}

}  // namespace

Result<CertificateFacts> parse_certificate(std::string_view pem) {
  const X509Ptr certificate = TRY(read_certificate(pem));
  return facts_of(certificate.get());
}

Result<CertificateFacts> parse_certificate_der(std::string_view der) {
  init();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const X509Ptr certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
  if (!certificate) return fail(openssl_error(Code::kInvalidArgument, "certificate"));
  return facts_of(certificate.get());
}

Result<std::vector<std::string>> split_pem_chain(std::string_view pem) {
  const StackPtr chain = TRY(read_chain(pem));
  std::vector<std::string> out;
  for (int i = 0; i < sk_X509_num(chain.get()); ++i) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), sk_X509_value(chain.get(), i));
    out.push_back(bio_text(bio.get()));
  }
  return out;
}

Result<> verify_chain(std::string_view chain_pem, const VerifyOptions& options) {
  const StackPtr chain = TRY(read_chain(chain_pem));
  const StackPtr roots = TRY_CTX(read_chain(options.ca_pem), "CA");
  const StorePtr store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(roots.get()); ++i) X509_STORE_add_cert(store.get(), sk_X509_value(roots.get(), i));
  const StoreCtxPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), sk_X509_value(chain.get(), 0), chain.get()) != 1)
    return fail(openssl_error(Code::kInternal, "verify certificate"));
  TRY(set_verify_parameters(X509_STORE_CTX_get0_param(context.get()), options));
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return fail(Code::kUnauthenticated,
              std::string("certificate: ") + X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace appliance::crypto
