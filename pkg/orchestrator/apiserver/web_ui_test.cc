// The dashboard's links, sessions and their limits, as a browser meets them: over the API's front door.
#include "orchestrator/apiserver/web_ui.h"

#include <catch2/catch.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include "base/strings.h"
#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::Ask;
using testing::ask;
using testing::FakeKv;
using testing::must;
using testing::Told;
using namespace std::chrono_literals;

constexpr const char* kHost = "node1.example.test:6443";
constexpr const char* kOrigin = "https://node1.example.test:6443";
constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

net::http::Handler answers(const std::string& text) {
  return [text](std::shared_ptr<net::http::Exchange> exchange) {
    exchange->respond(net::http::text_response(200, text + ' ' + exchange->request().path));
  };
}

// An API server whose clock the test owns, with a log that it can read, and as many servers over one store as it likes.
class UiServer {
 public:
  UiServer() : log_file_(base::Fd(::memfd_create("log", MFD_CLOEXEC))) { start(); }
  ~UiServer() { api->stop(); }
  void start(bool with_files = true) {
    if (api) api->stop();
    api = make(with_files);
  }
  std::unique_ptr<ApiServer> make(bool with_files = true) {
    Options options;
    options.kv = &kv;
    options.clock = &clock;
    options.random = &random;
    options.log = base::Log(
        std::make_shared<base::LogSink>(log_file_.get(), base::LogLevel::kDebug, base::LogFormat::kText, clock));
    options.service_account_key_pem = must(crypto::generate_key());
    options.node_name = "node1";
    options.version.git_commit = "abc";
    if (with_files) options.web_ui = {.files = answers("file"), .routes = answers("route")};
    auto out = must(ApiServer::create(std::move(options)));
    must(out->start());
    return out;
  }
  [[nodiscard]] std::string log() const {
    std::string out(static_cast<size_t>(::lseek(log_file_.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(log_file_.get(), out.data(), out.size(), 0) == static_cast<ssize_t>(out.size()));
    return out;
  }
  // Every value of the store, and what stands in it as base64.
  std::string stored() {
    std::promise<std::string> promise;
    store::RangeRequest all;
    all.key = std::string(1, '\0');
    all.range_end = std::string(1, '\0');
    kv.range(std::move(all), [&promise](Result<store::RangeResponse> answer) {
      std::string out;
      for (const auto& pair : answer->kvs) out += pair.key + ' ' + *pair.value + '\n';
      promise.set_value(std::move(out));
    });
    return promise.get_future().get();
  }
  Told link(const std::string& user = "admin", const std::string& group = "system:masters") {
    return ask(*api, {.method = "POST", .path = "/ui/v1/links", .user = user, .group = group});
  }
  Told login(const std::string& key) {
    return ask(*api, {.method = "POST",
                      .path = "/ui/v1/session",
                      .body = R"({"key":")" + key + "\"}",
                      .user = "",
                      .headers = {{"Host", kHost}, {"Origin", kOrigin}, {"X-Appliance", "1"}}});
  }
  // A cookie's value.
  std::string session(const std::string& user = "admin", const std::string& group = "system:masters");

  FakeKv kv;
  base::ManualClock clock;
  base::SystemRandom random;
  std::unique_ptr<ApiServer> api;

 private:
  base::Fd log_file_;
};

std::string text(const Told& told, std::string_view field) {
  return std::string(json::string_at(told.json(), {field}));
}
std::string cookie_value(const Told& told) {
  const std::string_view header = told.headers.get("Set-Cookie");
  return std::string(session_cookie_of(header.substr(0, header.find(';'))));
}
std::string id_of(const std::string& cookie) { return cookie.substr(0, cookie.find('.')); }
std::string secret_of(const std::string& cookie) { return cookie.substr(cookie.find('.') + 1); }

std::string UiServer::session(const std::string& user, const std::string& group) {
  const Told told = login(text(link(user, group), "key"));
  REQUIRE(told.status == 201);
  return cookie_value(told);
}

using Headers = std::vector<net::http::Header>;
Headers with_cookie(const std::string& cookie) {
  return {{"Host", kHost}, {"Cookie", "theme=dark; __Host-appliance=" + cookie}};
}
Headers of_our_page(const std::string& cookie) {
  Headers out = with_cookie(cookie);
  out.push_back({"Origin", kOrigin});
  out.push_back({"X-Appliance", "1"});
  return out;
}
Told get(UiServer& server, const std::string& path, Headers headers) {
  return ask(*server.api, {.path = path, .user = "", .headers = std::move(headers)});
}
Told make_map(UiServer& server, const std::string& name, Headers headers) {
  return ask(*server.api, {.method = "POST",
                           .path = kMaps,
                           .body = R"({"metadata":{"name":")" + name + "\"}}",
                           .user = "",
                           .headers = std::move(headers)});
}

}  // namespace

TEST_CASE("web ui: a link becomes a session of the same user, whose cookie reads and writes as they may") {
  UiServer server;
  const Told link = server.link();
  REQUIRE(link.status == 201);
  const std::string key = text(link, "key");
  CHECK(key.size() == 43);
  CHECK(text(link, "path") == "/ui/#k=" + key);
  CHECK(text(link, "expires") == "2023-11-14T22:14:20Z");
  const Told told = server.login(key);
  REQUIRE(told.status == 201);
  CHECK(text(told, "user") == "admin");
  CHECK(json::array_at(told.json(), {"groups"}) == json::Array{"system:masters", "system:authenticated"});
  CHECK(text(told, "expires") == "2023-11-15T10:13:20Z");
  CHECK(text(told, "node") == "node1");
  CHECK(text(told, "build") == "v1.33.0+appliance-abc");
  const std::string cookie = cookie_value(told);
  CHECK(get(server, "/api/v1/nodes", with_cookie(cookie)).status == 200);
  CHECK(make_map(server, "one", of_our_page(cookie)).status == 201);
  const Told again = get(server, "/ui/v1/session", with_cookie(cookie));
  CHECK(again.status == 200);
  CHECK(again.body == told.body);
  // A user without rights has none through a session either.
  const std::string weak = server.session("eve", "people");
  CHECK(get(server, "/api/v1/nodes", with_cookie(weak)).status == 403);
  CHECK(text(get(server, "/ui/v1/session", with_cookie(weak)), "user") == "eve");
}

TEST_CASE("web ui: a key is good once, for a minute, and a wrong one says what to do") {
  UiServer server;
  const std::string key = text(server.link(), "key");
  REQUIRE(server.login(key).status == 201);
  const Told again = server.login(key);
  CHECK(again.status == 401);
  CHECK(text(again, "reason") == "Unauthorized");
  CHECK(text(again, "message") ==
        "this link was used already, or is older than 60 seconds: run `appliance dashboard` again for a new one");
  CHECK_FALSE(again.headers.has("Set-Cookie"));
  const std::string fresh = text(server.link(), "key");
  const std::string late = text(server.link(), "key");
  server.clock.advance(59s);
  CHECK(server.login(fresh).status == 201);
  server.clock.advance(1s);
  CHECK(server.login(late).status == 401);
  CHECK(server.login("").status == 401);
  CHECK(server.login(std::string(43, 'A')).status == 401);
  CHECK(ask(*server.api, {.method = "POST", .path = "/ui/v1/session", .body = "no", .user = ""}).status == 400);
  CHECK(server.login(std::string(2000, 'A')).status == 413);
}

TEST_CASE("web ui: the cookie is for this host over TLS, not for scripts, and not for other sites") {
  UiServer server;
  const Told told = server.login(text(server.link(), "key"));
  const std::string cookie = cookie_value(told);
  CHECK(id_of(cookie).size() == 16);
  CHECK(secret_of(cookie).size() == 43);
  CHECK(told.headers.get("Set-Cookie") ==
        "__Host-appliance=" + cookie + "; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=43200");
}

TEST_CASE("web ui: a cookie's request that changes something needs our Origin and the header") {
  UiServer server;
  const std::string cookie = server.session();
  const auto refused = [&](const std::string& method, Headers more) {
    Headers headers = with_cookie(cookie);
    headers.insert(headers.end(), more.begin(), more.end());
    const Told told =
        ask(*server.api,
            {.method = method, .path = kMaps, .body = R"({"metadata":{"name":"x"}})", .user = "", .headers = headers});
    CHECK(told.status == 403);
    CHECK(text(told, "reason") == "Forbidden");
    return text(told, "message");
  };
  const net::http::Header ours{"Origin", kOrigin};
  const net::http::Header marked{"X-Appliance", "1"};
  for (const char* method : {"POST", "DELETE", "PUT", "PATCH"}) {
    CAPTURE(method);
    CHECK(refused(method, {marked}) ==
          "this request may come from a page of https://node1.example.test:6443 only, and its Origin is absent");
    for (const char* origin : {"https://evil.test", "https://node1.example.test:30443",
                               "http://node1.example.test:6443", "null", "https://node1.example.test:6443.evil.test"}) {
      CAPTURE(origin);
      CHECK(refused(method, {{"Origin", origin}, marked}).find("its Origin is \"" + std::string(origin)) !=
            std::string::npos);
    }
    CHECK(refused(method, {ours}).find("X-Appliance: 1") != std::string::npos);
    CHECK(refused(method, {ours, {"X-Appliance", "0"}}).find("X-Appliance: 1") != std::string::npos);
  }
  CHECK(get(server, std::string(kMaps) + "/x", with_cookie(cookie)).status == 404);  // and nothing was made
  CHECK(make_map(server, "x", of_our_page(cookie)).status == 201);
  // Certificates and tokens are nothing that a browser adds by itself.
  CHECK(ask(*server.api,
            {.method = "DELETE", .path = std::string(kMaps) + "/x", .headers = {{"Origin", "https://evil.test"}}})
            .status == 200);
  // Ending a session is a change too.
  CHECK(ask(*server.api, {.method = "DELETE", .path = "/ui/v1/session", .user = "", .headers = with_cookie(cookie)})
            .status == 403);
  CHECK(get(server, "/ui/v1/session", with_cookie(cookie)).status == 200);
}

TEST_CASE("web ui: a WebSocket with a cookie is taken from our own page alone") {
  UiServer server;
  const std::string cookie = server.session();
  for (const char* path : {"/ui/v1/stream", "/api/v1/namespaces/default/pods/p/exec?command=sh&stdout=1",
                           "/api/v1/namespaces/default/pods/p/attach?stdout=1"}) {
    CAPTURE(path);
    const auto upgrade = [&](Headers more) {
      Headers headers = with_cookie(cookie);
      headers.insert(headers.end(), more.begin(), more.end());
      return ask(*server.api,
                 {.path = path, .user = "", .upgrade = "v1.stream.appliance, v5.channel.k8s.io", .headers = headers});
    };
    CHECK(upgrade({}).status == 403);
    const Told foreign = upgrade({{"Origin", "https://evil.test"}});
    CHECK(foreign.status == 403);
    CHECK_FALSE(foreign.socket);
    CHECK(text(foreign, "message").find("its Origin is \"https://evil.test\"") != std::string::npos);
    const Told own = upgrade({{"Origin", kOrigin}});
    CHECK(own.status == (std::string_view(path) == "/ui/v1/stream" ? 101 : 404));  // and there is no such pod
    if (own.socket) own.socket->close(1000, "");
  }
}

TEST_CASE("web ui: nobody's page cannot log its visitor in") {
  UiServer server;
  const std::string key = text(server.link(), "key");
  const Told told = ask(*server.api, {.method = "POST",
                                      .path = "/ui/v1/session",
                                      .body = R"({"key":")" + key + "\"}",
                                      .content_type = "text/plain",
                                      .user = "",
                                      .headers = {{"Host", kHost}, {"Origin", "https://evil.test"}}});
  CHECK(told.status == 403);
  CHECK(server.login(key).status == 201);  // and the key was not spent
}

TEST_CASE("web ui: a session is over when it ends, expires, or its Secret is removed") {
  UiServer server;
  const auto is_refused = [&](const std::string& cookie) {
    const Told told = get(server, "/api/v1/nodes", with_cookie(cookie));
    const Told asked = get(server, "/ui/v1/session", with_cookie(cookie));
    CHECK(asked.status == 401);
    CHECK(text(asked, "message").find("run `appliance dashboard`") != std::string::npos);
    return told.status == 401 && text(told, "message").find("run `appliance dashboard` again") != std::string::npos;
  };
  const std::string ended = server.session();
  const Told end =
      ask(*server.api, {.method = "DELETE", .path = "/ui/v1/session", .user = "", .headers = of_our_page(ended)});
  CHECK(end.status == 200);
  CHECK(end.headers.get("Set-Cookie") == "__Host-appliance=; Path=/; HttpOnly; Secure; SameSite=Strict; Max-Age=0");
  CHECK(is_refused(ended));
  CHECK(server.stored().find(id_of(ended)) == std::string::npos);

  const std::string removed = server.session();
  REQUIRE(ask(*server.api,
              {.method = "DELETE", .path = "/api/v1/namespaces/kube-system/secrets/ui-session-" + id_of(removed)})
              .status == 200);
  CHECK(get(server, "/api/v1/nodes", {}).status == 403);
  (void)ask(*server.api, {.path = "/api/v1/namespaces/kube-system/secrets"});  // the cache has seen it
  CHECK(is_refused(removed));

  const std::string expired = server.session();
  server.clock.advance(12h - 1s);
  CHECK(get(server, "/metrics", with_cookie(expired)).status == 200);  // which prolongs nothing
  server.clock.advance(1s);
  CHECK(is_refused(expired));
}

TEST_CASE("web ui: a cookie with another secret, or of another form, opens nothing") {
  UiServer server;
  const std::string cookie = server.session();
  std::string other = cookie;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {other, id_of(cookie) + '.' + std::string(43, 'A'), cookie + 'A', id_of(cookie), std::string("."),
        "zzzzzzzzzzzzzzzz." + secret_of(cookie), "../../../nodes/a." + secret_of(cookie)}) {
    CAPTURE(bad);
    CHECK(get(server, "/version", with_cookie(bad)).status == 401);
    CHECK(get(server, "/ui/v1/session", with_cookie(bad)).status == 401);
  }
  // A bad cookie keeps nobody from logging in.
  const std::string key = text(server.link(), "key");
  Headers headers = of_our_page(other);
  CHECK(ask(*server.api, {.method = "POST",
                          .path = "/ui/v1/session",
                          .body = R"({"key":")" + key + "\"}",
                          .user = "",
                          .headers = headers})
            .status == 201);
}

TEST_CASE("web ui: a session outlives its server and is known to every other one") {
  UiServer server;
  const std::string cookie = server.session();
  const auto second = server.make();
  CHECK(ask(*second, {.path = "/api/v1/nodes", .user = "", .headers = with_cookie(cookie)}).status == 200);
  second->stop();
  server.start();
  CHECK(get(server, "/api/v1/nodes", with_cookie(cookie)).status == 200);
  CHECK(text(get(server, "/ui/v1/session", with_cookie(cookie)), "user") == "admin");
  // Links are this server's memory: a restart forgets them.
  const std::string key = text(server.link(), "key");
  server.start();
  CHECK(server.login(key).status == 401);
}

TEST_CASE("web ui: neither store nor log has a key or a secret") {
  UiServer server;
  const std::string key = text(server.link(), "key");
  const std::string cookie = cookie_value(server.login(key));
  REQUIRE_FALSE(cookie.empty());
  (void)server.login(key);
  CHECK(get(server, "/version", with_cookie(cookie)).status == 200);
  CHECK(get(server, "/version", with_cookie(id_of(cookie) + '.' + std::string(43, 'q'))).status == 401);
  const std::string stored = server.stored();
  const std::string log = server.log();
  CHECK(stored.find(id_of(cookie)) != std::string::npos);
  CHECK(log.find(id_of(cookie)) != std::string::npos);
  CHECK(log.find("a session of the dashboard began") != std::string::npos);
  const std::string secret = secret_of(cookie);
  for (const std::string& hidden :
       {key, secret, base::base64(key), base::base64(secret), base::base64(cookie), std::string(43, 'q')}) {
    CHECK(stored.find(hidden) == std::string::npos);
    CHECK(log.find(hidden) == std::string::npos);
  }
}

TEST_CASE("web ui: use prolongs a session, with one write an hour, until a week is over") {
  UiServer server;
  const std::string cookie = server.session();
  const std::string secret_path = "/api/v1/namespaces/kube-system/secrets/ui-session-" + id_of(cookie);
  const auto revision = [&] {
    return std::string(
        json::string_at(ask(*server.api, {.path = secret_path}).json(), {"metadata", "resourceVersion"}));
  };
  const std::string first = revision();
  server.clock.advance(59min);
  CHECK_FALSE(get(server, "/api/v1/nodes", with_cookie(cookie)).headers.has("Set-Cookie"));
  CHECK(revision() == first);
  server.clock.advance(1min);
  const Told told = get(server, "/api/v1/nodes", with_cookie(cookie));
  CHECK(told.headers.get("Set-Cookie") == set_cookie(cookie, 12h));
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (revision() == first && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(revision() != first);
  CHECK(text(get(server, "/ui/v1/session", with_cookie(cookie)), "expires") == "2023-11-15T11:13:20Z");
  // Used every eleven hours it lives for a week and no longer.
  int hours = 1;
  for (; hours < 400 && get(server, "/api/v1/nodes", with_cookie(cookie)).status == 200; hours += 11) {
    (void)ask(*server.api, {.path = secret_path});
    server.clock.advance(11h);
  }
  CHECK(hours >= 24 * 7);
  CHECK(hours < 24 * 7 + 12);
}

TEST_CASE("web ui: one user has a bounded number of sessions, the oldest goes") {
  UiServer server;
  std::vector<std::string> cookies;
  for (size_t i = 0; i < kSessionsPerUserMax; ++i) {
    cookies.push_back(server.session());
    server.clock.advance(1s);
  }
  const std::string other = server.session("eve", "people");
  for (const std::string& cookie : cookies) CHECK(get(server, "/api/v1/nodes", with_cookie(cookie)).status == 200);
  const std::string last = server.session();
  (void)ask(*server.api, {.path = "/api/v1/namespaces/kube-system/secrets"});
  CHECK(get(server, "/api/v1/nodes", with_cookie(cookies[0])).status == 401);
  CHECK(get(server, "/api/v1/nodes", with_cookie(cookies[1])).status == 200);
  CHECK(get(server, "/api/v1/nodes", with_cookie(last)).status == 200);
  CHECK(get(server, "/ui/v1/session", with_cookie(other)).status == 200);
}

TEST_CASE("web ui: a browser that logs in again leaves no session behind") {
  UiServer server;
  const std::string before = server.session();
  const std::string key = text(server.link("eve", "people"), "key");
  const Told told = ask(*server.api, {.method = "POST",
                                      .path = "/ui/v1/session",
                                      .body = R"({"key":")" + key + "\"}",
                                      .user = "",
                                      .headers = of_our_page(before)});
  REQUIRE(told.status == 201);
  CHECK(text(told, "user") == "eve");
  (void)ask(*server.api, {.path = "/api/v1/namespaces/kube-system/secrets"});
  CHECK(get(server, "/version", with_cookie(before)).status == 401);
}

TEST_CASE("web ui: links are for people who are somebody, and not for sessions and machines") {
  UiServer server;
  const std::string cookie = server.session();
  const Told of_session =
      ask(*server.api, {.method = "POST", .path = "/ui/v1/links", .user = "", .headers = of_our_page(cookie)});
  CHECK(of_session.status == 403);
  CHECK(text(of_session, "message") == "a session gives no links: run `appliance dashboard`");
  CHECK(ask(*server.api, {.method = "POST", .path = "/ui/v1/links", .user = ""}).status == 401);
  CHECK(server.link("system:node:n1", "system:nodes").status == 403);
  CHECK(server.link("eve", "people").status == 201);
  CHECK(ask(*server.api, {.path = "/ui/v1/links"}).status == 405);
  // Impersonated: the link is theirs.
  const Told told = ask(*server.api, {.method = "POST", .path = "/ui/v1/links", .impersonate = "eve"});
  CHECK(text(server.login(text(told, "key")), "user") == "eve");
}

TEST_CASE("web ui: a service account's session lives as long as the account") {
  UiServer server;
  REQUIRE(ask(*server.api, {.method = "POST",
                            .path = "/api/v1/namespaces/default/serviceaccounts",
                            .body = R"({"metadata":{"name":"bot"}})"})
              .status == 201);
  const Told token = ask(
      *server.api, {.method = "POST", .path = "/api/v1/namespaces/default/serviceaccounts/bot/token", .body = "{}"});
  const std::string bearer(json::string_at(token.json(), {"status", "token"}));
  const Told link = ask(*server.api, {.method = "POST", .path = "/ui/v1/links", .bearer = bearer});
  REQUIRE(link.status == 201);
  const std::string cookie = cookie_value(server.login(text(link, "key")));
  CHECK(text(get(server, "/ui/v1/session", with_cookie(cookie)), "user") == "system:serviceaccount:default:bot");
  REQUIRE(ask(*server.api, {.method = "DELETE", .path = "/api/v1/namespaces/default/serviceaccounts/bot"}).status ==
          200);
  (void)ask(*server.api, {.path = "/api/v1/namespaces/default/serviceaccounts"});
  CHECK(get(server, "/version", with_cookie(cookie)).status == 401);
}

TEST_CASE("web ui: nobody makes or changes a session by writing Secrets") {
  UiServer server;
  const std::string cookie = server.session();
  const std::string secrets = "/api/v1/namespaces/kube-system/secrets";
  const std::string path = secrets + "/ui-session-" + id_of(cookie);
  Told told = ask(*server.api,
                  {.method = "POST",
                   .path = secrets,
                   .body = R"({"metadata":{"name":"ui-session-aaaaaaaaaaaaaaaa"},"type":"appliance.dev/ui-session"})"});
  CHECK(told.status == 403);
  CHECK(text(told, "message").find("sessions of the dashboard are made by `appliance dashboard` alone") !=
        std::string::npos);
  told = ask(*server.api, {.method = "PATCH",
                           .path = path,
                           .body = R"({"data":{"user":"e30="}})",
                           .content_type = "application/merge-patch+json"});
  CHECK(told.status == 403);
  // One of another type and the right name is no session.
  const NewSession made = make_session({.name = "root", .uid = {}, .groups = {"system:masters"}, .extra = {}},
                                       server.clock.now(), server.random);
  json::Value object = made.object;
  object.as_object()["type"] = "Opaque";
  object.at("metadata").as_object().erase("uid");
  REQUIRE(ask(*server.api, {.method = "POST", .path = secrets, .body = json::serialize(object)}).status == 201);
  CHECK(get(server, "/version", with_cookie(made.cookie)).status == 401);
}

TEST_CASE("web ui: files are for everybody, the other parts for who may") {
  UiServer server;
  for (const char* path : {"/ui", "/ui/", "/ui/assets/a.js", "/ui/v1x"}) {
    CHECK(get(server, path, {}).body == std::string("file ") + path);
    CHECK(get(server, path, with_cookie("junk")).status == 200);
  }
  CHECK(ask(*server.api, {.method = "POST", .path = "/ui/", .user = ""}).status == 405);
  CHECK(get(server, "/uix", {}).status == 403);
  const std::string cookie = server.session();
  const std::string weak = server.session("eve", "people");
  for (const char* path : {"/ui/v1/store/status", "/ui/v1/store/keys?prefix=/", "/ui/v1/tokens"}) {
    CAPTURE(path);
    CHECK(get(server, path, {}).status == 401);
    CHECK(get(server, path, with_cookie(weak)).status == 403);
    CHECK(get(server, path, with_cookie(cookie)).body.starts_with("route /ui/v1/"));
  }
  CHECK(
      ask(*server.api, {.method = "POST", .path = "/ui/v1/tokens", .user = "", .headers = of_our_page(cookie)}).body ==
      "route /ui/v1/tokens");
  CHECK(ask(*server.api, {.method = "POST", .path = "/ui/v1/tokens", .user = "", .headers = with_cookie(cookie)})
            .status == 403);
  CHECK(get(server, "/ui/v1/storehouse", with_cookie(cookie)).status == 404);
  CHECK(get(server, "/ui/v1/stream", {}).status == 401);
  server.start(false);
  CHECK(get(server, "/ui/", {}).status == 404);
  CHECK(get(server, "/ui/v1/store/status", with_cookie(cookie)).status == 404);
}

}  // namespace appliance::orchestrator::apiserver
