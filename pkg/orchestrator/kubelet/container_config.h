// From a container of a pod to what the runtime is asked for: argv, environment, mounts, security, resources. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "orchestrator/kubelet/env.h"
#include "orchestrator/kubelet/spec.h"
#include "runtime/cri/cri.h"
#include "runtime/image/image_store.h"

namespace appliance::orchestrator::kubelet {

// Labels by which a restarted server knows its own. The names are Kubernetes'.
inline constexpr std::string_view kLabelPodName = "io.kubernetes.pod.name";
inline constexpr std::string_view kLabelPodNamespace = "io.kubernetes.pod.namespace";
inline constexpr std::string_view kLabelPodUid = "io.kubernetes.pod.uid";
inline constexpr std::string_view kLabelContainerName = "io.kubernetes.container.name";
inline constexpr std::string_view kAnnotationGrace = "io.kubernetes.pod.terminationGracePeriod";
inline constexpr std::string_view kAnnotationTerminationPath = "io.kubernetes.container.terminationMessagePath";

struct ContainerInput {
  const PodSpec& pod;
  const ContainerSpec& container;
  uint32_t attempt = 0;
  int64_t backoff_seconds = 0;
  const runtime::image::Image& image;
  const EnvInput& env;
  std::vector<runtime::cri::Mount> mounts;
  int64_t node_memory_bytes = 0;
};
// Errors are CreateContainerConfigError messages.
Result<runtime::cri::ContainerConfig> container_config(ContainerInput in);

runtime::cri::SandboxConfig sandbox_config(const PodSpec& pod, uint32_t attempt, const std::string& log_root,
                                           const std::string& cgroup_root);

// "web/0.log" below the pod's log folder.
std::string log_path(const std::string& container, uint32_t attempt);
std::string pod_log_dir(const std::string& root, const std::string& ns, const std::string& name,
                        const std::string& uid);

}  // namespace appliance::orchestrator::kubelet
