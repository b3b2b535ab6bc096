// A container's environment: literals, ConfigMap and Secret references, field and resource references, service links,
// $(VAR) expansion. Pure given its lookups. Errors are what the pod's waiting message shows
// (CreateContainerConfigError).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

// Reads one object of the pod's namespace: ("configmaps", "cfg"). kNotFound when it is not there.
using Lookup = std::function<Result<json::Value>(std::string_view resource, const std::string& name)>;

struct ServicePortView {
  std::string name;
  int port = 0;
  std::string protocol = "TCP";
};
struct ServiceView {
  std::string name;
  std::string cluster_ip;
  std::vector<ServicePortView> ports;
};
// From a Service document; a headless one has an empty cluster_ip.
ServiceView service_view(const json::Value& service);

struct DownwardFacts {
  std::string pod_ip;
  std::string host_ip;
  int64_t node_cpu_millis = 0;  // what a missing limit reads as
  int64_t node_memory_bytes = 0;
};

struct EnvInput {
  const PodSpec& pod;
  const ContainerSpec& container;
  const DownwardFacts& facts;
  const Lookup& lookup;
  const std::vector<ServiceView>& services;   // of the namespace; used when enableServiceLinks
  const ServiceView* kubernetes = nullptr;    // the API's own service, always linked
  const std::vector<std::string>& image_env;  // weakest
};
Result<std::vector<std::string>> build_env(const EnvInput& in);

// "$(A)" from `values`, "$$(A)" -> "$(A)"; unknown names stay as they are. Kubernetes
// third_party/forked/golang/expansion.
std::string expand(std::string_view text, const std::map<std::string, std::string>& values);

// metadata.name, metadata.labels['k'], spec.nodeName, status.podIP, …
Result<std::string> field_value(const PodSpec& pod, const DownwardFacts& facts, std::string_view path);
// limits.cpu, requests.memory, limits.ephemeral-storage with a divisor, rounded up.
Result<std::string> resource_value(const PodSpec& pod, const DownwardFacts& facts, const ContainerSpec& container,
                                   std::string_view resource, std::string_view divisor);

}  // namespace appliance::orchestrator::kubelet
