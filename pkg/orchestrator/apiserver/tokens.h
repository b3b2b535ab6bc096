// Service account tokens: JWTs signed with ES256 (kube-api page 5, "SA JWT"). Issued by TokenRequest, checked on each
// request: signature, times, and that the account (and the pod it is bound to) still live with the same uid.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

inline constexpr int64_t kTokenSecondsMin = 600;  // as kube-apiserver
inline constexpr int64_t kTokenSecondsDefault = 3600;
inline constexpr int64_t kTokenSecondsMax = 365L * 86400;  // longer ones are cut
inline constexpr int64_t kClockSkewSeconds = 60;           // nbf may lie this far ahead

struct BoundObject {
  std::string kind;  // "Pod", "Secret" or "Node"; "" = none
  std::string name;
  std::string uid;
};
struct TokenSpec {
  std::string ns;
  std::string account;
  std::string account_uid;
  std::vector<std::string> audiences;  // empty: the issuer
  int64_t seconds = kTokenSecondsDefault;
  BoundObject bound;
  std::string node_name;  // of the bound pod
  std::string node_uid;
  std::string id;  // jti
};
struct TokenAnswer {
  User user;
  std::vector<std::string> audiences;
};

class Tokens {
 public:
  Tokens(std::string private_key_pem, std::string issuer)
      : key_(std::move(private_key_pem)), issuer_(std::move(issuer)) {}
  [[nodiscard]] Result<> init();  // derives the public key; kInvalidArgument when the key is none
  [[nodiscard]] Result<std::string> issue(const TokenSpec& spec, base::WallTime now) const;
  // kUnauthenticated with a reason that the log may show and the client not. `audiences` empty: the token must be for
  // us.
  [[nodiscard]] Result<TokenAnswer> verify(std::string_view token, const WatchCache& cache, base::WallTime now,
                                           const std::vector<std::string>& audiences = {}) const;
  [[nodiscard]] const std::string& issuer() const { return issuer_; }
  [[nodiscard]] Result<std::string> jwks() const;  // {"keys":[..]}

 private:
  std::string key_;
  std::string issuer_;
  std::string public_key_;
  std::string key_id_;
};

}  // namespace appliance::orchestrator::apiserver
