// How an endpoint answers 401 (Docker "Token Authentication Specification"; RFC 7617).
#include <algorithm>

#include "base/json/json.h"
#include "base/strings.h"
#include "runtime/registry/registry.h"

namespace appliance::runtime::registry {

namespace {

constexpr size_t kTokenBytesMax = 1U << 20U;

std::string basic(const Credentials& credentials) {
  return "Basic " + base::base64(credentials.username + ':' + credentials.password);
}

std::string param(const Challenge& challenge, const std::string& name) {
  const auto found = challenge.params.find(name);
  return found == challenge.params.end() ? "" : found->second;
}

}  // namespace

Result<std::string> Endpoint::fetch_token(const Challenge& challenge, const Credentials* credentials) {
  Url realm = TRY_CTX(parse_url(param(challenge, "realm")), "the registry's token server");
  const std::string service = param(challenge, "service");
  std::string scope = param(challenge, "scope");
  if (scope.empty()) scope = "repository:" + repository_ + ":pull";
  std::string query = "service=" + base::percent_encode(service) + "&scope=" + base::percent_encode(scope);
  net::http::ClientRequest request;
  request.body_bytes_max = kTokenBytesMax;
  if (credentials != nullptr && !credentials->identity_token.empty()) {
    request.method = "POST";
    request.path = realm.path;
    request.content_type = "application/x-www-form-urlencoded";
    request.body = "grant_type=refresh_token&client_id=appliance&" + query +
                   "&refresh_token=" + base::percent_encode(credentials->identity_token);
  } else {
    request.path = realm.path + (realm.path.find('?') == std::string::npos ? '?' : '&') + query;
    if (credentials != nullptr) request.headers.set("Authorization", basic(*credentials));
  }
  const auto reply = TRY(this->request(realm, std::move(request)));
  if (reply.status == 401 || reply.status == 403) return std::string();  // these credentials are not good
  if (reply.status != 200) {
    return fail(Code::kUnavailable, "token server " + realm.base + ": " + std::to_string(reply.status));
  }
  const json::Value body = TRY_CTX(json::parse(reply.body), "token server " + realm.base);
  std::string token(json::string_at(body, {"token"}));
  if (token.empty()) token = json::string_at(body, {"access_token"});
  const bool printable = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 127; });
  if (token.empty() || !printable) return fail(Code::kUnavailable, "token server " + realm.base + ": gave no token");
  return "Bearer " + token;
}

// The Authorization for one challenge; "" when it can't be answered this way.
Result<std::string> Endpoint::answer_challenge(const Challenge& challenge, const Credentials* credentials) {
  if (challenge.scheme == "bearer") return fetch_token(challenge, credentials);
  if (challenge.scheme == "basic" && credentials != nullptr && !credentials->username.empty())
    return basic(*credentials);
  return std::string();
}

// Finds another Authorization after `used` was refused; false when there is none left to try.
Result<bool> Endpoint::authorize(const net::http::Reply& refused, const std::string& used) {
  const std::scoped_lock lock(mutex_);
  if (authorization_ != used) return true;  // another thread was faster
  std::vector<Challenge> challenges;
  for (const std::string_view header : refused.headers.all("WWW-Authenticate")) {
    for (Challenge& each : parse_challenges(header)) challenges.push_back(std::move(each));
  }
  std::ranges::sort(challenges, {}, [](const Challenge& each) { return each.scheme != "bearer"; });
  if (worked_ && credential_ > 0) --credential_;  // the token expired: the same credentials again
  worked_ = false;
  const size_t count = host_.mirror ? 0 : options_.credentials.size();
  for (; credential_ < std::max<size_t>(count, 1);) {
    const Credentials* credentials = credential_ < count ? &options_.credentials[credential_] : nullptr;
    ++credential_;
    for (const Challenge& challenge : challenges) {
      std::string answer = TRY(answer_challenge(challenge, credentials));
      if (answer.empty() || answer == used) continue;
      authorization_ = std::move(answer);
      return true;
    }
  }
  return false;
}

}  // namespace appliance::runtime::registry
