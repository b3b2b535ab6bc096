#include "orchestrator/apiserver/sessions.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto/sha256.h"
#include "base/strings.h"
#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kSecretSize = 43;  // of those in base64url
constexpr size_t kIdSize = 16;      // [a-z0-9], the name of an object
constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";
constexpr std::string_view kExtraPodName = "authentication.kubernetes.io/pod-name";
constexpr const char* kHint = "run `appliance dashboard` again for a new link";

std::string random_secret(base::Random& random) {
  unsigned char bytes[kSecretBytes];
  random.fill(bytes);
  return base::base64url({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

std::string random_id(base::Random& random) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  while (out.size() < kIdSize) out += kAlphabet[random.below(kAlphabet.size())];
  return out;
}

bool is_id(std::string_view text) {
  return text.size() == kIdSize &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

json::Value user_document(const User& user) {
  json::Object extra;
  for (const auto& [key, values] : user.extra) extra[key] = json::Array(values.begin(), values.end());
  return json::Object{{"name", user.name},
                      {"uid", user.uid},
                      {"groups", json::Array(user.groups.begin(), user.groups.end())},
                      {"extra", std::move(extra)}};
}

std::vector<std::string> texts(const json::Array& array) {
  std::vector<std::string> out;
  for (const json::Value& value : array)
    if (value.is_string()) out.emplace_back(value.as_string());
  return out;
}

std::optional<User> user_of(std::string_view text) {
  const auto document = json::parse(text);
  if (!document || json::string_at(*document, {"name"}).empty()) return std::nullopt;
  User out{.name = std::string(json::string_at(*document, {"name"})),
           .uid = std::string(json::string_at(*document, {"uid"})),
           .groups = texts(json::array_at(*document, {"groups"})),
           .extra = {}};
  for (const auto& member : json::object_at(*document, {"extra"}))
    if (member.value().is_array()) out.extra.emplace_back(member.key(), texts(member.value().as_array()));
  return out;
}

std::string datum(const json::Value& secret, std::string_view key) {
  return base::unbase64(json::string_at(secret, {"data", key})).value_or("");
}

// nullopt: the Secret is none of ours, or is damaged.
std::optional<Session> session_of(const json::Value& secret) {
  const std::string_view name = json::string_at(secret, {"metadata", "name"});
  if (json::string_at(secret, {"type"}) != api::kUiSessionSecretType || !name.starts_with(api::kUiSessionPrefix))
    return std::nullopt;
  auto user = user_of(datum(secret, "user"));
  const auto expires = base::parse_rfc3339(datum(secret, "expires"));
  const auto made = base::parse_rfc3339(json::string_at(secret, {"metadata", "creationTimestamp"}));
  if (!user || !expires || !made) return std::nullopt;
  return Session{.id = std::string(name.substr(api::kUiSessionPrefix.size())),
                 .user = std::move(*user),
                 .made = *made,
                 .expires = *expires};
}

const Kind& secrets_kind(const WatchCache& cache) {
  const Kind* kind = cache.kinds().by_resource("secrets");
  APP_CHECK(kind != nullptr);
  return *kind;
}

// A service account's session ends with the account, as its tokens do.
bool account_lives(const WatchCache& cache, const User& user) {
  if (!user.name.starts_with(kServiceAccountPrefix)) return true;
  const auto parts = base::split(std::string_view(user.name).substr(kServiceAccountPrefix.size()), ':');
  const Kind* kind = cache.kinds().by_resource("serviceaccounts");
  if (kind == nullptr || parts.size() != 2) return false;
  const ObjectPtr account = cache.get(*kind, {std::string(parts[0]), std::string(parts[1])});
  return account && account->meta.uid == user.uid;
}

Error ended(std::string why) {
  return Error{.code = Code::kUnauthenticated,
               .message = "the dashboard's session " + std::move(why) + ": " + kHint,
               .errno_value = 0,
               .hint = {}};
}

}  // namespace

void Links::forget_expired(base::MonoTime now) {
  std::erase_if(links_, [now](const auto& entry) { return entry.second.expires <= now; });
}

Result<std::string> Links::make(const User& user, base::MonoTime now, base::Random& random) {
  std::string key = random_secret(random);
  const std::lock_guard lock(mutex_);
  forget_expired(now);
  size_t of_user = 0;
  auto oldest = links_.end();
  for (auto it = links_.begin(); it != links_.end(); ++it) {
    if (it->second.user.name != user.name) continue;
    ++of_user;
    if (oldest == links_.end() || it->second.expires < oldest->second.expires) oldest = it;
  }
  if (of_user >= kLinksPerUserMax) links_.erase(oldest);
  if (links_.size() >= kLinksMax)
    return fail(Code::kResourceExhausted, "too many open links of the dashboard: try again in a minute");
  links_.emplace(crypto::sha256_hex(key), Link{.user = user, .expires = now + kLinkTtl});
  return key;
}

std::optional<User> Links::take(std::string_view key, base::MonoTime now) {
  // What a search by hash tells by its time is of a hash that nobody can aim at.
  const std::string hash = crypto::sha256_hex(key);
  const std::lock_guard lock(mutex_);
  forget_expired(now);
  const auto it = links_.find(hash);
  if (it == links_.end()) return std::nullopt;
  std::optional<User> out = std::move(it->second.user);
  links_.erase(it);
  return out;
}

ObjectKey session_key(std::string_view id) {
  return {std::string(api::kUiSessionNamespace), std::string(api::kUiSessionPrefix) + std::string(id)};
}

void set_session_end(json::Value& secret, base::WallTime end) {
  json::ensure(secret, {"data", "expires"}) = base::base64(base::format_rfc3339(end));
}

NewSession make_session(const User& user, base::WallTime now, base::Random& random) {
  NewSession out;
  out.session = {.id = random_id(random), .user = user, .made = now, .expires = now + kSessionTtl};
  out.cookie = out.session.id + '.' + random_secret(random);
  const ObjectKey key = session_key(out.session.id);
  out.object = json::Object{{"apiVersion", "v1"},
                            {"kind", "Secret"},
                            {"metadata", json::Object{{"name", key.name},
                                                      {"namespace", key.ns},
                                                      {"uid", random.uuid()},
                                                      {"creationTimestamp", base::format_rfc3339(now)}}},
                            {"type", api::kUiSessionSecretType},
                            {"data", json::Object{{"hash", base::base64(crypto::sha256_hex(out.cookie))},
                                                  {"user", base::base64(json::serialize(user_document(user)))}}}};
  set_session_end(out.object, out.session.expires);
  return out;
}

Result<Session> verify_session(std::string_view cookie, const WatchCache& cache, base::WallTime now) {
  const std::string_view id = cookie.substr(0, cookie.find('.'));
  if (cookie.size() != kIdSize + 1 + kSecretSize || !is_id(id)) return fail(ended("is none"));
  const ObjectPtr object = cache.get(secrets_kind(cache), session_key(id));
  if (!object) return fail(Code::kNotFound, ended("has ended").message);
  const json::Value document = object->document();
  auto session = session_of(document);
  if (!session || object->meta.deletion_seconds ||
      !crypto::constant_time_equal(crypto::sha256_hex(cookie), datum(document, "hash")))
    return fail(ended("has ended"));
  if (session->expires <= now || !account_lives(cache, session->user)) return fail(ended("has ended"));
  return std::move(*session);
}

std::optional<base::WallTime> renewed_end(const Session& session, base::WallTime now) {
  const base::WallTime end = std::min<base::WallTime>(now + kSessionTtl, session.made + kSessionLifeMax);
  if (end - session.expires < kSessionRenewedEvery) return std::nullopt;
  return end;
}

Result<std::vector<ObjectKey>> sessions_too_many(const WatchCache& cache, const User& user, base::WallTime now) {
  std::vector<Session> own;
  size_t all = 0;
  for (const ObjectPtr& object : cache.list(secrets_kind(cache), api::kUiSessionNamespace).objects) {
    if (!object->key.name.starts_with(api::kUiSessionPrefix)) continue;
    auto session = session_of(object->document());
    if (!session || session->expires <= now) continue;
    ++all;
    if (session->user.name == user.name) own.push_back(std::move(*session));
  }
  std::vector<ObjectKey> out;
  if (own.size() >= kSessionsPerUserMax) {
    std::ranges::sort(own, [](const Session& a, const Session& b) { return a.made < b.made; });
    for (size_t i = 0; i + kSessionsPerUserMax <= own.size(); ++i) out.push_back(session_key(own[i].id));
  }
  if (all - out.size() >= kSessionsMax)
    return fail(Code::kResourceExhausted, "too many sessions of the dashboard: those without use end by themselves");
  return out;
}

std::string_view session_cookie_of(std::string_view cookie_header) {
  for (const std::string_view part : base::split(cookie_header, ';')) {
    const std::string_view one = base::trim(part);
    if (one.starts_with(kSessionCookie) && one.size() > kSessionCookie.size() && one[kSessionCookie.size()] == '=')
      return one.substr(kSessionCookie.size() + 1);
  }
  return {};
}

std::string set_cookie(std::string_view value, std::chrono::seconds max_age) {
  return std::string(kSessionCookie) + '=' + std::string(value) +
         "; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=" + std::to_string(max_age.count());
}

api::ApiResult<void> may_have_link(const User& user) {
  const bool in_pod = std::ranges::any_of(user.extra, [](const auto& entry) { return entry.first == kExtraPodName; });
  if (node_of(user).empty() && !is_bootstrapper(user) && !in_pod) return {};
  api::ApiError out;
  out.code = 403;
  out.reason = "Forbidden";
  out.message = "the dashboard is for people: \"" + user.name + "\" is a machine";
  return std::unexpected(std::move(out));
}

}  // namespace appliance::orchestrator::apiserver
