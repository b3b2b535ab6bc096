#include "orchestrator/apiserver/sessions.h"

#include <catch2/catch.hpp>

#include <set>

#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;

User user(const std::string& name) {
  return {.name = name, .uid = "u1", .groups = {"g"}, .extra = {{"k", {"v", "w"}}}};
}
const base::MonoTime kStart(1000s);
const base::WallTime kNow(1'800'000'000s);

}  // namespace

TEST_CASE("links: the oldest of one user goes, and all of them have a limit") {
  Links links;
  base::SeededRandom random(1);
  std::vector<std::string> keys;
  for (size_t i = 0; i <= kLinksPerUserMax; ++i)
    keys.push_back(links.make(user("a"), kStart + std::chrono::seconds(i), random).value());
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == keys.size());
  const base::MonoTime now = kStart + 10s;
  CHECK_FALSE(links.take(keys[0], now));
  CHECK(links.take(keys[1], now));
  CHECK_FALSE(links.take(keys[1], now));
  CHECK(links.take(keys.back(), now)->extra == user("a").extra);
  for (size_t i = 0; i < kLinksMax - (kLinksPerUserMax - 2); ++i)
    REQUIRE(links.make(user("u" + std::to_string(i)), now, random));
  const auto refused = links.make(user("last"), now, random);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kResourceExhausted);
  CHECK(links.make(user("last"), now + kLinkTtl, random));
}

TEST_CASE("sessions: the cookie is found among others, and only whole") {
  CHECK(session_cookie_of("__Host-appliance=a.b") == "a.b");
  CHECK(session_cookie_of("x=1; __Host-appliance=a.b; y=2") == "a.b");
  CHECK(session_cookie_of("").empty());
  CHECK(session_cookie_of("appliance=a.b").empty());
  CHECK(session_cookie_of("__Host-appliance2=a.b; x__Host-appliance=c.d").empty());
  CHECK(session_cookie_of("__Host-appliance").empty());
}

TEST_CASE("sessions: the Secret has a hash, the user and the end, and no secret") {
  base::SeededRandom random(2);
  const NewSession made = make_session(user("a"), kNow, random);
  const std::string secret = made.cookie.substr(made.cookie.find('.') + 1);
  CHECK(base::unbase64url(secret)->size() == 32);
  const std::string text = json::serialize(made.object);
  CHECK(text.find(secret) == std::string::npos);
  CHECK(text.find(base::base64(secret)) == std::string::npos);
  CHECK(json::string_at(made.object, {"type"}) == "appliance.dev/ui-session");
  CHECK(base::unbase64(json::string_at(made.object, {"data", "expires"})) == "2027-01-15T20:00:00Z");
  CHECK(base::unbase64(json::string_at(made.object, {"data", "user"})) ==
        R"({"name":"a","uid":"u1","groups":["g"],"extra":{"k":["v","w"]}})");
}

TEST_CASE("sessions: an end moves by an hour at least, and never beyond the week") {
  const Session session{.id = "i", .user = user("a"), .made = kNow, .expires = kNow + kSessionTtl};
  CHECK_FALSE(renewed_end(session, kNow + 59min));
  CHECK(renewed_end(session, kNow + 60min) == kNow + 13h);
  const Session old{.id = "i", .user = user("a"), .made = kNow - 160h, .expires = kNow + 2h};
  CHECK(renewed_end(old, kNow) == kNow + 8h);
  const Session last{.id = "i", .user = user("a"), .made = kNow - 160h, .expires = kNow + 8h};
  CHECK_FALSE(renewed_end(last, kNow + 7h));
}

}  // namespace appliance::orchestrator::apiserver
