#include "net/tls/peer_check.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/crypto/openssl.h"
#include "base/crypto/x509.h"

namespace appliance::net::tls {

std::string server_problem(ssl_st* ssl, const std::string& host, const std::string& common_name) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return std::string("the server's certificate: ") + X509_verify_cert_error_string(verdict);
  const crypto::X509Ptr shown(SSL_get1_peer_certificate(ssl));
  if (!shown) return SSL_is_init_finished(ssl) == 1 ? "the server showed no certificate" : "";
  const bool is_named = X509_check_ip_asc(shown.get(), host.c_str(), 0) == 1 ||
                        X509_check_host(shown.get(), host.data(), host.size(), 0, nullptr) == 1;
  if (!is_named) return "the server's certificate is not for " + host;
  if (common_name.empty()) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509(shown.get(), &der);
  if (size <= 0) return "the server's certificate cannot be read";
  const auto facts = crypto::parse_certificate_der({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  if (!facts) return "the server's " + facts.error().message;
  if (facts->common_name == common_name) return {};
  return "the server's certificate is of \"" + facts->common_name + "\", not of \"" + common_name + '"';
}

}  // namespace appliance::net::tls
