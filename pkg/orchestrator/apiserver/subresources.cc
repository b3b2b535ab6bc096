#include "orchestrator/apiserver/subresources.h"

#include <algorithm>

namespace appliance::orchestrator::apiserver {

std::vector<Subresource> subresources_of(const api::Kind& kind) {
  std::vector<Subresource> out;
  const std::string resource = kind.resource();
  if (kind.has_status) out.push_back({"status", kind.group, kind.version, kind.kind, {"get", "patch", "update"}});
  if (kind.has_scale) out.push_back({"scale", "autoscaling", "v1", "Scale", {"get", "patch", "update"}});
  if (resource == "pods") {
    out.push_back({"attach", "", "v1", "PodAttachOptions", {"create", "get"}});
    out.push_back({"binding", "", "v1", "Binding", {"create"}});
    out.push_back({"eviction", "policy", "v1", "Eviction", {"create"}});
    out.push_back({"exec", "", "v1", "PodExecOptions", {"create", "get"}});
    out.push_back({"log", "", "v1", "Pod", {"get"}});
  }
  if (resource == "certificatesigningrequests.certificates.k8s.io")
    out.push_back({"approval", kind.group, kind.version, kind.kind, {"get", "patch", "update"}});
  if (resource == "namespaces") out.push_back({"finalize", "", "v1", "Namespace", {"update"}});
  if (resource == "serviceaccounts")
    out.push_back({"token", "authentication.k8s.io", "v1", "TokenRequest", {"create"}});
  std::ranges::sort(out, {}, &Subresource::name);
  return out;
}

bool has_subresource(const api::Kind& kind, std::string_view name) {
  return std::ranges::any_of(subresources_of(kind), [&](const Subresource& s) { return s.name == name; });
}

}  // namespace appliance::orchestrator::apiserver
