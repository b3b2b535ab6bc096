#include "orchestrator/apiserver/api.h"

#include "base/strings.h"
#include "orchestrator/apiserver/authz.h"
#include "orchestrator/apiserver/join_tokens.h"
#include "orchestrator/apiserver/node_keys.h"
#include "orchestrator/apiserver/subresources.h"
#include "orchestrator/apiserver/verbs.h"
#include "orchestrator/apiserver/web_ui.h"

namespace appliance::orchestrator::apiserver {
namespace {

api::ApiError status(int code, std::string reason, std::string message) {
  api::ApiError out;
  out.code = code;
  out.reason = std::move(reason);
  out.message = std::move(message);
  return out;
}

// What is answered with one object, which may be YAML.
bool is_of_one_object(const RequestInfo& info) {
  return info.verb == "get" || info.verb == "create" || info.verb == "update" || info.verb == "patch" ||
         info.verb == "delete";
}

api::ApiError not_acceptable(bool yaml_too) {
  return status(406, "NotAcceptable",
                std::string("406: Not Acceptable\n\nAvailable representations: application/json") +
                    (yaml_too ? ", application/yaml" : ""));
}
api::ApiError method_not_allowed() {
  return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}
api::ApiError no_such_resource() { return status(404, "NotFound", "the server could not find the requested resource"); }

std::unexpected<Error> unauthorized() { return fail(Code::kUnauthenticated, "Unauthorized"); }

Identity anonymous() {
  return {
      .user = {.name = std::string(kAnonymous), .uid = {}, .groups = {std::string(kGroupUnauthenticated)}, .extra = {}},
      .session = {}};
}

// Where a login page asks who it is: a cookie that is good no longer is as none.
bool may_be_anonymous(const net::http::Request& request) {
  return request.path == "/ui/v1/session" && !request.peer && request.peer_error.empty() &&
         !request.headers.has("Authorization");
}

std::string bearer_of(const net::http::Request& request) {
  const std::string_view header = request.headers.get("Authorization");
  if (header.size() > 7 && base::to_lower(header.substr(0, 7)) == "bearer ")
    return std::string(base::trim(header.substr(7)));
  // Browsers cannot set the header on a WebSocket: the token is then one of the subprotocols.
  constexpr std::string_view kProtocol = "base64url.bearer.authorization.k8s.io.";
  for (const std::string_view protocol : base::split(request.headers.get("Sec-WebSocket-Protocol"), ',')) {
    const std::string_view one = base::trim(protocol);
    if (one.starts_with(kProtocol)) return base::unbase64url(one.substr(kProtocol.size())).value_or("-");
  }
  return {};
}

Attributes attributes_of(const Call& call) {
  Attributes out;
  out.verb = call.info.verb;
  out.group = call.info.group;
  out.resource = call.info.resource;
  out.subresource = call.info.subresource;
  out.ns = call.info.ns;
  out.name = call.info.name;
  out.path = call.info.path;
  out.is_resource = call.info.is_resource;
  out.field_selector = call.request().query_value("fieldSelector");
  if (!out.is_resource && out.verb == "head") out.verb = "get";
  return out;
}

// fieldValidation and dryRun, of writes.
api::ApiResult<void> read_write_options(Call& call) {
  const auto& request = call.request();
  auto validation = api::parse_field_validation(request.query_value("fieldValidation"));
  if (!validation) return std::unexpected(std::move(validation).error());
  call.validation = *validation;
  for (const std::string& value : request.query_values("dryRun")) {
    if (value != "All") {
      api::ApiError error = status(422, "Invalid", "");
      const std::string text = "Unsupported value: \"" + value + "\": supported values: \"All\"";
      error.message = "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: " + text;
      error.group = "meta.k8s.io";
      error.kind = "CreateOptions";
      error.causes.push_back({"FieldValueNotSupported", text, "dryRun"});
      return std::unexpected(std::move(error));
    }
    call.dry_run = true;
  }
  return {};
}

using Serve = void (*)(Core&, const CallPtr&);

Serve subresource_verb(const std::string& subresource, const std::string& verb) {
  if (subresource == "status" && (verb == "get" || verb == "update" || verb == "patch"))
    return verb == "get" ? serve_get : verb == "update" ? serve_update : serve_patch;
  if (subresource == "approval" && (verb == "get" || verb == "update" || verb == "patch"))
    return verb == "get" ? serve_get : verb == "update" ? serve_update : serve_patch;
  if (subresource == "scale" && (verb == "get" || verb == "update" || verb == "patch")) return serve_scale;
  if (subresource == "finalize" && verb == "update") return serve_update;
  if (subresource == "binding" && verb == "create") return serve_binding;
  if (subresource == "eviction" && verb == "create") return serve_eviction;
  if (subresource == "token" && verb == "create") return serve_token;
  if (subresource == "log" && verb == "get") return serve_log;
  if ((subresource == "exec" || subresource == "attach") && (verb == "get" || verb == "create")) return serve_exec;
  return nullptr;
}

Serve object_verb(const api::Kind& kind, const RequestInfo& info) {
  if (std::ranges::find(kind.verbs, info.verb) == kind.verbs.end()) return nullptr;
  const std::string& verb = info.verb;
  if (verb == "create") return !info.name.empty() ? nullptr : kind.stored ? serve_create : serve_review;
  if (verb == "get") return serve_get;
  if (verb == "list") return serve_list;
  if (verb == "watch") return serve_watch;
  if (verb == "update") return info.name.empty() ? nullptr : serve_update;
  if (verb == "patch") return info.name.empty() ? nullptr : serve_patch;
  if (verb == "delete") return serve_delete;
  if (verb == "deletecollection") return serve_delete_collection;
  return nullptr;
}

}  // namespace

Result<Identity> authenticate(const Core& core, const net::http::Request& request) {
  if (!request.peer_error.empty()) {
    core.log.debug("a client certificate was refused",
                   {{"error", request.peer_error}, {"from", request.remote_address}});
    return unauthorized();
  }
  if (request.peer) {
    User user{.name = request.peer->common_name, .uid = {}, .groups = request.peer->organizations, .extra = {}};
    user.groups.emplace_back(kGroupAuthenticated);
    user.extra.push_back({"authentication.kubernetes.io/credential-id", {"X509SHA256=" + request.peer->sha256}});
    if (const auto good = check_node_key(core.cache, user, *request.peer); !good) {
      core.log.debug("a node's certificate was refused", {{"error", good.error()}, {"from", request.remote_address}});
      return fail(good.error());
    }
    return Identity{.user = std::move(user), .session = {}};
  }
  const std::string token = bearer_of(request);
  if (token.empty() && !request.headers.has("Authorization")) {
    if (session_cookie_of(request.headers.get("Cookie")).empty()) return anonymous();
    auto session = session_of_request(core, request);
    if (!session) return fail(session.error());
    User user = session->user;
    return Identity{.user = std::move(user), .session = std::move(*session)};
  }
  if (token.empty()) return unauthorized();
  if (looks_like_join_token(token)) {
    auto user = verify_join_token(token, core.cache, core.clock.now());
    if (!user) {
      core.log.debug("a join token was refused", {{"error", user.error()}, {"from", request.remote_address}});
      return fail(user.error());
    }
    return Identity{.user = std::move(*user), .session = {}};
  }
  auto answer = core.tokens.verify(token, core.cache, core.clock.now());
  if (!answer) {
    core.log.debug("a bearer token was refused", {{"error", answer.error()}, {"from", request.remote_address}});
    return unauthorized();
  }
  return Identity{.user = std::move(answer->user), .session = {}};
}

// Impersonate-User and -Group: the right of system:masters alone. The error of everybody else is 403.
api::ApiResult<void> impersonate(const net::http::Request& request, User& user) {
  const std::string name(request.headers.get("Impersonate-User"));
  const auto groups = request.headers.all("Impersonate-Group");
  if (name.empty() && groups.empty()) return {};
  if (name.empty()) return std::unexpected(api::bad_request("requested groups without impersonating a user"));
  if (!user.in(kGroupMasters)) {
    Attributes attributes;
    attributes.verb = "impersonate";
    attributes.resource = "users";
    attributes.name = name;
    return std::unexpected(forbidden_error(user, attributes));
  }
  User other{.name = name, .uid = std::string(request.headers.get("Impersonate-Uid")), .groups = {}, .extra = {}};
  for (const std::string_view group : groups) other.groups.emplace_back(group);
  other.groups.emplace_back(name == kAnonymous ? kGroupUnauthenticated : kGroupAuthenticated);
  user = std::move(other);
  return {};
}

void Api::handle(std::shared_ptr<net::http::Exchange> exchange) {
  auto call = std::make_shared<Call>();
  call->exchange = std::move(exchange);
  call->audit_id = core_.random.uuid();
  const auto refuse = [&call] {
    api::ApiError error =
        status(429, "TooManyRequests", "the server has received too many requests and has asked us to try again later");
    error.retry_after_seconds = 1;
    respond_error(*call, error);
  };
  if (waiting_.fetch_add(1) >= kRequestsMax) {
    --waiting_;
    return refuse();
  }
  const bool taken = core_.pool.post([this, call] {
    --waiting_;
    if (is_web_ui_file(call->request().path)) return serve_web_ui_file(core_, *call);
    identify(call, false);
  });
  if (!taken) {
    --waiting_;
    refuse();
  }
}

void Api::identify(const CallPtr& call, bool fresh) {
  auto identity = authenticate(core_, call->request());
  if (!identity && identity.error().code == Code::kNotFound && !fresh) {
    // A session that the cache has not seen yet: another server may have made it just now.
    return core_.cache.when_current([this, call](Result<int64_t> revision) {
      core_.resume([this, call, revision = std::move(revision)] {
        if (!revision) return respond_error(*call, api::from_error(revision.error()));
        identify(call, true);
      });
    });
  }
  if (!identity && may_be_anonymous(call->request())) identity = anonymous();
  if (!identity) return respond_error(*call, status(401, "Unauthorized", identity.error().message));
  call->user = std::move(identity->user);
  if (auto r = check_origin(call->request(), identity->session.has_value()); !r) return respond_error(*call, r.error());
  if (identity->session) {
    call->session = identity->session->id;
    renew_session(core_, *call, *identity->session);
  }
  if (auto r = impersonate(call->request(), call->user); !r) return respond_error(*call, r.error());
  serve(call);
}

void Api::handle_as(std::shared_ptr<net::http::Exchange> exchange, User user) {
  auto call = std::make_shared<Call>();
  call->exchange = std::move(exchange);
  call->audit_id = core_.random.uuid();
  call->user = std::move(user);
  serve(call);
}

void Api::serve(const CallPtr& call) {
  if (call->request().body.size() > api::kBodyBytesMax) {
    return respond_error(*call, status(413, "RequestEntityTooLarge",
                                       "Request entity too large: limit is " + std::to_string(api::kBodyBytesMax)));
  }
  call->info = request_info(call->request());
  // Of nobody the dashboard asks to log in; kubectl hears what it may not.
  if (call->user.in(kGroupUnauthenticated) && needs_login(call->info.path))
    return respond_error(*call, status(401, "Unauthorized", "no session: run `appliance dashboard` for a link"));
  Attributes attributes = attributes_of(*call);
  if (authorized(core_.cache, call->user, attributes)) return serve_allowed(call);
  if (!depends_on_objects(call->user, attributes)) return respond_error(*call, forbidden_error(call->user, attributes));
  // The cache may not have seen yet what this right hangs on: the request just made, the pod just bound.
  core_.cache.when_current([this, call, attributes = std::move(attributes)](Result<int64_t> revision) mutable {
    core_.resume([this, call, attributes = std::move(attributes), revision = std::move(revision)] {
      if (!revision) return respond_error(*call, api::from_error(revision.error()));
      if (!authorized(core_.cache, call->user, attributes))
        return respond_error(*call, forbidden_error(call->user, attributes));
      serve_allowed(call);
    });
  });
}

void Api::serve_allowed(const CallPtr& call) {
  if (!call->info.is_resource) return serve_nonresource(core_, call);
  serve_resource(call);
}

void Api::serve_resource(const CallPtr& call) {
  const RequestInfo& info = call->info;
  call->kind = core_.kinds->find(info.group, info.version, info.resource);
  if (call->kind == nullptr || info.too_deep)
    return respond_text(*call, 404, "404 page not found\n", "text/plain; charset=utf-8");
  if (call->kind->namespaced ? (info.ns.empty() && !info.name.empty())
                             : (!info.ns.empty() && info.resource != "namespaces"))
    return respond_error(*call, no_such_resource());
  if (!info.subresource.empty() && !has_subresource(*call->kind, info.subresource))
    return respond_error(*call, no_such_resource());
  const bool streams = info.subresource == "log" || info.subresource == "exec" || info.subresource == "attach";
  auto accepted = negotiate(call->request().headers.get("Accept"), is_of_one_object(info));
  if (!accepted && !streams) return respond_error(*call, not_acceptable(is_of_one_object(info)));
  call->accepted = accepted.value_or(Accepted{});
  if (auto r = read_write_options(*call); !r) return respond_error(*call, r.error());
  const Serve verb =
      info.subresource.empty() ? object_verb(*call->kind, info) : subresource_verb(info.subresource, info.verb);
  if (verb == nullptr) return respond_error(*call, method_not_allowed());
  if (info.verb == "create" && call->kind->namespaced && info.ns.empty())
    return respond_error(*call, method_not_allowed());
  verb(core_, call);
}

}  // namespace appliance::orchestrator::apiserver
