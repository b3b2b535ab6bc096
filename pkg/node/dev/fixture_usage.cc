#include "node/dev/fixture_usage.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/strings.h"

namespace appliance::node::dev {
namespace {

namespace client = orchestrator::client;

constexpr uint64_t kGiB = 1U << 30U;
constexpr uint64_t kDiskBytes = 200 * kGiB;
constexpr double kNodeLoad = 0.5;      // of its cores and memory, on average
constexpr double kShareMax = 0.6;      // of what a pod asks for
constexpr double kDefaultMillis = 50;  // of a pod that asks for nothing

double fraction(std::string_view text) { return static_cast<double>(base::fnv1a64(text) % 1000) / 1000; }

double angle(const Wave& wave, double seconds) {
  return 2 * std::numbers::pi * seconds / wave.period_seconds + wave.phase;
}

Wave wave_of(std::string_view name, double base) {
  const double f = fraction(name);
  return {.base = base, .depth = 0.2 + 0.5 * f, .period_seconds = 40 + 80 * f, .phase = 6 * f};
}

uint64_t nanos(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

}  // namespace

double wave_at(const Wave& wave, double seconds) {
  return wave.base * (1 + wave.depth * std::sin(angle(wave, seconds)));
}

double wave_sum(const Wave& wave, double seconds) {
  const double swing = wave.depth * wave.period_seconds / (2 * std::numbers::pi);
  return wave.base * (seconds + swing * (std::cos(wave.phase) - std::cos(angle(wave, seconds))));
}

FixtureUsage::FixtureUsage(const FixturePlan& plan, client::InformerSource& informers, const base::Clock& clock)
    : informers_(informers), clock_(clock), begin_(clock.now() - std::chrono::hours(1)) {
  double cores = 0;
  double memory = 0;
  for (const auto& node : plan.nodes) {
    nodes_.emplace(node.name, node);
    cores += node.cores;
    memory += node.memory_gib * 1024.0;
  }
  double asked_cores = 0.001;
  double asked_memory = 1;
  for (const auto& pod : plan.pods) {
    if (pod.node < 0) continue;
    asked_cores += plan.workload_of(pod).cpu_millis / 1000.0;
    asked_memory += plan.workload_of(pod).memory_mib;
  }
  cpu_share_ = std::min(kShareMax, kNodeLoad * cores / asked_cores);
  memory_share_ = std::min(kShareMax, kNodeLoad * memory / asked_memory);
}

void FixtureUsage::usage(const std::string& node, std::move_only_function<void(Result<client::NodeUsage>)> done) {
  done(usage_of(node));
}

Result<client::NodeUsage> FixtureUsage::usage_of(const std::string& name) const {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return fail(Code::kNotFound, "node " + name + ": not found");
  const auto& node = found->second;
  if (!node.ready) return fail(Code::kUnavailable, "node " + name + ": does not answer");
  client::NodeUsage out;
  out.at = clock_.now();
  const double seconds = std::chrono::duration<double>(out.at - begin_).count();
  const double f = fraction(name);
  const double share = 0.25 + 0.4 * f;
  out.cores = node.cores;
  out.cpu_nanos = nanos(wave_sum(wave_of(name, node.cores * share), seconds));
  out.memory_total_bytes = static_cast<uint64_t>(node.memory_gib) * kGiB;
  out.memory_bytes =
      static_cast<uint64_t>(wave_at({.base = share, .depth = 0.1, .period_seconds = 300, .phase = f}, seconds) *
                            static_cast<double>(out.memory_total_bytes));
  out.disk_total_bytes = kDiskBytes;
  out.disk_bytes = static_cast<uint64_t>((0.2 + 0.5 * f) * static_cast<double>(kDiskBytes));
  for (const auto& pod : informers_.informer("pods").by_node(name))
    if (pod->pod().phase == "Running") out.pods.push_back(pod_usage(*pod, seconds));
  return out;
}

client::PodUsage FixtureUsage::pod_usage(const orchestrator::api::Object& pod, double seconds) const {
  const auto& facts = pod.pod();
  const double millis = facts.cpu_request_millis > 0 ? static_cast<double>(facts.cpu_request_millis) : kDefaultMillis;
  return {.ns = pod.key.ns,
          .name = pod.key.name,
          .uid = pod.meta.uid,
          .cpu_nanos = nanos(wave_sum(wave_of(pod.meta.uid, millis / 1000 * cpu_share_), seconds)),
          .memory_bytes =
              static_cast<uint64_t>(wave_at({.base = memory_share_ * static_cast<double>(facts.memory_request_bytes),
                                             .depth = 0.2,
                                             .period_seconds = 90,
                                             .phase = 6 * fraction(pod.key.name)},
                                            seconds))};
}

}  // namespace appliance::node::dev
