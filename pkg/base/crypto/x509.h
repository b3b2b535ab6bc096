// Keys and X.509 certificates as PEM text: what the cluster's CA issues, and what we read of what others show.
//
//   std::string ca_key = TRY(crypto::generate_key());
//   std::string ca = TRY(crypto::self_signed_ca(ca_key, {.common_name = "appliance-ca", .not_before = now, .not_after =
//   now + 10y})); std::string key = TRY(crypto::generate_key()); std::string cert =
//   TRY(crypto::issue_certificate({.ca_pem = ca, .ca_key_pem = ca_key}, TRY(crypto::public_key_of(key)),
//                                                    {.common_name = "kubernetes", .dns_names = {"localhost"}, ...}));
//
// Keys are EC P-256, signatures ECDSA with SHA-256; reading takes any kind that OpenSSL knows. Pure apart from
// randomness for keys and serial numbers, which is OpenSSL's. Thread-safe. Errors: kInvalidArgument (text that does not
// parse, a date or an address that is none), kInternal (OpenSSL refused).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace appliance::crypto {

constexpr size_t kSanMax = 256;   // a certificate with more names is a mistake, not a need
constexpr size_t kChainMax = 64;  // certificates read from one PEM text (a whole CA bundle goes to net/tls instead)

struct CertificateSpec {
  std::string common_name{};
  std::vector<std::string> organizations{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};  // "10.43.0.1", "fd00::1"
  bool server_auth = false;                 // extended key usage; a certificate may have both
  bool client_auth = false;
  base::WallTime not_before{};
  base::WallTime not_after{};
};

struct Issuer {
  std::string_view ca_pem{};
  std::string_view ca_key_pem{};
};

// What a certificate says. Facts only: nothing here was verified.
struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  base::WallTime not_before;
  base::WallTime not_after;
  bool is_ca = false;
  std::string issuer_common_name;
  std::string serial_hex;
  std::string sha256;             // hex of the DER
  std::string public_key_sha256;  // hex of the SubjectPublicKeyInfo: what a join token pins
};

Result<std::string> generate_key();                                   // PKCS #8 PEM: write it with mode 0600
Result<std::string> public_key_of(std::string_view private_key_pem);  // SubjectPublicKeyInfo PEM

Result<std::string> self_signed_ca(std::string_view key_pem, const CertificateSpec& spec);  // path length 0
Result<std::string> issue_certificate(const Issuer& issuer, std::string_view public_key_pem,
                                      const CertificateSpec& spec);

Result<CertificateFacts> parse_certificate(std::string_view pem);  // the first certificate of the text
Result<CertificateFacts> parse_certificate_der(std::string_view der);
Result<std::vector<std::string>> split_pem_chain(std::string_view pem);  // one PEM text per certificate, in order

// True when key and certificate belong together.
Result<bool> key_matches(std::string_view certificate_pem, std::string_view private_key_pem);

enum class Usage : unsigned char { kAny, kServer, kClient };
struct VerifyOptions {
  std::string_view ca_pem{};  // one or more roots
  base::WallTime now{};
  Usage usage = Usage::kAny;
  std::string host{};  // DNS name or IP address that the certificate must carry; empty = not asked
};
// `chain_pem`: the leaf, then intermediates. kUnauthenticated with the reason when the chain does not hold.
Result<> verify_chain(std::string_view chain_pem, const VerifyOptions& options);

}  // namespace appliance::crypto
