#include "base/crypto/jwt.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <vector>

#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/crypto/sha256.h"
#include "base/strings.h"

namespace appliance::crypto {
namespace {

constexpr size_t kCoordinateBytes = 32;  // P-256

using BnPtr = std::unique_ptr<BIGNUM, OpensslFree<BN_free>>;
using SigPtr = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Result<> require_p256(EVP_PKEY* key) {
  std::array<char, 32> group{};
  size_t size = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1 ||
      std::string_view(group.data(), size) != "prime256v1") {
    ERR_clear_error();
    return fail(Code::kInvalidArgument, "key: not an EC key on P-256");
  }
  return {};
}

Result<PkeyPtr> read_public_key(std::string_view pem) {
  init();
  const BioPtr bio = bio_of(pem);
  PkeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return fail(openssl_error(Code::kInvalidArgument, "public key"));
  TRY(require_p256(key.get()));
  return key;
}

// OpenSSL speaks ASN.1 (RFC 3279), JOSE speaks r||s of fixed width.
Result<std::string> raw_of_der(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  const SigPtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return fail(openssl_error(Code::kInternal, "signature"));
  std::array<unsigned char, 2 * kCoordinateBytes> raw{};
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kCoordinateBytes, kCoordinateBytes) < 0)
    return fail(openssl_error(Code::kInternal, "signature"));
  return std::string(reinterpret_cast<char*>(raw.data()), raw.size());
}

std::string der_of_raw(std::string_view raw) {
  const SigPtr signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes_of(raw), kCoordinateBytes, nullptr),
                 BN_bin2bn(bytes_of(raw) + kCoordinateBytes, kCoordinateBytes, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

struct Segments {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header.payload
};

Result<Segments> segments_of(std::string_view token) {
  if (token.size() > kJwtBytesMax) return fail(Code::kInvalidArgument, "token: longer than 32 KiB");
  const std::vector<std::string_view> parts = base::split(token, '.');
  if (parts.size() != 3) return fail(Code::kInvalidArgument, "token: not three parts");
  return Segments{parts[0], parts[1], parts[2], token.substr(0, parts[0].size() + 1 + parts[1].size())};
}

}  // namespace

Result<std::string> es256_sign(std::string_view message, std::string_view private_key_pem) {
  const PkeyPtr key = TRY(read_private_key(private_key_pem));
  TRY(require_p256(key.get()));
  const MdCtxPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) != 1)
    return fail(openssl_error(Code::kInternal, "sign"));
  std::string der(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size, bytes_of(message),
                     message.size()) != 1)
    return fail(openssl_error(Code::kInternal, "sign"));
  der.resize(size);
  return raw_of_der(der);
}

Result<> es256_verify(std::string_view message, std::string_view signature, std::string_view public_key_pem) {
  const PkeyPtr key = TRY(read_public_key(public_key_pem));
  if (signature.size() != 2 * kCoordinateBytes) return fail(Code::kUnauthenticated, "signature: not 64 bytes");
  const std::string der = der_of_raw(signature);
  const MdCtxPtr context(EVP_MD_CTX_new());
  if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1)
    return fail(openssl_error(Code::kInternal, "verify"));
  const bool good = EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  if (!good) return fail(Code::kUnauthenticated, "signature: does not match");
  return {};
}

Result<std::string> sign_jwt(std::string_view header_json, std::string_view payload_json,
                             std::string_view private_key_pem) {
  std::string text = base::base64url(header_json) + "." + base::base64url(payload_json);
  const std::string signature = TRY(es256_sign(text, private_key_pem));
  return text + "." + base::base64url(signature);
}

Result<JwtParts> split_jwt(std::string_view token) {
  const Segments segments = TRY(segments_of(token));
  auto header = base::unbase64url(segments.header);
  auto payload = base::unbase64url(segments.payload);
  if (!header || !payload) return fail(Code::kInvalidArgument, "token: not base64url");
  return JwtParts{.header = *std::move(header), .payload = *std::move(payload)};
}

Result<> verify_jwt(std::string_view token, std::string_view public_key_pem) {
  const Segments segments = TRY(segments_of(token));
  const auto signature = base::unbase64url(segments.signature);
  if (!signature) return fail(Code::kUnauthenticated, "signature: not base64url");
  return es256_verify(segments.signed_text, *signature, public_key_pem);
}

Result<EcJwk> public_key_jwk(std::string_view public_key_pem) {
  const PkeyPtr key = TRY(read_public_key(public_key_pem));
  const auto coordinate = [&](const char* name) -> Result<std::string> {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key.get(), name, &number) != 1) return fail(openssl_error(Code::kInternal, "public key"));
    const BnPtr owner(number);
    std::array<unsigned char, kCoordinateBytes> bytes{};
    if (BN_bn2binpad(number, bytes.data(), kCoordinateBytes) < 0)
      return fail(openssl_error(Code::kInternal, "public key"));
    return base::base64url({reinterpret_cast<char*>(bytes.data()), bytes.size()});
  };
  EcJwk out;
  out.x = TRY(coordinate(OSSL_PKEY_PARAM_EC_PUB_X));
  out.y = TRY(coordinate(OSSL_PKEY_PARAM_EC_PUB_Y));
  out.kid = TRY(key_id(public_key_pem));
  return out;
}

Result<std::string> key_id(std::string_view public_key_pem) {
  const PkeyPtr key = TRY(read_public_key(public_key_pem));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return fail(openssl_error(Code::kInternal, "public key"));
  const Sha256Digest digest = sha256({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  return base::base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace appliance::crypto
