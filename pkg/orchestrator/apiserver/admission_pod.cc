// What every new pod gets (kube-api page 6.2, "Pod (admission)"): service account, API token volume, image pull
// secrets, priority, and tolerations for a node that is lost.
#include "orchestrator/apiserver/admission.h"

namespace appliance::orchestrator::apiserver {
namespace {

constexpr std::string_view kTokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr int64_t kTokenSeconds = 3607;  // asks for renewal at 80 %
constexpr int64_t kProjectedMode = 420;  // 0644

json::Array& array_of(json::Value& value, json::Path path) {
  json::Value& slot = json::ensure(value, path);
  if (!slot.is_array()) slot = json::Array{};
  return slot.as_array();
}

json::Object token_volume(const std::string& name) {
  json::Object token{{"serviceAccountToken", json::Object{{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}};
  json::Object ca{
      {"configMap", json::Object{{"name", "kube-root-ca.crt"},
                                 {"items", json::Array{json::Object{{"key", "ca.crt"}, {"path", "ca.crt"}}}}}}};
  json::Object ns{
      {"downwardAPI",
       json::Object{
           {"items", json::Array{json::Object{
                         {"path", "namespace"},
                         {"fieldRef", json::Object{{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}}}}}};
  json::Object projected{{"sources", json::Array{std::move(token), std::move(ca), std::move(ns)}},
                         {"defaultMode", kProjectedMode}};
  return {{"name", name}, {"projected", std::move(projected)}};
}

bool mounts_token(const json::Value& container) {
  for (const json::Value& mount : json::array_at(container, {"volumeMounts"})) {
    if (json::string_at(mount, {"mountPath"}) == kTokenMountPath) return true;
  }
  return false;
}

// Containers that bring a mount of their own at that place keep it; without one that doesn't, no volume is made.
void add_token(Core& core, json::Value& pod) {
  const std::string name = "kube-api-access-" + core.random.name_suffix(5);
  bool used = false;
  for (const std::string_view list : {"initContainers", "containers"}) {
    if (json::find(pod, {"spec", list}) == nullptr) continue;
    for (json::Value& container : array_of(pod, {"spec", list})) {
      if (!container.is_object() || mounts_token(container)) continue;
      array_of(container, {"volumeMounts"})
          .push_back(json::Object{{"name", name}, {"readOnly", true}, {"mountPath", kTokenMountPath}});
      used = true;
    }
  }
  if (used) array_of(pod, {"spec", "volumes"}).push_back(token_volume(name));
}

api::ApiResult<void> admit_account(Core& core, const api::Kind& kind, json::Value& pod) {
  const json::Object& annotations = json::object_at(pod, {"metadata", "annotations"});
  if (annotations.contains("kubernetes.io/config.mirror")) return {};  // a static pod's mirror has no account
  std::string account(json::string_at(pod, {"spec", "serviceAccountName"}));
  if (account.empty()) account = json::string_at(pod, {"spec", "serviceAccount"}, "default");
  if (account.empty()) account = "default";
  json::ensure(pod, {"spec", "serviceAccountName"}) = account;
  json::ensure(pod, {"spec", "serviceAccount"}) = account;
  const std::string ns(json::string_at(pod, {"metadata", "namespace"}));
  const api::ObjectPtr found = core.cache.get(core.kind("serviceaccounts"), {ns, account});
  if (!found) {
    return std::unexpected(api::forbidden(
        kind, json::string_at(pod, {"metadata", "name"}),
        "error looking up service account " + ns + '/' + account + ": serviceaccount \"" + account + "\" not found"));
  }
  const json::Value document = found->document();
  const json::Value* automount = json::find(pod, {"spec", "automountServiceAccountToken"});
  const bool wanted = automount != nullptr && automount->is_bool()
                          ? automount->as_bool()
                          : json::bool_at(document, {"automountServiceAccountToken"}, true);
  if (wanted) add_token(core, pod);
  const json::Array& secrets = json::array_at(document, {"imagePullSecrets"});
  if (!secrets.empty() && json::array_at(pod, {"spec", "imagePullSecrets"}).empty())
    json::ensure(pod, {"spec", "imagePullSecrets"}) = secrets;
  return {};
}

api::ApiResult<void> admit_priority(const api::Kind& kind, json::Value& pod) {
  const std::string_view name = json::string_at(pod, {"spec", "priorityClassName"});
  int64_t value = 0;
  if (name == "system-cluster-critical") {
    value = 2'000'000'000;
  } else if (name == "system-node-critical") {
    value = 2'000'001'000;
  } else if (!name.empty()) {
    return std::unexpected(api::forbidden(kind, json::string_at(pod, {"metadata", "name"}),
                                          "no PriorityClass with name " + std::string(name) + " was found"));
  }
  const json::Value* given = json::find(pod, {"spec", "priority"});
  if (given != nullptr && given->is_number() && json::int_at(pod, {"spec", "priority"}) != value) {
    return std::unexpected(
        api::forbidden(kind, json::string_at(pod, {"metadata", "name"}),
                       "the integer value of priority (" + std::to_string(json::int_at(pod, {"spec", "priority"})) +
                           ") must not be provided in pod spec; priority admission controller computed " +
                           std::to_string(value) + " from the given PriorityClass name"));
  }
  json::ensure(pod, {"spec", "priority"}) = value;
  if (json::find(pod, {"spec", "preemptionPolicy"}) == nullptr)
    json::ensure(pod, {"spec", "preemptionPolicy"}) = "PreemptLowerPriority";
  return {};
}

void add_tolerations(const Core& core, json::Value& pod) {
  for (const std::string_view key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    json::Array& tolerations = array_of(pod, {"spec", "tolerations"});
    const bool has = std::ranges::any_of(tolerations, [&](const json::Value& t) {
      const std::string_view effect = json::string_at(t, {"effect"});
      const std::string_view its = json::string_at(t, {"key"});
      return (its == key || its.empty()) && (effect.empty() || effect == "NoExecute");
    });
    if (has) continue;
    tolerations.push_back(json::Object{{"key", key},
                                       {"operator", "Exists"},
                                       {"effect", "NoExecute"},
                                       {"tolerationSeconds", core.options.unreachable_toleration_seconds}});
  }
}

}  // namespace

api::ApiResult<void> admit_pod(Core& core, const api::Kind& kind, json::Value& pod) {
  if (auto r = admit_account(core, kind, pod); !r) return r;
  if (auto r = admit_priority(kind, pod); !r) return r;
  add_tolerations(core, pod);
  return {};
}

}  // namespace appliance::orchestrator::apiserver
