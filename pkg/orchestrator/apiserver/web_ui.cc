// The dashboard's own API, /ui/v1/…: links and sessions here; the stream, the store and join tokens have homes of their
// own. Who comes here was let in by the authorizer.
#include "orchestrator/apiserver/web_ui.h"
#include "base/strings.h"
#include "orchestrator/apiserver/change.h"
#include "orchestrator/apiserver/delete_plan.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr size_t kUiBodyBytesMax = 1024;  // a key has 43 characters

api::ApiError status(int code, std::string reason, std::string message) {
  api::ApiError out;
  out.code = code;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

api::ApiError method_not_allowed() {
  return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}
api::ApiError link_spent() {
  return status(401, "Unauthorized",
                "this link was used already, or is older than " + std::to_string(kLinkTtl.count()) +
                    " seconds: run `appliance dashboard` again for a new one");
}

bool is_anonymous(const User& user) { return !user.in(kGroupAuthenticated); }

void make_link(Core& core, Call& call) {
  // A session that begets sessions could not be ended.
  if (!call.session.empty())
    return respond_error(call, status(403, "Forbidden", "a session gives no links: run `appliance dashboard`"));
  if (auto r = may_have_link(call.user); !r) return respond_error(call, r.error());
  const auto key = core.links.make(call.user, core.clock.monotonic(), core.random);
  if (!key) return respond_error(call, api::from_error(key.error()));
  core.log.info("a link to the dashboard was given",
                {{"user", call.user.name}, {"from", call.request().remote_address}});
  respond_json(
      call, 201,
      json::Object{
          {"key", *key}, {"path", "/ui/#k=" + *key}, {"expires", base::format_rfc3339(core.clock.now() + kLinkTtl)}});
}

json::Object session_document(const Core& core, const User& user) {
  return json::Object{{"user", user.name},
                      {"groups", json::Array(user.groups.begin(), user.groups.end())},
                      {"build", build_id(core.options.version)},
                      {"node", core.options.node_name}};
}

void answer_session(Core& core, Call& call, int code, const User& user, std::optional<base::WallTime> expires) {
  json::Object out = session_document(core, user);
  if (expires) out["expires"] = base::format_rfc3339(*expires);
  respond_json(call, code, std::move(out));
}

void remove_session(Core& core, ObjectKey key, std::move_only_function<void()> then) {
  DeleteOptions options;
  options.propagation = "Background";
  delete_object(core, core.kind("secrets"), key, options, false,
                [&core, key, then = std::move(then)](api::ApiResult<Outcome> outcome) mutable {
                  if (!outcome && outcome.error().code != 404)
                    core.log.warn("a session of the dashboard could not be removed, it ends by itself",
                                  {{"session", key.name}, {"error", outcome.error().message}});
                  then();
                });
}

struct Login {
  CallPtr call;
  NewSession made;
};

void on_written(Core& core, const std::shared_ptr<Login>& login, api::ApiResult<Written> written) {
  if (!written) return respond_error(*login->call, written.error());
  if (written->conflict)  // of 82 bits of chance
    return respond_error(*login->call, api::internal_error("the session's name is taken: run `appliance dashboard`"));
  // The cookie is good from its first use on.
  core.cache.when_current([&core, login](Result<int64_t> revision) {
    core.resume([&core, login, revision = std::move(revision)] {
      Call& call = *login->call;
      if (!revision) return respond_error(call, api::from_error(revision.error()));
      const Session& session = login->made.session;
      core.log.info("a session of the dashboard began",
                    {{"user", session.user.name}, {"session", session.id}, {"from", call.request().remote_address}});
      call.cookie_to_set = set_cookie(login->made.cookie, kSessionTtl);
      answer_session(core, call, 201, session.user, session.expires);
    });
  });
}

void begin_session(Core& core, const CallPtr& call) {
  const auto body = json::parse(call->request().body);
  if (!body) return respond_error(*call, api::bad_request("the body must be {\"key\": \"…\"}"));
  auto user = core.links.take(json::string_at(*body, {"key"}), core.clock.monotonic());
  if (!user) {
    core.log.debug("a key of the dashboard was refused", {{"from", call->request().remote_address}});
    return respond_error(*call, link_spent());
  }
  const auto old = sessions_too_many(core.cache, *user, core.clock.now());
  if (!old) return respond_error(*call, api::from_error(old.error()));
  for (const ObjectKey& key : *old) remove_session(core, key, [] {});
  // Whom the same browser was before.
  if (const auto before = session_of_request(core, call->request()); before)
    remove_session(core, session_key(before->id), [] {});
  auto login = std::make_shared<Login>(call, make_session(*user, core.clock.now(), core.random));
  auto bytes = std::make_shared<const std::string>(api::stored_bytes(login->made.object));
  compare_and_write(core, core.kind("secrets"), session_key(login->made.session.id), 0, std::move(bytes),
                    [&core, login](api::ApiResult<Written> written) { on_written(core, login, std::move(written)); });
}

void tell_session(Core& core, Call& call) {
  if (is_anonymous(call.user))
    return respond_error(call, status(401, "Unauthorized", "no session: run `appliance dashboard` for a link"));
  std::optional<base::WallTime> expires;
  if (const auto session = session_of_request(core, call.request()); session && !call.session.empty())
    expires = renewed_end(*session, core.clock.now()).value_or(session->expires);
  answer_session(core, call, 200, call.user, expires);
}

void end_session(Core& core, const CallPtr& call) {
  call->cookie_to_set = set_cookie("", std::chrono::seconds(0));
  const auto answer = [call] { respond_json(*call, 200, json::Object{{"ended", true}}); };
  // The cookie's, also where a certificate says who asks.
  const auto session = session_of_request(core, call->request());
  if (!session) return answer();
  core.log.info("a session of the dashboard was ended", {{"user", session->user.name}, {"session", session->id}});
  remove_session(core, session_key(session->id), [&core, answer] {
    core.cache.when_current([&core, answer](const Result<int64_t>&) { core.resume(answer); });
  });
}

void serve_session(Core& core, const CallPtr& call) {
  const std::string& method = call->request().method;
  if (method == "GET" || method == "HEAD") return tell_session(core, *call);
  if (method == "POST") return begin_session(core, call);
  if (method == "DELETE") return end_session(core, call);
  respond_error(*call, method_not_allowed());
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

bool is_web_ui_file(std::string_view path) { return is_below(path, "/ui") && !is_below(path, "/ui/v1"); }

bool needs_login(std::string_view path) { return path.starts_with("/ui/v1/") && path != "/ui/v1/session"; }

void serve_web_ui_file(Core& core, Call& call) {
  const std::string& method = call.request().method;
  if (method != "GET" && method != "HEAD") return respond_error(call, method_not_allowed());
  if (!core.options.web_ui.files) return respond_text(call, 404, "404 page not found\n");
  core.options.web_ui.files(call.exchange);
}

Result<Session> session_of_request(const Core& core, const net::http::Request& request) {
  const std::string_view cookie = session_cookie_of(request.headers.get("Cookie"));
  if (cookie.empty()) return fail(Code::kUnauthenticated, "no session");
  return verify_session(cookie, core.cache, core.clock.now());
}

void renew_session(Core& core, Call& call, const Session& session) {
  const std::string& path = call.request().path;
  // Answers that others make, and sockets, could not tell the browser.
  if (call.request().websocket_upgrade || !(path.starts_with("/api") || path == "/ui/v1/session")) return;
  const auto end = renewed_end(session, core.clock.now());
  if (!end) return;
  call.cookie_to_set = set_cookie(session_cookie_of(call.request().headers.get("Cookie")),
                                  std::chrono::ceil<std::chrono::seconds>(*end - core.clock.now()));
  const ObjectKey key = session_key(session.id);
  change_object(
      core, core.kind("secrets"), key, {},
      [&core, key, end = *end](const ObjectPtr& now) -> api::ApiResult<Next> {
        if (!now) return std::unexpected(api::not_found(core.kind("secrets"), key.name));
        Next next{Next::Action::kPut, now->document()};
        set_session_end(next.document, end);
        return next;
      },
      [&core, key](const api::ApiResult<Outcome>& outcome) {
        if (!outcome && outcome.error().code != 404)
          core.log.warn("a session of the dashboard was not prolonged: its next request tries again",
                        {{"session", key.name}, {"error", outcome.error().message}});
      });
}

api::ApiResult<void> check_origin(const net::http::Request& request, bool by_cookie) {
  const std::string_view origin = request.headers.get("Origin");
  const std::string wanted = "https://" + std::string(request.headers.get("Host"));
  const bool ours = base::to_lower(origin) == base::to_lower(wanted);
  const bool reads = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  if (!by_cookie) {
    // A page of somebody else must neither log its visitor in as whom it likes, nor use a certificate that the
    // visitor's browser shows by itself. kubectl and its like send no Origin, and do not come here.
    if (!is_below(request.path, "/ui/v1") || origin.empty() || ours) return {};
  } else {
    if (reads && !request.websocket_upgrade) return {};
    if (ours && !reads && request.headers.get("X-Appliance") != "1")
      return std::unexpected(
          status(403, "Forbidden", "a session's request that changes something needs the header `X-Appliance: 1`"));
    if (ours) return {};
  }
  return std::unexpected(status(403, "Forbidden",
                                "this request may come from a page of " + wanted + " only, and its Origin is " +
                                    (origin.empty() ? "absent" : '"' + std::string(origin.substr(0, 128)) + '"')));
}

void serve_web_ui(Core& core, const CallPtr& call) {
  const std::string& path = call->info.path;
  const bool reads = call->request().method == "GET";
  if (path == "/ui/v1/stream") return reads ? serve_live(core, call) : respond_error(*call, method_not_allowed());
  if (is_below(path, "/ui/v1/store") || is_below(path, "/ui/v1/tokens")) {
    if (core.options.web_ui.routes) return core.options.web_ui.routes(call->exchange);
    return respond_text(*call, 404, "404 page not found\n");
  }
  if (call->request().body.size() > kUiBodyBytesMax)
    return respond_error(*call, status(413, "RequestEntityTooLarge",
                                       "Request entity too large: limit is " + std::to_string(kUiBodyBytesMax)));
  if (path == "/ui/v1/session") return serve_session(core, call);
  if (path != "/ui/v1/links") return respond_text(*call, 404, "404 page not found\n");
  if (call->request().method != "POST") return respond_error(*call, method_not_allowed());
  make_link(core, *call);
}

}  // namespace appliance::orchestrator::apiserver
