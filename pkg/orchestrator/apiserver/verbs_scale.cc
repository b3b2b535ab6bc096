// The scale subresource: one number of a Deployment or ReplicaSet, spoken of as an autoscaling/v1 Scale.
#include "base/strings.h"
#include "orchestrator/api/patch.h"
#include "orchestrator/api/selector.h"
#include "orchestrator/apiserver/update.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

json::Value scale_of(const json::Value& object, int64_t revision) {
  json::Object metadata{{"name", json::string_at(object, {"metadata", "name"})},
                        {"namespace", json::string_at(object, {"metadata", "namespace"})},
                        {"uid", json::string_at(object, {"metadata", "uid"})},
                        {"resourceVersion", std::to_string(revision)},
                        {"creationTimestamp", json::string_at(object, {"metadata", "creationTimestamp"})}};
  json::Object status{{"replicas", json::int_at(object, {"status", "replicas"})}};
  const std::string selector = api::LabelSelector::from_json(json::find(object, {"spec", "selector"})).string();
  if (!selector.empty()) status["selector"] = selector;
  return json::Object{{"kind", "Scale"},
                      {"apiVersion", "autoscaling/v1"},
                      {"metadata", std::move(metadata)},
                      {"spec", json::Object{{"replicas", json::int_at(object, {"spec", "replicas"})}}},
                      {"status", std::move(status)}};
}

// What the client asks for: a whole Scale (PUT), or the present one patched.
using Ask = std::function<api::ApiResult<json::Value>(const api::Object& current)>;

api::ApiResult<Ask> ask_of(const CallPtr& call) {
  const auto& request = call->request();
  if (call->info.verb == "update") {
    auto decoded = api::decode(api::scale_kind(), request.body, request.headers.get("Content-Type"), call->validation);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    return Ask(
        [scale = std::move(decoded->object)](const api::Object&) -> api::ApiResult<json::Value> { return scale; });
  }
  const std::string_view type = base::trim(base::split(request.headers.get("Content-Type"), ';')[0]);
  api::PatchType patch = api::PatchType::kMerge;
  if (type == "application/json-patch+json")
    patch = api::PatchType::kJson;
  else if (type == "application/strategic-merge-patch+json")
    patch = api::PatchType::kStrategicMerge;
  else if (type != "application/merge-patch+json") {
    api::ApiError error;
    error.code = 415;
    error.reason = "UnsupportedMediaType";
    error.message = "415: Unsupported Media Type";
    return std::unexpected(std::move(error));
  }
  return Ask([call, patch](const api::Object& current) {
    return api::apply_patch(api::scale_kind(), patch, scale_of(current.document(), current.revision),
                            call->request().body, call->validation, nullptr);
  });
}

void answer_scale(Core& core, const CallPtr& call, api::ApiResult<Outcome> outcome) {
  (void)core;
  if (!outcome) return respond_error(*call, outcome.error());
  respond_json(*call, 200, scale_of(outcome->object->document(), outcome->object->revision));
}

}  // namespace

void serve_scale(Core& core, const CallPtr& call) {
  if (call->info.verb == "get") {
    return change_object(
        core, *call->kind, call->key(), {},
        [call](const api::ObjectPtr& current) -> api::ApiResult<Next> {
          if (!current) return std::unexpected(api::not_found(*call->kind, call->info.name));
          return Next{};
        },
        [&core, call](api::ApiResult<Outcome> outcome) { answer_scale(core, call, std::move(outcome)); });
  }
  auto ask = ask_of(call);
  if (!ask) return respond_error(*call, ask.error());
  auto reservations = std::make_shared<Reservations>();
  auto decide = [&core, call, ask = std::move(*ask),
                 reservations](const api::ObjectPtr& current) -> api::ApiResult<Next> {
    if (!current) return std::unexpected(api::not_found(*call->kind, call->info.name));
    auto scale = ask(*current);
    if (!scale) return std::unexpected(std::move(scale).error());
    const int64_t replicas = json::int_at(*scale, {"spec", "replicas"});
    if (replicas < 0) {
      const api::FieldError error = api::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
      return std::unexpected(api::invalid(api::scale_kind(), current->key.name, {error}));
    }
    json::Value object = current->document();
    json::ensure(object, {"spec", "replicas"}) = replicas;
    const std::string wanted(json::string_at(*scale, {"metadata", "resourceVersion"}));
    if (!wanted.empty()) json::ensure(object, {"metadata", "resourceVersion"}) = wanted;
    return next_of_update(core, *call, std::move(object), *current, "", *reservations);
  };
  change_object(core, *call->kind, call->key(), {.dry_run = call->dry_run}, std::move(decide),
                [&core, call](api::ApiResult<Outcome> outcome) { answer_scale(core, call, std::move(outcome)); });
}

}  // namespace appliance::orchestrator::apiserver
