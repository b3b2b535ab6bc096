// fuzz: deps=base_crypto
// fuzz: sources=pkg/node/join/token.cc
// What machines that join send: a certificate request that parses has its key and the hash of it, and a join
// token that parses prints as itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/crypto/csr.h"
#include "node/join/token.h"

using namespace appliance;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto facts = crypto::parse_csr(text)) {
    if (facts->public_key_pem.empty() || facts->public_key_sha256.size() != 64) std::abort();
  }
  if (const auto token = node::parse_join_token(text)) {
    const auto again = node::parse_join_token(token->text());
    if (!again || again->text() != token->text()) std::abort();
  }
  (void)node::parse_ttl(text);
  return 0;
}
