#include "orchestrator/kubelet/resources.h"

#include <algorithm>

namespace appliance::orchestrator::kubelet {
namespace {

constexpr int64_t kSharesMin = 2;       // the kernel's own floor
constexpr int64_t kSharesMax = 262144;  // the kernel's own ceiling
constexpr int64_t kPeriodUs = 100'000;  // the kernel's default
constexpr int64_t kQuotaMinUs = 1'000;  // smaller ones are refused by the kernel
constexpr int kOomGuaranteed = -997;
constexpr int kOomBestEffort = 1000;

int64_t shares(int64_t millis) {
  if (millis <= 0) return kSharesMin;
  return std::clamp(millis * 1024 / 1000, kSharesMin, kSharesMax);
}

int64_t quota(int64_t millis) { return millis <= 0 ? 0 : std::max(millis * kPeriodUs / 1000, kQuotaMinUs); }

int oom_score(const PodSpec& pod, const ContainerSpec& container, int64_t node_memory_bytes) {
  switch (qos_of(pod)) {
    case Qos::kGuaranteed:
      return kOomGuaranteed;
    case Qos::kBestEffort:
      return kOomBestEffort;
    case Qos::kBurstable:
      break;
  }
  if (node_memory_bytes <= 0) return kOomBestEffort - 1;
  const auto score = 1000 - static_cast<int>(1000 * (static_cast<double>(container.memory_request_bytes) /
                                                     static_cast<double>(node_memory_bytes)));
  return std::clamp(score, 3, 999);
}

}  // namespace

std::string_view qos_name(Qos qos) {
  switch (qos) {
    case Qos::kGuaranteed:
      return "Guaranteed";
    case Qos::kBurstable:
      return "Burstable";
    case Qos::kBestEffort:
      return "BestEffort";
  }
  return "BestEffort";
}

Qos qos_of(const PodSpec& pod) {
  bool any = false;
  bool guaranteed = true;
  const auto look = [&](const ContainerSpec& c) {
    any = any || c.cpu_request_millis > 0 || c.memory_request_bytes > 0;
    guaranteed = guaranteed && c.cpu_limit_millis > 0 && c.memory_limit_bytes > 0 &&
                 c.cpu_request_millis == c.cpu_limit_millis && c.memory_request_bytes == c.memory_limit_bytes;
  };
  for (const auto& c : pod.init) look(c);
  for (const auto& c : pod.app) look(c);
  if (!any) return Qos::kBestEffort;
  return guaranteed ? Qos::kGuaranteed : Qos::kBurstable;
}

std::string pod_cgroup(const PodSpec& pod, std::string_view root) {
  std::string out(root);
  if (const auto qos = qos_of(pod); qos == Qos::kBurstable)
    out += "/burstable";
  else if (qos == Qos::kBestEffort)
    out += "/besteffort";
  return out + "/pod" + pod.uid;
}

Totals totals_of(const PodSpec& pod) {
  Totals sum;
  bool cpu_limited = true;
  bool memory_limited = true;
  const auto add = [&](const ContainerSpec& c) {
    sum.cpu_request_millis += c.cpu_request_millis;
    sum.memory_request_bytes += c.memory_request_bytes;
    sum.cpu_limit_millis += c.cpu_limit_millis;
    sum.memory_limit_bytes += c.memory_limit_bytes;
    cpu_limited = cpu_limited && c.cpu_limit_millis > 0;
    memory_limited = memory_limited && c.memory_limit_bytes > 0;
  };
  for (const auto& c : pod.app) add(c);
  for (const auto& c : pod.init)
    if (c.sidecar) add(c);
  for (const auto& c : pod.init) {
    if (c.sidecar) continue;
    sum.cpu_request_millis = std::max(sum.cpu_request_millis, c.cpu_request_millis);
    sum.memory_request_bytes = std::max(sum.memory_request_bytes, c.memory_request_bytes);
    sum.cpu_limit_millis = std::max(sum.cpu_limit_millis, c.cpu_limit_millis);
    sum.memory_limit_bytes = std::max(sum.memory_limit_bytes, c.memory_limit_bytes);
    cpu_limited = cpu_limited && c.cpu_limit_millis > 0;
    memory_limited = memory_limited && c.memory_limit_bytes > 0;
  }
  if (!cpu_limited) sum.cpu_limit_millis = 0;
  if (!memory_limited) sum.memory_limit_bytes = 0;
  return sum;
}

runtime::cri::Resources pod_resources(const PodSpec& pod) {
  const auto sum = totals_of(pod);
  runtime::cri::Resources out;
  out.cpu_shares = shares(sum.cpu_request_millis);
  out.cpu_quota_us = quota(sum.cpu_limit_millis);
  if (out.cpu_quota_us > 0) out.cpu_period_us = kPeriodUs;
  out.memory_limit_bytes = sum.memory_limit_bytes;
  return out;
}

runtime::cri::Resources container_resources(const PodSpec& pod, const ContainerSpec& container,
                                            int64_t node_memory_bytes) {
  runtime::cri::Resources out;
  out.cpu_shares = shares(container.cpu_request_millis);
  out.cpu_quota_us = quota(container.cpu_limit_millis);
  if (out.cpu_quota_us > 0) out.cpu_period_us = kPeriodUs;
  out.memory_limit_bytes = container.memory_limit_bytes;
  out.oom_score_adj = oom_score(pod, container, node_memory_bytes);
  return out;
}

}  // namespace appliance::orchestrator::kubelet
