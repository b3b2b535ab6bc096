#include "orchestrator/apiserver/tokens.h"

#include "base/crypto/jwt.h"
#include "base/crypto/x509.h"
#include "base/json/json.h"
#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr std::string_view kSubjectPrefix = "system:serviceaccount:";

int64_t seconds_of(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

json::Value claims_of(const TokenSpec& spec, const std::string& issuer, int64_t now) {
  json::Array audiences;
  for (const std::string& audience : spec.audiences) audiences.emplace_back(audience);
  if (audiences.empty()) audiences.emplace_back(issuer);
  json::Object kubernetes{{"namespace", spec.ns},
                          {"serviceaccount", json::Object{{"name", spec.account}, {"uid", spec.account_uid}}}};
  if (!spec.bound.kind.empty()) {
    kubernetes[base::to_lower(spec.bound.kind)] = json::Object{{"name", spec.bound.name}, {"uid", spec.bound.uid}};
  }
  if (!spec.node_name.empty()) kubernetes["node"] = json::Object{{"name", spec.node_name}, {"uid", spec.node_uid}};
  return json::Object{{"aud", std::move(audiences)},
                      {"exp", now + spec.seconds},
                      {"iat", now},
                      {"iss", issuer},
                      {"jti", spec.id},
                      {"kubernetes.io", std::move(kubernetes)},
                      {"nbf", now},
                      {"sub", std::string(kSubjectPrefix) + spec.ns + ':' + spec.account}};
}

std::unexpected<Error> refused(std::string why) {
  return fail(Code::kUnauthenticated, "service account token: " + std::move(why));
}

Result<> check_times(const json::Value& claims, int64_t now) {
  if (json::int_at(claims, {"exp"}) <= now) return refused("expired");
  if (json::int_at(claims, {"nbf"}) > now + kClockSkewSeconds) return refused("not valid yet");
  return {};
}

// The object with this name must still be the one with this uid.
Result<> check_alive(const WatchCache& cache, std::string_view resource, const ObjectKey& key, std::string_view uid) {
  const Kind* kind = cache.kinds().by_resource(resource);
  if (kind == nullptr) return refused("bound to a kind that is not served");
  const ObjectPtr object = cache.get(*kind, key);
  if (!object || object->meta.uid != uid) return refused(std::string(resource) + " \"" + key.string() + "\" is gone");
  return {};
}

Result<std::vector<std::string>> check_audience(const json::Value& claims, const std::vector<std::string>& wanted) {
  std::vector<std::string> matching;
  for (const json::Value& audience : json::array_at(claims, {"aud"})) {
    if (!audience.is_string()) continue;
    if (std::ranges::find(wanted, std::string_view(audience.as_string())) != wanted.end())
      matching.emplace_back(audience.as_string());
  }
  if (matching.empty()) return refused("for another audience");
  return matching;
}

}  // namespace

Result<> Tokens::init() {
  public_key_ = TRY_CTX(crypto::public_key_of(key_), "service account key");
  key_id_ = TRY_CTX(crypto::key_id(public_key_), "service account key");
  return {};
}

Result<std::string> Tokens::issue(const TokenSpec& spec, base::WallTime now) const {
  const std::string header = json::serialize(json::Object{{"alg", "ES256"}, {"kid", key_id_}});
  return crypto::sign_jwt(header, json::serialize(claims_of(spec, issuer_, seconds_of(now))), key_);
}

Result<TokenAnswer> Tokens::verify(std::string_view token, const WatchCache& cache, base::WallTime now,
                                   const std::vector<std::string>& audiences) const {
  const auto parts = TRY(crypto::split_jwt(token));
  const json::Value header = TRY(json::parse(parts.header));
  if (json::string_at(header, {"alg"}) != "ES256") return refused("not ES256");
  if (auto good = crypto::verify_jwt(token, public_key_); !good) return refused("signature: " + good.error().message);
  const json::Value claims = TRY(json::parse(parts.payload));
  if (json::string_at(claims, {"iss"}) != issuer_) return refused("another issuer");
  TRY(check_times(claims, seconds_of(now)));
  TokenAnswer out;
  out.audiences = TRY(check_audience(claims, audiences.empty() ? std::vector{issuer_} : audiences));
  const std::string ns(json::string_at(claims, {"kubernetes.io", "namespace"}));
  const std::string account(json::string_at(claims, {"kubernetes.io", "serviceaccount", "name"}));
  const std::string uid(json::string_at(claims, {"kubernetes.io", "serviceaccount", "uid"}));
  TRY(check_alive(cache, "serviceaccounts", {ns, account}, uid));
  const std::string pod(json::string_at(claims, {"kubernetes.io", "pod", "name"}));
  const std::string pod_uid(json::string_at(claims, {"kubernetes.io", "pod", "uid"}));
  if (!pod.empty()) TRY(check_alive(cache, "pods", {ns, pod}, pod_uid));
  const std::string secret(json::string_at(claims, {"kubernetes.io", "secret", "name"}));
  if (!secret.empty())
    TRY(check_alive(cache, "secrets", {ns, secret}, json::string_at(claims, {"kubernetes.io", "secret", "uid"})));
  User& user = out.user;
  user.name = std::string(kSubjectPrefix) + ns + ':' + account;
  user.uid = uid;
  user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + ns, std::string(kGroupAuthenticated)};
  user.extra.push_back(
      {"authentication.kubernetes.io/credential-id", {"JTI=" + std::string(json::string_at(claims, {"jti"}))}});
  const std::string node(json::string_at(claims, {"kubernetes.io", "node", "name"}));
  if (!node.empty()) {
    user.extra.push_back({"authentication.kubernetes.io/node-name", {node}});
    user.extra.push_back({"authentication.kubernetes.io/node-uid",
                          {std::string(json::string_at(claims, {"kubernetes.io", "node", "uid"}))}});
  }
  if (!pod.empty()) {
    user.extra.push_back({"authentication.kubernetes.io/pod-name", {pod}});
    user.extra.push_back({"authentication.kubernetes.io/pod-uid", {pod_uid}});
  }
  return out;
}

Result<std::string> Tokens::jwks() const {
  const auto jwk = TRY(crypto::public_key_jwk(public_key_));
  return json::serialize(json::Object{{"keys", json::Array{json::Object{{"use", "sig"},
                                                                        {"kty", "EC"},
                                                                        {"kid", jwk.kid},
                                                                        {"crv", "P-256"},
                                                                        {"alg", "ES256"},
                                                                        {"x", jwk.x},
                                                                        {"y", jwk.y}}}}});
}

}  // namespace appliance::orchestrator::apiserver
