#include "orchestrator/client/node_target.h"

#include "orchestrator/api/facts.h"

namespace appliance::orchestrator::client {
namespace {

constexpr int64_t kKubeletPort = 10250;  // of a node that does not say another

Result<std::string> kubelet_url(const std::string& node, const json::Value& document) {
  const std::string_view address = api::internal_ip(document);
  if (address.empty()) return fail(unreachable(node, "it has no InternalIP"));
  const int64_t said = json::int_at(document, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"});
  const std::string host =
      address.find(':') == std::string_view::npos ? std::string(address) : '[' + std::string(address) + ']';
  return "https://" + host + ':' + std::to_string(said > 0 ? said : kKubeletPort);
}

}  // namespace

Error unreachable(const std::string& node, std::string why) {
  return {.code = Code::kUnavailable,
          .message = "node \"" + node + "\" does not answer: " + std::move(why),
          .errno_value = 0,
          .hint = {}};
}

Result<NodeTarget> node_target(const std::string& node, const ObjectPtr& object, const StreamCredentials& credentials) {
  if (!object) return fail(unreachable(node, "there is no such node"));
  return NodeTarget{.node = node, .base_url = TRY(kubelet_url(node, object->document())), .credentials = credentials};
}

}  // namespace appliance::orchestrator::client
