// Device nodes of the host, for containers that are privileged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace appliance::runtime::rootfs {

struct Device {
  std::string path;   // "/dev/…"
  uint32_t mode = 0;  // type and permissions
  uint32_t major = 0;
  uint32_t minor = 0;
};

inline constexpr size_t kDevicesMax = 1024;  // each is a record of the start plan and a mknod at every start

// Character and block devices below /dev, two levels deep, without what every container has of its own.
std::vector<Device> host_devices();

}  // namespace appliance::runtime::rootfs
