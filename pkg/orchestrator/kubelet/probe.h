// One probe: the rule that turns single tries into a verdict (pure), and the try itself (exec, http, tcp; blocking).
// Kubernetes "Configure Liveness, Readiness and Startup Probes".
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "orchestrator/kubelet/spec.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

enum class ProbeType : unsigned char { kStartup, kLiveness, kReadiness };
std::string_view probe_name(ProbeType type);  // "Startup", "Liveness", "Readiness"

struct ProbeState {
  int run = 0;        // tries in a row with the same outcome
  bool last = false;  // that outcome
  std::optional<bool> verdict;
};
// The state after one more try. A verdict changes when `run` reaches its threshold.
ProbeState step(const Probe& probe, ProbeState state, bool success);

struct HandlerResult {
  bool success = false;
  std::string output;  // what went wrong, or what the command printed
};
// Runs a probe or hook once. `pod_ip` is where http and tcp connect unless the handler names a host.
HandlerResult run_handler(const Handler& handler, runtime::cri::Runtime& runtime, const std::string& container_id,
                          const std::string& pod_ip, std::chrono::milliseconds timeout);

inline constexpr size_t kProbeBodyBytesMax = 10U * 1024;  // as Kubernetes: more of an answer is not read
inline constexpr std::string_view kProbeUserAgent = "kube-probe/1.33";

}  // namespace appliance::orchestrator::kubelet
