// Review kinds (kube-api page 5): questions about identities and rights, answered and forgotten. 201, nothing stored.
#include "base/strings.h"
#include "orchestrator/apiserver/authz.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

json::Array strings(const std::vector<std::string>& values) {
  json::Array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

json::Object user_info(const User& user) {
  json::Object out{{"username", user.name}};
  if (!user.uid.empty()) out["uid"] = user.uid;
  out["groups"] = strings(user.groups);
  if (user.extra.empty()) return out;
  json::Object extra;
  for (const auto& [key, values] : user.extra) extra[key] = strings(values);
  out["extra"] = std::move(extra);
  return out;
}

Attributes attributes_of(const json::Value& spec, std::string_view ns_default) {
  Attributes out;
  if (const json::Value* path = json::find(spec, {"nonResourceAttributes"}); path != nullptr && path->is_object()) {
    out.is_resource = false;
    out.path = json::string_at(*path, {"path"});
    out.verb = json::string_at(*path, {"verb"});
    return out;
  }
  const auto text = [&](std::string_view key) {
    return std::string(json::string_at(spec, {"resourceAttributes", key}));
  };
  out.verb = text("verb");
  out.group = text("group");
  out.resource = text("resource");
  out.subresource = text("subresource");
  out.name = text("name");
  out.ns = text("namespace");
  if (out.ns.empty()) out.ns = ns_default;
  return out;
}

json::Object access_status(const Core& core, const User& user, const Attributes& attributes) {
  if (authorized(core.cache, user, attributes)) return {{"allowed", true}};
  return {
      {"allowed", false},
      {"reason", "not allowed by the fixed authorizer: only system:masters and nodes have rights until RBAC is there"}};
}

User subject_of(const json::Value& spec) {
  User out;
  out.name = json::string_at(spec, {"user"});
  out.uid = json::string_at(spec, {"uid"});
  for (const json::Value& group : json::array_at(spec, {"groups"})) {
    if (group.is_string()) out.groups.emplace_back(group.as_string());
  }
  return out;
}

json::Object rule(json::Array verbs, json::Array groups, json::Array resources) {
  return {{"verbs", std::move(verbs)}, {"apiGroups", std::move(groups)}, {"resources", std::move(resources)}};
}

json::Object rules_status(const User& user) {
  json::Array resources;
  json::Array paths;
  if (user.in(kGroupMasters)) {
    resources.push_back(rule({"*"}, {"*"}, {"*"}));
    paths.push_back(json::Object{{"verbs", json::Array{"*"}}, {"nonResourceURLs", json::Array{"*"}}});
  }
  resources.push_back(
      rule({"create"}, {"authorization.k8s.io"}, {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}));
  resources.push_back(rule({"create"}, {"authentication.k8s.io"}, {"selfsubjectreviews"}));
  json::Array open;
  for (const char* path :
       {"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi/*", "/readyz", "/version", "/version/"})
    open.emplace_back(path);
  paths.push_back(json::Object{{"verbs", json::Array{"get"}}, {"nonResourceURLs", std::move(open)}});
  return {{"resourceRules", std::move(resources)}, {"nonResourceRules", std::move(paths)}, {"incomplete", false}};
}

json::Object token_status(const Core& core, const json::Value& spec) {
  std::vector<std::string> audiences;
  for (const json::Value& audience : json::array_at(spec, {"audiences"})) {
    if (audience.is_string()) audiences.emplace_back(audience.as_string());
  }
  auto answer = core.tokens.verify(json::string_at(spec, {"token"}), core.cache, core.clock.now(), audiences);
  if (!answer) return {{"authenticated", false}, {"error", "invalid bearer token"}};
  json::Object out{{"authenticated", true}, {"user", user_info(answer->user)}};
  out["audiences"] = strings(answer->audiences);
  return out;
}

std::optional<json::Object> status_of(const Core& core, const Call& call, const json::Value& review) {
  const json::Value none = json::Object{};
  const json::Value* found = json::find(review, {"spec"});
  const json::Value& spec = found == nullptr ? none : *found;
  const std::string& plural = call.kind->plural;
  if (plural == "selfsubjectaccessreviews") return access_status(core, call.user, attributes_of(spec, {}));
  if (plural == "subjectaccessreviews") return access_status(core, subject_of(spec), attributes_of(spec, {}));
  if (plural == "localsubjectaccessreviews")
    return access_status(core, subject_of(spec), attributes_of(spec, call.info.ns));
  if (plural == "selfsubjectrulesreviews") return rules_status(call.user);
  if (plural == "selfsubjectreviews") return json::Object{{"userInfo", user_info(call.user)}};
  if (plural == "tokenreviews") return token_status(core, spec);
  return std::nullopt;
}

}  // namespace

void serve_review(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded = api::decode(*call->kind, request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  auto status = status_of(core, *call, decoded->object);
  if (!status) return respond_error(*call, api::internal_error("no answer for " + call->kind->plural));
  json::ensure(decoded->object, {"metadata", "creationTimestamp"}) = json::Value(nullptr);
  json::ensure(decoded->object, {"status"}) = std::move(*status);
  respond_json(*call, 201, decoded->object);
}

}  // namespace appliance::orchestrator::apiserver
