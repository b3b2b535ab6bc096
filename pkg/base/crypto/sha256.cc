#include "base/crypto/sha256.h"

#include <openssl/crypto.h>

#include "base/check.h"
#include "base/crypto/init.h"
#include "base/crypto/openssl.h"
#include "base/strings.h"

namespace appliance::crypto {
namespace {

// Fetched once: EVP_sha256() would look the provider up for each hash.
const EVP_MD* sha256_md() {
  static const EVP_MD* md = [] {
    init();
    return EVP_MD_fetch(nullptr, "SHA256", nullptr);
  }();
  APP_CHECK(md != nullptr);
  return md;
}

std::string_view view_of(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

struct Sha256::State {
  MdCtxPtr context{EVP_MD_CTX_new()};
};

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest out;
  APP_CHECK(EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, sha256_md(), nullptr) == 1);
  return out;
}

std::string sha256_hex(std::string_view bytes) { return base::hex(view_of(sha256(bytes))); }

Sha256::Sha256() : state_(std::make_unique<State>()) {
  APP_CHECK(EVP_DigestInit_ex2(state_->context.get(), sha256_md(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  APP_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
  Sha256Digest out;
  APP_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr) == 1);
  APP_CHECK(EVP_DigestInit_ex2(state_->context.get(), sha256_md(), nullptr) == 1);
  return out;
}

std::string Sha256::hex() { return base::hex(view_of(finish())); }

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace appliance::crypto
