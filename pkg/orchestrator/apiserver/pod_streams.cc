#include "orchestrator/apiserver/pod_streams.h"

namespace appliance::orchestrator::apiserver {
namespace {

std::vector<std::string> container_names(const json::Value& pod, std::string_view list) {
  std::vector<std::string> out;
  for (const json::Value& container : json::array_at(pod, {"spec", list}))
    out.emplace_back(json::string_at(container, {"name"}));
  return out;
}

std::string spaced(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) out += (out.size() > 1 ? " " : "") + name;
  return out + ']';
}

}  // namespace

api::ApiResult<PodContainer> pod_container(const Core& core, const Call& call, const std::string& wanted) {
  const api::ObjectPtr object = core.cache.get(*call.kind, call.key());
  if (!object) return std::unexpected(api::not_found(*call.kind, call.info.name));
  const json::Value pod = object->document();
  const auto containers = container_names(pod, "containers");
  const auto inits = container_names(pod, "initContainers");
  PodContainer out{.container = wanted, .node = object->pod().node};
  if (!wanted.empty()) {
    for (const auto* list : {&containers, &inits}) {
      if (std::ranges::find(*list, wanted) != list->end()) return out;
    }
    return std::unexpected(api::bad_request("container " + wanted + " is not valid for pod " + call.info.name));
  }
  if (containers.size() == 1 && inits.empty()) {
    out.container = containers[0];
    return out;
  }
  const auto& annotations = json::object_at(pod, {"metadata", "annotations"});
  if (const json::Value* named = json::find(annotations, "kubectl.kubernetes.io/default-container");
      named != nullptr && named->is_string()) {
    out.container = std::string(named->as_string());
    return out;
  }
  std::string message =
      "a container name must be specified for pod " + call.info.name + ", choose one of: " + spaced(containers);
  if (!inits.empty()) message += " or one of the init containers: " + spaced(inits);
  return std::unexpected(api::bad_request(message));
}

api::ApiError no_node_streams() {
  api::ApiError out;
  out.code = 503;
  out.reason = "ServiceUnavailable";
  out.message = "the kubelet of this pod's node cannot be reached";
  return out;
}

}  // namespace appliance::orchestrator::apiserver
