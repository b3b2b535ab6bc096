// The Node object of this machine: what is read of the machine (blocking, /proc and statvfs), and the documents (pure).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json/json.h"
#include "runtime/image/image_store.h"

namespace appliance::orchestrator::kubelet {

struct Machine {
  std::string hostname;
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel;
  std::string os_image;
  std::string architecture;  // amd64, arm64
  int64_t cpus = 1;
  int64_t memory_bytes = 0;
  int64_t memory_available_bytes = 0;
  int64_t disk_bytes = 0;
  int64_t disk_available_bytes = 0;
};
Machine read_machine(const std::string& data_dir);

struct NodeInput {
  const Machine& machine;
  std::string name;
  std::string ip;
  std::string version;    // v1.33.0+appliance
  std::string not_ready;  // why; "" = Ready
  std::string pod_cidr;   // "" = left to a controller
  int kubelet_port = 10250;
  int pods_max = 110;
  base::WallTime now{};
  const std::vector<runtime::image::Image>& images;
};
json::Value node_document(const NodeInput& in);                             // for create
json::Value node_status(const NodeInput& in, const json::Value& previous);  // transition times are kept
// The same status but for heartbeat times?
bool same_node_status(const json::Value& a, const json::Value& b);
json::Value node_labels(const NodeInput& in);
json::Value lease_document(const std::string& node, const std::string& node_uid, int64_t duration_seconds,
                           base::WallTime now);

inline constexpr size_t kNodeImagesMax = 50;                // as a kubelet: the largest ones
inline constexpr int kDiskPressurePercent = 5;              // available below it
inline constexpr int64_t kMemoryPressureBytes = 100 << 20;  // available below it

}  // namespace appliance::orchestrator::kubelet
