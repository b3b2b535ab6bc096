// JSON Web Tokens signed with ES256 (RFC 7515, 7518 section 3.4): the service account tokens of the cluster. JSON stays
// with the caller: this file signs and checks text.
//
//   std::string token = TRY(crypto::sign_jwt(R"({"alg":"ES256","kid":"..."})", claims, key_pem));
//   crypto::JwtParts parts = TRY(crypto::split_jwt(token));                    // header and payload, nothing verified
//   yet TRY(crypto::verify_jwt(token, public_key_pem));                            // kUnauthenticated when the
//   signature is not good
//
// The caller checks that the header's alg is ES256 before it believes anything: verify_jwt knows no other.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::crypto {

constexpr size_t kJwtBytesMax = 32U * 1024;  // a request header's limit; real ones have 1 KB

struct JwtParts {
  std::string header;   // JSON text
  std::string payload;  // JSON text
};

// Public key of P-256 as the members of a JWK (RFC 7517): base64url coordinates. key_id() is what we put into "kid".
struct EcJwk {
  std::string x;
  std::string y;
  std::string kid;
};

Result<std::string> es256_sign(std::string_view message, std::string_view private_key_pem);  // raw r||s, 64 bytes
Result<> es256_verify(std::string_view message, std::string_view signature, std::string_view public_key_pem);

Result<std::string> sign_jwt(std::string_view header_json, std::string_view payload_json,
                             std::string_view private_key_pem);
Result<JwtParts> split_jwt(std::string_view token);
Result<> verify_jwt(std::string_view token, std::string_view public_key_pem);

Result<EcJwk> public_key_jwk(std::string_view public_key_pem);
// base64url of the SHA-256 of the SubjectPublicKeyInfo in DER, as kube-apiserver derives its key ids.
Result<std::string> key_id(std::string_view public_key_pem);

}  // namespace appliance::crypto
