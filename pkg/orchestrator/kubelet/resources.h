// From requests and limits to cgroup settings: QoS class, the pod's group, shares, quota, oom_score_adj. Pure.
// Formulas: runtime page "Pods"; Kubernetes "Configure Quality of Service for Pods".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orchestrator/kubelet/spec.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

enum class Qos : unsigned char { kGuaranteed, kBurstable, kBestEffort };
std::string_view qos_name(Qos qos);  // as in status.qosClass
Qos qos_of(const PodSpec& pod);

// "kubepods/pod<uid>", "kubepods/burstable/pod<uid>" or "kubepods/besteffort/pod<uid>" below `root` ("kubepods").
std::string pod_cgroup(const PodSpec& pod, std::string_view root);

runtime::cri::Resources pod_resources(const PodSpec& pod);
runtime::cri::Resources container_resources(const PodSpec& pod, const ContainerSpec& container,
                                            int64_t node_memory_bytes);

// Sums over app containers and sidecars; plain init containers count by their maximum.
struct Totals {
  int64_t cpu_request_millis = 0;
  int64_t cpu_limit_millis = 0;  // 0 = at least one container has none
  int64_t memory_request_bytes = 0;
  int64_t memory_limit_bytes = 0;
};
Totals totals_of(const PodSpec& pod);

}  // namespace appliance::orchestrator::kubelet
