#include "orchestrator/kubelet/node_status.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/fs.h"
#include "base/strings.h"
#include "orchestrator/kubelet/quantity.h"

namespace appliance::orchestrator::kubelet {
namespace {

std::string line_of(const std::string& path) {
  const auto text = base::read_file(path, 4096);
  return text ? std::string(base::trim(*text)) : std::string();
}

std::string os_release() {
  const auto text = base::read_file("/etc/os-release", 64U << 10U);
  if (!text) return "Linux";
  for (const auto line : base::split(*text, '\n')) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    auto value = line.substr(12);
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return "Linux";
}

int64_t meminfo(std::string_view text, std::string_view key) {
  for (const auto line : base::split(text, '\n')) {
    if (!line.starts_with(key)) continue;
    auto value = base::trim(line.substr(key.size()));
    value = value.substr(0, value.find(' '));
    return base::parse_int<int64_t>(value).value_or(0) * 1024;
  }
  return 0;
}

json::Value quantities(const NodeInput& in, bool allocatable) {
  (void)allocatable;  // nothing is held back for the system yet: both are the same
  return json::Object{{"cpu", std::to_string(in.machine.cpus)},
                      {"ephemeral-storage", kibibytes(static_cast<uint64_t>(in.machine.disk_bytes))},
                      {"hugepages-1Gi", "0"},
                      {"hugepages-2Mi", "0"},
                      {"memory", kibibytes(static_cast<uint64_t>(in.machine.memory_bytes))},
                      {"pods", std::to_string(in.pods_max)}};
}

json::Object condition(const NodeInput& in, const json::Value& previous, std::string_view type, bool status,
                       std::string_view reason, std::string_view message) {
  const std::string_view text = status ? "True" : "False";
  const std::string now = base::format_rfc3339(in.now);
  std::string since = now;
  for (const auto& entry : json::array_at(previous, {"conditions"}))
    if (json::string_at(entry, {"type"}) == type && json::string_at(entry, {"status"}) == text)
      since = json::string_at(entry, {"lastTransitionTime"});
  return {{"type", type},     {"status", text},    {"lastHeartbeatTime", now}, {"lastTransitionTime", since},
          {"reason", reason}, {"message", message}};
}

json::Array conditions(const NodeInput& in, const json::Value& previous) {
  const auto& m = in.machine;
  const bool memory = m.memory_available_bytes > 0 && m.memory_available_bytes < kMemoryPressureBytes;
  const bool disk = m.disk_bytes > 0 && m.disk_available_bytes < m.disk_bytes / 100 * kDiskPressurePercent;
  json::Array out;
  out.push_back(condition(
      in, previous, "MemoryPressure", memory, memory ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
      memory ? "kubelet has insufficient memory available" : "kubelet has sufficient memory available"));
  out.push_back(condition(in, previous, "DiskPressure", disk,
                          disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
                          disk ? "kubelet has disk pressure" : "kubelet has no disk pressure"));
  out.push_back(
      condition(in, previous, "PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"));
  if (in.not_ready.empty())
    out.push_back(condition(in, previous, "Ready", true, "KubeletReady", "kubelet is posting ready status"));
  else
    out.push_back(condition(in, previous, "Ready", false, "KubeletNotReady", in.not_ready));
  for (const auto& entry : json::array_at(previous, {"conditions"})) {  // of others, NetworkUnavailable for one
    const auto type = json::string_at(entry, {"type"});
    if (type != "MemoryPressure" && type != "DiskPressure" && type != "PIDPressure" && type != "Ready")
      out.push_back(entry);
  }
  return out;
}

json::Array image_list(const NodeInput& in) {
  auto images = in.images;
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) {
    return a.size_bytes != b.size_bytes ? a.size_bytes > b.size_bytes : a.id < b.id;
  });
  if (images.size() > kNodeImagesMax) images.resize(kNodeImagesMax);
  json::Array out;
  for (const auto& image : images) {
    json::Array names;
    for (const auto& name : image.repo_digests) names.push_back(json::Value(name));
    for (const auto& name : image.repo_tags) names.push_back(json::Value(name));
    out.push_back(json::Object{{"names", std::move(names)}, {"sizeBytes", image.size_bytes}});
  }
  return out;
}

json::Value without_heartbeats(const json::Value& status) {
  json::Value out = status;
  if (auto* conditions = out.is_object() ? out.get_object().if_contains("conditions") : nullptr;
      conditions != nullptr && conditions->is_array())
    for (auto& entry : conditions->get_array())
      if (entry.is_object()) entry.get_object().erase("lastHeartbeatTime");
  return out;
}

}  // namespace

Machine read_machine(const std::string& data_dir) {
  Machine out;
  utsname uts{};
  if (::uname(&uts) == 0) {
    out.hostname = uts.nodename;
    out.kernel = uts.release;
    const std::string machine = uts.machine;
    out.architecture = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  }
  out.machine_id = line_of("/etc/machine-id");
  out.system_uuid = line_of("/sys/class/dmi/id/product_uuid");
  if (out.system_uuid.empty()) out.system_uuid = out.machine_id;
  out.boot_id = line_of("/proc/sys/kernel/random/boot_id");
  out.os_image = os_release();
  out.cpus = std::max<long>(1, ::sysconf(_SC_NPROCESSORS_ONLN));
  if (const auto text = base::read_file("/proc/meminfo", 64U << 10U)) {
    out.memory_bytes = meminfo(*text, "MemTotal:");
    out.memory_available_bytes = meminfo(*text, "MemAvailable:");
  }
  struct statvfs disk{};
  if (::statvfs(data_dir.c_str(), &disk) == 0) {
    out.disk_bytes = static_cast<int64_t>(disk.f_blocks) * static_cast<int64_t>(disk.f_frsize);
    out.disk_available_bytes = static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize);
  }
  return out;
}

json::Value node_labels(const NodeInput& in) {
  return json::Object{{"beta.kubernetes.io/arch", in.machine.architecture},
                      {"beta.kubernetes.io/os", "linux"},
                      {"kubernetes.io/arch", in.machine.architecture},
                      {"kubernetes.io/hostname", in.name},
                      {"kubernetes.io/os", "linux"}};
}

json::Value node_status(const NodeInput& in, const json::Value& previous) {
  const auto& m = in.machine;
  return json::Object{{"addresses", json::Array{json::Object{{"type", "InternalIP"}, {"address", in.ip}},
                                                json::Object{{"type", "Hostname"}, {"address", in.name}}}},
                      {"allocatable", quantities(in, true)},
                      {"capacity", quantities(in, false)},
                      {"conditions", conditions(in, previous)},
                      {"daemonEndpoints", json::Object{{"kubeletEndpoint", json::Object{{"Port", in.kubelet_port}}}}},
                      {"images", image_list(in)},
                      {"nodeInfo", json::Object{{"architecture", m.architecture},
                                                {"bootID", m.boot_id},
                                                {"containerRuntimeVersion", "appliance://" + in.version},
                                                {"kernelVersion", m.kernel},
                                                {"kubeProxyVersion", in.version},
                                                {"kubeletVersion", in.version},
                                                {"machineID", m.machine_id},
                                                {"operatingSystem", "linux"},
                                                {"osImage", m.os_image},
                                                {"systemUUID", m.system_uuid}}}};
}

json::Value node_document(const NodeInput& in) {
  json::Object spec;
  if (!in.pod_cidr.empty()) {
    spec["podCIDR"] = in.pod_cidr;
    spec["podCIDRs"] = json::Array{json::Value(in.pod_cidr)};
  }
  return json::Object{{"apiVersion", "v1"},
                      {"kind", "Node"},
                      {"metadata", json::Object{{"name", in.name}, {"labels", node_labels(in)}}},
                      {"spec", std::move(spec)},
                      {"status", node_status(in, json::Value(nullptr))}};
}

bool same_node_status(const json::Value& a, const json::Value& b) {
  return without_heartbeats(a) == without_heartbeats(b);
}

json::Value lease_document(const std::string& node, const std::string& node_uid, int64_t duration_seconds,
                           base::WallTime now) {
  json::Object metadata{{"name", node}, {"namespace", "kube-node-lease"}};
  if (!node_uid.empty())
    metadata["ownerReferences"] =
        json::Array{json::Object{{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}, {"uid", node_uid}}};
  return json::Object{{"apiVersion", "coordination.k8s.io/v1"},
                      {"kind", "Lease"},
                      {"metadata", std::move(metadata)},
                      {"spec", json::Object{{"holderIdentity", node},
                                            {"leaseDurationSeconds", duration_seconds},
                                            {"renewTime", base::format_rfc3339_micro(now)}}}};
}

}  // namespace appliance::orchestrator::kubelet
