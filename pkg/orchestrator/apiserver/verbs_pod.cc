// Subresources that change a pod (binding, eviction), and tokens of service accounts (kube-api page 3.2, "other
// subresources").
#include "base/strings.h"
#include "orchestrator/apiserver/authz.h"
#include "orchestrator/apiserver/delete_plan.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

json::Value plain_success() {
  return json::Object{
      {"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::Object{}}, {"status", "Success"}, {"code", 201}};
}

api::ApiError binding_conflict(const std::string& pod, const std::string& why) {
  api::ApiError out;
  out.code = 409;
  out.reason = "Conflict";
  out.name = pod;
  out.kind = "pods/binding";
  out.message = "Operation cannot be fulfilled on pods/binding \"" + pod + "\": " + why;
  return out;
}

// Adds the condition, or replaces the one of its type.
void set_condition(json::Value& pod, json::Object condition) {
  json::Value& slot = json::ensure(pod, {"status", "conditions"});
  if (!slot.is_array()) slot = json::Array{};
  for (json::Value& known : slot.as_array()) {
    if (json::string_at(known, {"type"}) == std::string_view(condition["type"].as_string())) {
      known = std::move(condition);
      return;
    }
  }
  slot.as_array().push_back(std::move(condition));
}

api::ApiResult<Next> next_of_binding(const api::Kind& kind, const api::ObjectPtr& current, const std::string& name,
                                     const json::Value& binding, const std::string& now) {
  if (!current) return std::unexpected(api::not_found(kind, name));
  const std::string node(json::string_at(binding, {"target", "name"}));
  const std::string_view uid = json::string_at(binding, {"metadata", "uid"});
  if (!uid.empty() && uid != current->meta.uid) {
    return std::unexpected(api::conflict(kind, name,
                                         "Precondition failed: UID in precondition: " + std::string(uid) +
                                             ", UID in object meta: " + current->meta.uid));
  }
  if (current->meta.deletion_seconds)
    return std::unexpected(binding_conflict(name, "pod " + name + " is being deleted, cannot be assigned to a host"));
  if (!current->pod().node.empty())
    return std::unexpected(
        binding_conflict(name, "pod " + name + " is already assigned to node \"" + current->pod().node + '"'));
  json::Value pod = current->document();
  json::ensure(pod, {"spec", "nodeName"}) = node;
  for (const auto& [key, value] : json::object_at(binding, {"metadata", "annotations"}))
    json::ensure(pod, {"metadata", "annotations", key}) = value;
  set_condition(
      pod, {{"type", "PodScheduled"}, {"status", "True"}, {"lastProbeTime", nullptr}, {"lastTransitionTime", now}});
  return Next{Next::Action::kPut, std::move(pod)};
}

struct TokenAsk {
  TokenSpec spec;
  json::Value request;  // to be answered with
};

// The object that a token is bound to must exist, with the uid that the request names.
api::ApiResult<void> resolve_bound(Core& core, const json::Value& request, TokenSpec& spec) {
  const std::string kind_name(json::string_at(request, {"spec", "boundObjectRef", "kind"}));
  if (kind_name.empty()) return {};
  const api::Kind* kind = kind_name == "Pod"      ? core.kinds->by_resource("pods")
                          : kind_name == "Secret" ? core.kinds->by_resource("secrets")
                                                  : nullptr;
  if (kind == nullptr) return std::unexpected(api::bad_request("cannot bind token to object of type " + kind_name));
  const std::string name(json::string_at(request, {"spec", "boundObjectRef", "name"}));
  const std::string_view uid = json::string_at(request, {"spec", "boundObjectRef", "uid"});
  const api::ObjectPtr object = core.cache.get(*kind, {spec.ns, name});
  if (!object) return std::unexpected(api::not_found(*kind, name));
  if (!uid.empty() && uid != object->meta.uid) {
    return std::unexpected(
        api::conflict(*kind, name,
                      "the UID in the bound object reference (" + std::string(uid) +
                          ") does not match the UID in record. The object might have been deleted and then recreated"));
  }
  spec.bound = {.kind = kind_name, .name = name, .uid = object->meta.uid};
  if (kind_name != "Pod") return {};
  spec.node_name = object->pod().node;
  if (const auto node = spec.node_name.empty() ? nullptr : core.cache.get(core.kind("nodes"), {"", spec.node_name}))
    spec.node_uid = node->meta.uid;
  if (json::string_at(object->document(), {"spec", "serviceAccountName"}) != spec.account) {
    return std::unexpected(api::bad_request("cannot bind token for serviceaccount \"" + spec.account +
                                            "\" to pod running with different serviceaccount name."));
  }
  return {};
}

void answer_token(Core& core, const CallPtr& call, const json::Value& request) {
  const api::ObjectPtr account = core.cache.get(*call->kind, call->key());
  if (!account) return respond_error(*call, api::not_found(*call->kind, call->info.name));
  TokenSpec spec;
  spec.ns = call->info.ns;
  spec.account = call->info.name;
  spec.account_uid = account->meta.uid;
  spec.id = core.random.uuid();
  for (const json::Value& audience : json::array_at(request, {"spec", "audiences"})) {
    if (audience.is_string()) spec.audiences.emplace_back(audience.as_string());
  }
  spec.seconds = json::int_at(request, {"spec", "expirationSeconds"}, kTokenSecondsDefault);
  if (spec.seconds < kTokenSecondsMin) {
    const auto error =
        api::invalid("spec.expirationSeconds", spec.seconds, "may not specify a duration less than 10 minutes");
    return respond_error(*call, api::invalid(api::token_request_kind(), call->info.name, {error}));
  }
  spec.seconds = std::min(spec.seconds, kTokenSecondsMax);
  if (auto r = resolve_bound(core, request, spec); !r) return respond_error(*call, r.error());
  if (!node_of(call->user).empty() && spec.bound.kind != "Pod") {
    return respond_error(*call,
                         api::forbidden(*call->kind, call->info.name, "node requested token not bound to a pod"));
  }
  if (const auto node = node_of(call->user); !node.empty() && spec.node_name != node) {
    return respond_error(*call, api::forbidden(*call->kind, call->info.name,
                                               "node requested token bound to a pod scheduled on a different node"));
  }
  const base::WallTime now = core.clock.now();
  auto token = core.tokens.issue(spec, now);
  if (!token) return respond_error(*call, api::from_error(token.error()));
  json::Value out = request;
  json::ensure(out, {"metadata", "name"}) = call->info.name;
  json::ensure(out, {"metadata", "namespace"}) = call->info.ns;
  json::ensure(out, {"metadata", "creationTimestamp"}) = base::format_rfc3339(now);
  json::ensure(out, {"spec", "expirationSeconds"}) = spec.seconds;
  if (spec.audiences.empty()) json::ensure(out, {"spec", "audiences"}) = json::Array{json::Value(core.tokens.issuer())};
  json::ensure(out, {"status"}) = json::Object{
      {"token", *token}, {"expirationTimestamp", base::format_rfc3339(now + std::chrono::seconds(spec.seconds))}};
  respond_json(*call, 201, out);
}

}  // namespace

void serve_binding(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded = api::decode(api::binding_kind(), request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  if (json::string_at(decoded->object, {"target", "name"}).empty()) {
    return respond_error(*call, api::invalid(api::binding_kind(), call->info.name, {api::required("target.name")}));
  }
  const std::string now = base::format_rfc3339(core.clock.now());
  change_object(
      core, *call->kind, call->key(), {.dry_run = call->dry_run},
      [call, now, binding = std::move(decoded->object)](const api::ObjectPtr& current) {
        return next_of_binding(*call->kind, current, call->info.name, binding, now);
      },
      [call](api::ApiResult<Outcome> outcome) {
        if (!outcome) return respond_error(*call, outcome.error());
        respond_json(*call, 201, plain_success());
      });
}

void serve_eviction(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded = api::decode(api::eviction_kind(), request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  if (auto r = api::check_url(api::eviction_kind(), decoded->object, call->ns(), call->info.name); !r)
    return respond_error(*call, r.error());
  DeleteOptions options;
  const json::Value& eviction = decoded->object;
  if (json::find(eviction, {"deleteOptions", "gracePeriodSeconds"}) != nullptr)
    options.grace_seconds = json::int_at(eviction, {"deleteOptions", "gracePeriodSeconds"});
  options.uid = json::string_at(eviction, {"deleteOptions", "preconditions", "uid"});
  options.resource_version = json::string_at(eviction, {"deleteOptions", "preconditions", "resourceVersion"});
  options.propagation = json::string_at(eviction, {"deleteOptions", "propagationPolicy"});
  for (const json::Value& value : json::array_at(eviction, {"deleteOptions", "dryRun"}))
    call->dry_run = call->dry_run || value == json::Value("All");
  delete_object(core, *call->kind, call->key(), options, call->dry_run, [call](api::ApiResult<Outcome> outcome) {
    if (!outcome) return respond_error(*call, outcome.error());
    respond_json(*call, 201, plain_success());
  });
}

void serve_token(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded =
      api::decode(api::token_request_kind(), request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  api::set_defaults(api::token_request_kind(), decoded->object);
  with_revision(core, call, std::nullopt,
                [&core, call, body = std::move(decoded->object)] { answer_token(core, call, body); });
}

}  // namespace appliance::orchestrator::apiserver
