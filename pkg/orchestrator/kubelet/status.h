// The pod's status document, from what is observed. Pure. Kubernetes "Pod Lifecycle"; texts as a kubelet writes them
// (kube-api page 8). Conditions and fields of others (PodScheduled, DisruptionTarget, nominatedNodeName) are carried
// over.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/kubelet/plan.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

// "name as printed" and imageID of an image by its id; both "" when unknown.
struct ImageNames {
  std::string image;
  std::string image_id;
};

struct StatusInput {
  const PodSpec& pod;
  const Observed& observed;
  const json::Value& previous;  // status as last written, null when none
  std::string node_ip;
  bool terminating = false;   // nothing will be restarted
  std::string failed_reason;  // "DeadlineExceeded", "Evicted": makes the phase Failed
  std::string failed_message;
  WallTime now{};
  std::function<ImageNames(const std::string& image_id)> image_names;
};

json::Value build_status(const StatusInput& in);

// Records that only the API remembers: for containers of which the runtime has none. `previous` is the pod's status.
void add_api_records(const PodSpec& pod, const json::Value& previous, Observed& observed, WallTime now);

inline constexpr std::string_view kContainerIdScheme = "appliance://";

// RFC 3339 seconds of a runtime time.
std::string stamp(WallTime time);

}  // namespace appliance::orchestrator::kubelet
