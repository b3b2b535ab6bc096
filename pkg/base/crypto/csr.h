// Certificate signing requests (PKCS #10, RFC 2986) as PEM text: what a machine that joins sends, and what the signer
// reads.
//
//   std::string key = TRY(crypto::generate_key());
//   std::string csr = TRY(crypto::make_csr(key, {.common_name = "system:node:w1", .organizations = {"system:nodes"}}));
//   CsrFacts facts = TRY(crypto::parse_csr(csr));     // its signature holds: the sender has the key
//   TRY(crypto::issue_certificate(ca, facts.public_key_pem, {.common_name = facts.common_name, ...}));
//
// Pure and thread-safe, as x509.h. Errors: kInvalidArgument.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace appliance::crypto {

constexpr size_t kCsrBytesMax = 64U * 1024;  // real ones have 500 bytes; 256 long names fit
constexpr int kCsrKeyBitsMax = 8192;         // of RSA: checking a signature of more costs the server too much

struct CsrSpec {
  std::string common_name{};
  std::vector<std::string> organizations{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> ip_addresses{};
};

struct CsrFacts {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool has_other_names = false;    // alternative names of other types: mail, URI, ...
  bool has_other_subject = false;  // the subject has more than O and one CN
  std::string public_key_pem;
  std::string public_key_sha256;  // as CertificateFacts has it
};

Result<std::string> make_csr(std::string_view key_pem, const CsrSpec& spec);
// Exactly one PEM block of type CERTIFICATE REQUEST (or NEW CERTIFICATE REQUEST), signed with its own key.
Result<CsrFacts> parse_csr(std::string_view pem);

}  // namespace appliance::crypto
