// update and patch, of objects and their status (kube-api page 3.2).
#include "base/strings.h"
#include "orchestrator/api/patch.h"
#include "orchestrator/apiserver/update.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

std::string revision_text(const json::Value& object) {
  return std::string(json::string_at(object, {"metadata", "resourceVersion"}));
}

api::ApiResult<void> check_preconditions(const api::Kind& kind, const json::Value& object, const api::Object& current) {
  const std::string wanted = revision_text(object);
  if (wanted.empty() || wanted == "0") {
    if (kind.unconditional_update) return {};
    api::FieldError error =
        api::invalid("metadata.resourceVersion", json::Value(nullptr), "must be specified for an update");
    error.value = "0x0";
    return std::unexpected(api::invalid(kind, current.key.name, {error}));
  }
  if (wanted != std::to_string(current.revision))
    return std::unexpected(api::conflict_modified(kind, current.key.name));
  return {};
}

api::ApiResult<void> check_uid(const api::Kind& kind, const json::Value& object, const api::Object& current) {
  const std::string_view uid = json::string_at(object, {"metadata", "uid"});
  if (uid.empty() || uid == current.meta.uid) return {};
  return std::unexpected(api::conflict(
      kind, current.key.name,
      "Precondition failed: UID in precondition: " + std::string(uid) + ", UID in object meta: " + current.meta.uid));
}

// /approval takes the conditions of what is asked for, and nothing else.
json::Value approval_of(const json::Value& old, const json::Value& asked) {
  json::Value out = old;
  json::ensure(out, {"status", "conditions"}) = json::array_at(asked, {"status", "conditions"});
  return out;
}

std::optional<api::PatchType> patch_type(std::string_view content_type) {
  const std::string_view type = base::trim(base::split(content_type, ';')[0]);
  if (type == "application/json-patch+json") return api::PatchType::kJson;
  if (type == "application/merge-patch+json") return api::PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json") return api::PatchType::kStrategicMerge;
  return std::nullopt;
}

api::ApiError unsupported_patch() {
  api::ApiError out;
  out.code = 415;
  out.reason = "UnsupportedMediaType";
  out.message =
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
      "application/merge-patch+json, application/strategic-merge-patch+json";
  return out;
}

}  // namespace

bool ready_to_go(const api::Kind& kind, const json::Value& object) {
  if (json::find(object, {"metadata", "deletionTimestamp"}) == nullptr) return false;
  if (!json::array_at(object, {"metadata", "finalizers"}).empty()) return false;
  if (kind.resource() == "namespaces") return json::array_at(object, {"spec", "finalizers"}).empty();
  return json::int_at(object, {"metadata", "deletionGracePeriodSeconds"}) == 0;
}

api::ApiResult<Next> next_of_update(Core& core, const Call& call, json::Value object, const api::Object& current,
                                    std::string_view subresource, Reservations& reservations) {
  const api::Kind& kind = *current.kind;
  reservations.release();
  if (auto r = check_uid(kind, object, current); !r) return std::unexpected(std::move(r).error());
  if (auto r = check_preconditions(kind, object, current); !r) return std::unexpected(std::move(r).error());
  if (auto r = admit_node_identity(core, call, kind, current.key.name); !r)
    return std::unexpected(std::move(r).error());
  const json::Value old = current.document();
  json::ensure(object, {"metadata"}).as_object().erase("managedFields");
  const json::Array finalizers = json::array_at(object, {"spec", "finalizers"});
  if (subresource == "approval") object = approval_of(old, object);
  api::prepare_update(kind, object, old, subresource);  // keeps the old spec.finalizers: only /finalize changes them
  if (subresource == "finalize") json::ensure(object, {"spec", "finalizers"}) = finalizers;
  if (auto r = admit_node_write(core, call, kind, object, &old, subresource); !r)
    return std::unexpected(std::move(r).error());
  if (kind.resource() == "certificatesigningrequests.certificates.k8s.io") {
    if (auto r = admit_certificate_update(core, kind, object, old, subresource); !r)
      return std::unexpected(std::move(r).error());
  }
  if (auto r = admit_update(core, kind, object, old, reservations); !r) return std::unexpected(std::move(r).error());
  if (auto errors = api::validate(kind, object, &old); !errors.empty())
    return std::unexpected(api::invalid(kind, current.key.name, errors));
  json::ensure(object, {"metadata", "resourceVersion"}) = std::to_string(current.revision);
  if (object == old && !ready_to_go(kind, object)) return Next{Next::Action::kKeep, {}};
  if (ready_to_go(kind, object)) return Next{Next::Action::kDelete, {}};
  return Next{Next::Action::kPut, std::move(object)};
}

void update_and_answer(Core& core, const CallPtr& call, std::string subresource, Make make) {
  auto reservations = std::make_shared<Reservations>();
  auto decide = [&core, call, subresource = std::move(subresource), make = std::move(make),
                 reservations](const api::ObjectPtr& current) -> api::ApiResult<Next> {
    if (!current) return std::unexpected(api::not_found(*call->kind, call->info.name));
    auto object = make(*current);
    if (!object) return std::unexpected(std::move(object).error());
    return next_of_update(core, *call, std::move(*object), *current, subresource, *reservations);
  };
  change_object(core, *call->kind, call->key(), {.dry_run = call->dry_run}, std::move(decide),
                [&core, call, reservations](api::ApiResult<Outcome> outcome) {
                  if (!outcome) return respond_error(*call, outcome.error());
                  if (!call->dry_run) reservations->commit();
                  respond_object(*call, 200, *outcome->object, core.clock.now());
                });
}

void serve_update(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  auto decoded = api::decode(*call->kind, request.body, request.headers.get("Content-Type"), call->validation);
  if (!decoded) return respond_error(*call, decoded.error());
  for (std::string& warning : decoded->warnings) call->warnings.push_back(std::move(warning));
  if (auto r = api::check_url(*call->kind, decoded->object, call->ns(), call->info.name); !r)
    return respond_error(*call, r.error());
  const std::string& subresource = call->info.subresource;
  if (subresource == "finalize") {
    // Only spec.finalizers are taken from the body.
    return update_and_answer(
        core, call, "finalize",
        [body = std::move(decoded->object)](const api::Object& current) -> api::ApiResult<json::Value> {
          json::Value object = current.document();
          json::ensure(object, {"spec", "finalizers"}) = json::array_at(body, {"spec", "finalizers"});
          if (const json::Value* revision = json::find(body, {"metadata", "resourceVersion"}))
            json::ensure(object, {"metadata", "resourceVersion"}) = *revision;
          return object;
        });
  }
  update_and_answer(
      core, call, subresource,
      [body = std::move(decoded->object)](const api::Object&) -> api::ApiResult<json::Value> { return body; });
}

void serve_patch(Core& core, const CallPtr& call) {
  const auto type = patch_type(call->request().headers.get("Content-Type"));
  if (!type) return respond_error(*call, unsupported_patch());
  update_and_answer(core, call, call->info.subresource,
                    [call, type = *type](const api::Object& current) -> api::ApiResult<json::Value> {
                      call->warnings.clear();
                      auto patched = api::apply_patch(*current.kind, type, current.document(), call->request().body,
                                                      call->validation, &call->warnings);
                      if (!patched) return patched;
                      if (auto r = api::check_url(*current.kind, *patched, call->ns(), call->info.name); !r)
                        return std::unexpected(std::move(r).error());
                      return patched;
                    });
}

}  // namespace appliance::orchestrator::apiserver
