#include "orchestrator/apiserver/admission.h"

#include <array>

#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver {

bool Reservations::reserve(NumberAllocator& from, uint32_t number, const std::string& owner) {
  const auto result = from.reserve(number, owner);
  if (result == NumberAllocator::Reserve::kTaken) taken_.push_back({&from, number, owner});
  return result != NumberAllocator::Reserve::kRefused;
}

std::optional<uint32_t> Reservations::allocate(NumberAllocator& from, const std::string& owner) {
  const auto number = from.allocate(owner);
  if (number) taken_.push_back({&from, *number, owner});
  return number;
}

void Reservations::release() {
  for (const Taken& taken : taken_) taken.from->release(taken.number, taken.owner);
  taken_.clear();
}

bool namespace_is_protected(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kProtected = {"default", "kube-system", "kube-public",
                                                                 "kube-node-lease"};
  return std::ranges::find(kProtected, name) != kProtected.end();
}

api::ApiResult<void> admit_namespace(Core& core, const Call& call, const api::Kind& kind, std::string_view name) {
  if (!kind.namespaced) return {};
  const api::Kind& namespaces = core.kind("namespaces");
  const api::ObjectPtr found = core.cache.get(namespaces, {"", call.info.ns});
  if (!found) return std::unexpected(api::not_found(namespaces, call.info.ns));
  if (!found->meta.deletion_seconds) return {};
  api::ApiError out = api::forbidden(
      kind, name, "unable to create new content in namespace " + call.info.ns + " because it is being terminated");
  out.causes.push_back(
      {"NamespaceTerminating", "namespace " + call.info.ns + " is being terminated", "metadata.namespace"});
  return std::unexpected(std::move(out));
}

api::ApiResult<void> admit_node_identity(const Core&, const Call& call, const api::Kind& kind, std::string_view name) {
  const std::string_view node = node_of(call.user);
  if (node.empty() || call.user.in(kGroupMasters)) return {};
  const std::string resource = kind.resource();
  if ((resource == "nodes" || resource == "leases.coordination.k8s.io") && name != node) {
    return std::unexpected(api::forbidden(kind, name,
                                          "node \"" + std::string(node) + "\" is not allowed to modify " + kind.plural +
                                              " \"" + std::string(name) + '"'));
  }
  return {};
}

// A session says who its holder is: only the API server writes one, past admission.
static api::ApiResult<void> refuse_session(const api::Kind& kind, const json::Value& object) {
  if (kind.resource() != "secrets" || json::string_at(object, {"type"}) != api::kUiSessionSecretType) return {};
  return std::unexpected(api::forbidden(kind, json::string_at(object, {"metadata", "name"}),
                                        "sessions of the dashboard are made by `appliance dashboard` alone"));
}

api::ApiResult<void> admit_create(Core& core, const Call& call, const api::Kind& kind, json::Value& object,
                                  Reservations& reservations) {
  if (auto r = refuse_session(kind, object); !r) return r;
  const std::string resource = kind.resource();
  if (resource == "pods") return admit_pod(core, kind, object);
  if (resource == "services") return admit_service(core, kind, object, nullptr, reservations);
  if (resource == "certificatesigningrequests.certificates.k8s.io")
    return admit_certificate_request(core, call, kind, object);
  if (resource == "namespaces") {
    const std::string name(json::string_at(object, {"metadata", "name"}));
    json::ensure(object, {"metadata", "labels", "kubernetes.io/metadata.name"}) = name;
  }
  return {};
}

api::ApiResult<void> admit_update(Core& core, const api::Kind& kind, json::Value& object, const json::Value& old,
                                  Reservations& reservations) {
  // One that is being deleted is done with: its finalizers go, and nothing else.
  const auto keeps = [&](std::string_view field) {
    const auto* before = json::find(old, {field});
    const auto* after = json::find(object, {field});
    return before == nullptr || after == nullptr ? before == after : *before == *after;
  };
  const bool is_end = json::find(old, {"metadata", "deletionTimestamp"}) != nullptr && keeps("type") && keeps("data");
  if (auto r = refuse_session(kind, old); !r && !is_end) return r;
  if (auto r = refuse_session(kind, object); !r && !is_end) return r;
  if (kind.resource() == "services") return admit_service(core, kind, object, &old, reservations);
  return {};
}

}  // namespace appliance::orchestrator::apiserver
