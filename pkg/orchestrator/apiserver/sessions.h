// Sessions of the dashboard. A person who has credentials asks for a link; its key is good once, for a minute, and is
// exchanged for a session that is bound to the same user.
//
//   key = POST /ui/v1/links  ->  https://…/ui/#k=KEY  ->  POST /ui/v1/session {"key": KEY}  ->  Set-Cookie
//
// The cookie is `__Host-appliance=ID.SECRET`. A session is a Secret `ui-session-ID` of type appliance.dev/ui-session in
// kube-system, so that every server knows it, over restarts too: data `hash` (SHA-256 of "ID.SECRET"; 256 bits of
// chance need no salt), `expires` (RFC 3339), `user` (JSON). Deleting the Secret ends the session. Nobody makes or
// changes such a Secret through the API (admit_ui_session()): who may write Secrets must not make himself anybody.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json/json.h"
#include "base/random.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/ui_sessions.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

inline constexpr std::chrono::seconds kLinkTtl{60};
inline constexpr size_t kLinksMax = 256;              // open at once: a script that runs wild must not hold memory
inline constexpr size_t kLinksPerUserMax = 8;         // one more, and the oldest is good no longer
inline constexpr std::chrono::hours kSessionTtl{12};  // without any request
inline constexpr std::chrono::hours kSessionRenewedEvery{1};   // one write an hour and session
inline constexpr std::chrono::hours kSessionLifeMax{24L * 7};  // then a new link, however busy it was
inline constexpr size_t kSessionsPerUserMax = 16;              // one more, and the oldest ends
inline constexpr size_t kSessionsMax = 1024;                   // of all users: each login looks through all
inline constexpr std::string_view kSessionCookie = "__Host-appliance";

// The links that were made here and not used yet, by the hash of their keys; a restart forgets them. Thread-safe.
class Links {
 public:
  // The key: 256 bits, base64url. kResourceExhausted: kLinksMax.
  Result<std::string> make(const User& user, base::MonoTime now, base::Random& random);
  // Whose link it was; never again. nullopt: unknown, used, or older than kLinkTtl.
  std::optional<User> take(std::string_view key, base::MonoTime now);

 private:
  struct Link {
    User user;
    base::MonoTime expires;
  };
  void forget_expired(base::MonoTime now);  // mutex_ held
  std::mutex mutex_;
  std::map<std::string, Link, std::less<>> links_;  // SHA-256 of the key -> its link
};

struct Session {
  std::string id;
  User user;
  base::WallTime made;
  base::WallTime expires;
};
struct NewSession {
  Session session;
  std::string cookie;  // the value: ID.SECRET
  json::Value object;  // the Secret to write
};
NewSession make_session(const User& user, base::WallTime now, base::Random& random);

// kUnauthenticated: it is none, or ended; the message may be told. kNotFound: this cache has no such session (it may
// have been made on another server a moment ago).
Result<Session> verify_session(std::string_view cookie, const WatchCache& cache, base::WallTime now);

// When a session ends that is used now; nullopt: no need to write that yet.
std::optional<base::WallTime> renewed_end(const Session& session, base::WallTime now);
void set_session_end(json::Value& secret, base::WallTime end);

// Sessions that must go before `user` gets one more, oldest first. kResourceExhausted: kSessionsMax of all users.
Result<std::vector<ObjectKey>> sessions_too_many(const WatchCache& cache, const User& user, base::WallTime now);

ObjectKey session_key(std::string_view id);

// The value of our cookie out of a Cookie header; "" when there is none.
std::string_view session_cookie_of(std::string_view cookie_header);
// Set-Cookie: not for scripts, for this very host, over TLS, never sent from another site. `max_age` 0 deletes it.
std::string set_cookie(std::string_view value, std::chrono::seconds max_age);

// May this user have a link? Machines (nodes, joining machines, pods) may not.
api::ApiResult<void> may_have_link(const User& user);

}  // namespace appliance::orchestrator::apiserver
