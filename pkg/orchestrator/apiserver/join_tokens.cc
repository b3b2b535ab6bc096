#include "orchestrator/apiserver/join_tokens.h"

#include "base/crypto/sha256.h"
#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr size_t kSaltBytes = 16;

std::string random_text(base::Random& random, size_t size) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < size) out += kAlphabet[random.below(kAlphabet.size())];
  return out;
}

// The secret has 165 bits of its own: a slow hash would protect nothing more.
std::string hash_of(std::string_view salt_hex, std::string_view secret) {
  return crypto::sha256_hex(std::string(salt_hex) + ':' + std::string(secret));
}

Result<> check(std::chrono::seconds ttl, std::string_view role, std::string_view description) {
  if (ttl < std::chrono::seconds(1))
    return fail(Code::kInvalidArgument, "ttl: a join token must live for a second at least");
  if (ttl > kJoinTokenTtlMax)
    return fail(Code::kInvalidArgument, "ttl: longer than " + std::to_string(kJoinTokenTtlMax.count() / 24) + " days");
  if (role != "worker" && role != "server")
    return fail(Code::kInvalidArgument, "role: \"" + std::string(role) + "\" is neither worker nor server");
  if (description.size() > kJoinTokenDescriptionMax || !base::valid_utf8(description))
    return fail(Code::kInvalidArgument,
                "description: must be text of at most " + std::to_string(kJoinTokenDescriptionMax) + " bytes");
  return {};
}

std::unexpected<Error> refused(std::string why, std::string hint) {
  return std::unexpected(
      Error{.code = Code::kUnauthenticated, .message = std::move(why), .errno_value = 0, .hint = std::move(hint)});
}
constexpr const char* kHint = "appliance token create, on a server of the cluster, makes a new one";

std::string datum(const json::Value& secret, std::string_view key) {
  return base::unbase64(json::string_at(secret, {"data", key})).value_or("");
}

}  // namespace

bool looks_like_join_token(std::string_view bearer) {
  return bearer.size() == kJoinTokenIdSize + 1 + kJoinTokenSecretSize && bearer[kJoinTokenIdSize] == '.' &&
         api::is_join_token_part(bearer.substr(0, kJoinTokenIdSize), kJoinTokenIdSize) &&
         api::is_join_token_part(bearer.substr(kJoinTokenIdSize + 1), kJoinTokenSecretSize);
}

Result<NewJoinToken> make_join_token(std::chrono::seconds ttl, std::string_view role, std::string_view description,
                                     base::WallTime now, base::Random& random) {
  TRY(check(ttl, role, description));
  NewJoinToken out;
  out.id = random_text(random, kJoinTokenIdSize);
  out.secret = random_text(random, kJoinTokenSecretSize);
  unsigned char salt[kSaltBytes];
  random.fill(salt);
  const std::string salt_hex = base::hex({reinterpret_cast<const char*>(salt), sizeof salt});
  out.object = json::Object{{"apiVersion", "v1"},
                            {"kind", "Secret"},
                            {"metadata", json::Object{{"name", std::string(kJoinTokenNamePrefix) + out.id},
                                                      {"namespace", kJoinTokenNamespace}}},
                            {"type", kJoinTokenType},
                            {"data", json::Object{{"hash", base::base64(hash_of(salt_hex, out.secret))},
                                                  {"salt", base::base64(salt_hex)},
                                                  {"expires", base::base64(base::format_rfc3339(now + ttl))},
                                                  {"role", base::base64(role)},
                                                  {"description", base::base64(description)}}}};
  return out;
}

std::optional<JoinTokenFacts> join_token_facts(const json::Value& secret) {
  const std::string_view name = json::string_at(secret, {"metadata", "name"});
  if (json::string_at(secret, {"type"}) != kJoinTokenType || !name.starts_with(kJoinTokenNamePrefix))
    return std::nullopt;
  return JoinTokenFacts{.id = std::string(name.substr(kJoinTokenNamePrefix.size())),
                        .role = datum(secret, "role"),
                        .description = datum(secret, "description"),
                        .expires = datum(secret, "expires")};
}

Result<User> verify_join_token(std::string_view bearer, const WatchCache& cache, base::WallTime now) {
  if (!looks_like_join_token(bearer)) return refused("not a join token", kHint);
  const std::string id(bearer.substr(0, kJoinTokenIdSize));
  const Kind* secrets = cache.kinds().by_resource("secrets");
  const ObjectPtr object =
      secrets == nullptr
          ? nullptr
          : cache.get(*secrets, {std::string(kJoinTokenNamespace), std::string(kJoinTokenNamePrefix) + id});
  if (!object || object->meta.deletion_seconds) return refused("unknown join token", kHint);
  const json::Value document = object->document();
  const auto facts = join_token_facts(document);
  const std::string hash = hash_of(datum(document, "salt"), bearer.substr(kJoinTokenIdSize + 1));
  if (!facts || !crypto::constant_time_equal(hash, datum(document, "hash")))
    return refused("unknown join token", kHint);
  const auto expires = base::parse_rfc3339(facts->expires);
  if (!expires) return refused("unknown join token", kHint);
  if (*expires <= now) return refused("the join token expired at " + facts->expires, kHint);
  return User{.name = std::string(kBootstrapUserPrefix) + id,
              .uid = {},
              .groups = {std::string(kGroupBootstrappers), std::string(kGroupAuthenticated)},
              .extra = {}};
}

}  // namespace appliance::orchestrator::apiserver
