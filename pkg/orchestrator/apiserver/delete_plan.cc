#include "orchestrator/apiserver/delete_plan.h"

#include "base/strings.h"
#include "orchestrator/apiserver/admission.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";
constexpr int64_t kPodGraceSeconds = 30;

std::string rfc3339(int64_t seconds) { return base::format_rfc3339(base::WallTime(std::chrono::seconds(seconds))); }

api::ApiResult<void> check(const api::Object& current, const DeleteOptions& options) {
  const auto differs = [&](std::string_view what, const std::string& wanted, const std::string& actual) {
    api::ApiError out = api::conflict(*current.kind, current.key.name, "");
    // The Kind and not the resource stands in this one text of the real server.
    out.message = "Operation cannot be fulfilled on " + current.kind->kind + " \"" + current.key.name + "\": the " +
                  std::string(what) + " in the precondition (" + wanted + ") does not match the " + std::string(what) +
                  " in record (" + actual + "). The object might have been " +
                  (what == "UID" ? "deleted and then recreated" : "modified");
    return std::unexpected(std::move(out));
  };
  if (!options.uid.empty() && options.uid != current.meta.uid) return differs("UID", options.uid, current.meta.uid);
  const std::string revision = std::to_string(current.revision);
  if (!options.resource_version.empty() && options.resource_version != revision)
    return differs("ResourceVersion", options.resource_version, revision);
  return {};
}

// Finalizers after the propagation policy had its say.
json::Array finalizers_of(const json::Value& object, const std::string& propagation) {
  json::Array out;
  for (const json::Value& f : json::array_at(object, {"metadata", "finalizers"})) {
    const bool ours = f == json::Value(kForeground) || f == json::Value(kOrphan);
    if (!(ours && !propagation.empty())) out.push_back(f);
  }
  if (propagation == "Foreground") out.emplace_back(kForeground);
  if (propagation == "Orphan") out.emplace_back(kOrphan);
  return out;
}

bool is_pod(const api::Object& object) { return object.kind->resource() == "pods"; }

// Seconds until the kubelet must have ended the pod; unscheduled and ended pods need none.
int64_t grace_of(const api::Object& current, const json::Value& document, const DeleteOptions& options) {
  if (!is_pod(current)) return 0;
  const api::PodFacts& pod = current.pod();
  if (pod.node.empty() || pod.phase == "Succeeded" || pod.phase == "Failed") return 0;
  if (options.grace_seconds) return std::max<int64_t>(0, *options.grace_seconds);
  return json::int_at(document, {"spec", "terminationGracePeriodSeconds"}, kPodGraceSeconds);
}

void set_deletion(json::Value& document, int64_t when, int64_t grace) {
  json::ensure(document, {"metadata", "deletionTimestamp"}) = rfc3339(when);
  json::ensure(document, {"metadata", "deletionGracePeriodSeconds"}) = grace;
}

api::ApiResult<Next> protected_namespace(const api::Object& current) {
  return std::unexpected(api::forbidden(*current.kind, current.key.name, "this namespace may not be deleted"));
}

}  // namespace

api::ApiResult<Next> next_of_delete(const api::Object& current, const DeleteOptions& options, int64_t now_seconds) {
  if (auto r = check(current, options); !r) return std::unexpected(std::move(r).error());
  const bool is_namespace = current.kind->resource() == "namespaces";
  if (is_namespace && namespace_is_protected(current.key.name)) return protected_namespace(current);
  const json::Value before = current.document();
  json::Value after = before;
  const json::Array finalizers = finalizers_of(before, options.propagation);
  if (finalizers != json::array_at(before, {"metadata", "finalizers"}))
    json::ensure(after, {"metadata", "finalizers"}) = finalizers;

  const int64_t grace = grace_of(current, before, options);
  const bool held = !finalizers.empty() || (is_namespace && !json::array_at(before, {"spec", "finalizers"}).empty());
  if (grace == 0 && !held) return Next{Next::Action::kDelete, {}};

  if (!current.meta.deletion_seconds) {
    set_deletion(after, now_seconds + grace, grace);
    if (is_namespace) json::ensure(after, {"status", "phase"}) = "Terminating";
    if (current.kind->has_generation) json::ensure(after, {"metadata", "generation"}) = current.meta.generation + 1;
  } else if (const int64_t before_grace = current.meta.deletion_grace_seconds.value_or(0);
             is_pod(current) && grace < before_grace && (options.grace_seconds || grace == 0)) {
    // A second delete may shorten the time that is left, never lengthen it.
    set_deletion(after, *current.meta.deletion_seconds - before_grace + grace, grace);
  }
  if (after == before) return Next{Next::Action::kKeep, {}};
  return Next{Next::Action::kPut, std::move(after)};
}

api::ApiResult<DeleteOptions> parse_delete_options(const net::http::Request& request) {
  auto body = api::decode_delete_options(request.body, request.headers.get("Content-Type"));
  if (!body) return std::unexpected(std::move(body).error());
  DeleteOptions out;
  if (const json::Value* grace = json::find(*body, {"gracePeriodSeconds"}); grace != nullptr && grace->is_number())
    out.grace_seconds = json::int_at(*body, {"gracePeriodSeconds"});
  out.uid = json::string_at(*body, {"preconditions", "uid"});
  out.resource_version = json::string_at(*body, {"preconditions", "resourceVersion"});
  out.propagation = json::string_at(*body, {"propagationPolicy"});
  if (json::bool_at(*body, {"orphanDependents"}) && out.propagation.empty()) out.propagation = "Orphan";
  for (const json::Value& value : json::array_at(*body, {"dryRun"}))
    out.dry_run = out.dry_run || value == json::Value("All");
  if (const auto grace = base::parse_int<int64_t>(request.query_value("gracePeriodSeconds")))
    out.grace_seconds = *grace;
  if (const auto text = request.query_value("propagationPolicy"); !text.empty()) out.propagation = text;
  if (out.propagation != "" && out.propagation != "Background" && out.propagation != "Foreground" &&
      out.propagation != "Orphan") {
    api::ApiError error;
    error.code = 422;
    error.reason = "Invalid";
    error.group = "meta.k8s.io";
    error.kind = "DeleteOptions";
    const std::string text = "Unsupported value: \"" + out.propagation +
                             "\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    error.message = "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: " + text;
    error.causes.push_back({"FieldValueNotSupported", text, "propagationPolicy"});
    return std::unexpected(std::move(error));
  }
  return out;
}

}  // namespace appliance::orchestrator::apiserver
