// Join tokens on the server's side. Each is a Secret `join-token-<id>` of type appliance.dev/join-token in kube-system,
// with the secret part only as a salted SHA-256: data `hash`, `salt`, `expires` (RFC 3339), `role` (worker, server),
// `description`. Deleting the Secret revokes the token. A bearer `id.secret` that fits and has not expired is the user
// system:bootstrap:<id> in system:bootstrappers; the authorizer lets it make and read its own
// CertificateSigningRequests and nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json/json.h"
#include "base/random.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

inline constexpr std::string_view kGroupBootstrappers = api::kBootstrappersGroup;
inline constexpr std::string_view kBootstrapUserPrefix = api::kBootstrapUser;
inline constexpr std::string_view kJoinTokenType = api::kJoinTokenSecretType;
inline constexpr std::chrono::hours kJoinTokenTtlDefault{24};
inline constexpr std::chrono::hours kJoinTokenTtlMax{24 * 365};
inline constexpr std::string_view kJoinTokenNamespace = api::kJoinNamespace;
inline constexpr std::string_view kJoinTokenNamePrefix = api::kJoinTokenPrefix;
using api::kJoinTokenIdSize;
using api::kJoinTokenSecretSize;
inline constexpr size_t kJoinTokenDescriptionMax = 256;  // a line for people, printed in a table

struct NewJoinToken {
  std::string id;      // [a-z0-9]{6}
  std::string secret;  // [a-z0-9]{32}
  json::Value object;  // the Secret to create
};
// kInvalidArgument for a ttl under a second or over the maximum, or a role that is none.
Result<NewJoinToken> make_join_token(std::chrono::seconds ttl, std::string_view role, std::string_view description,
                                     base::WallTime now, base::Random& random);

// kUnauthenticated: "unknown join token", "the join token expired at …" (a join token that was good once may say so to
// its holder: only one who knows the whole secret learns it).
Result<User> verify_join_token(std::string_view bearer, const WatchCache& cache, base::WallTime now);

// Has the form `id.secret`: then it is judged as a join token and as nothing else.
bool looks_like_join_token(std::string_view bearer);

// What may be listed of a token's Secret; nullopt: it is none.
struct JoinTokenFacts {
  std::string id;
  std::string role;
  std::string description;
  std::string expires;  // RFC 3339
};
std::optional<JoinTokenFacts> join_token_facts(const json::Value& secret);

}  // namespace appliance::orchestrator::apiserver
