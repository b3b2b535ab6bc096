// Which kubelet to ask, as whom. For the remote_* files of this folder.
#pragma once

#include <string>

#include "base/error.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/client/remote_streams.h"

namespace appliance::orchestrator::client {

struct NodeTarget {
  std::string node;
  std::string base_url;  // https://10.0.0.2:10250
  StreamCredentials credentials;

  // The node's name is in its certificate, beside its address.
  [[nodiscard]] std::string common_name() const { return std::string(api::kNodeUser) + node; }
  // What the kubelet said about the pod is for the person who asked; what keeps it from answering names the node.
  [[nodiscard]] Error error(const Error& cause) const {
    const bool is_answer = cause.code == Code::kNotFound || cause.code == Code::kInvalidArgument ||
                           cause.code == Code::kResourceExhausted || cause.code == Code::kUnimplemented ||
                           cause.code == Code::kInternal;
    if (is_answer) return cause;
    Error out = cause.wrap("node \"" + node + "\" does not answer");
    out.code = Code::kUnavailable;
    return out;
  }
};

inline constexpr std::chrono::milliseconds kNodeConnectTimeout{5000};

// By the Node object; null: there is none. kUnavailable: `node "n2" does not answer: it has no InternalIP`.
Result<NodeTarget> node_target(const std::string& node, const ObjectPtr& object, const StreamCredentials& credentials);
Error unreachable(const std::string& node, std::string why);

}  // namespace appliance::orchestrator::client
