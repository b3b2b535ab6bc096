// Which devices a container may use: the v1 devices controller takes the rules as text, v2 as a BPF program on the
// group. The default list is the OCI one (runtime-spec "Default Devices"); making any node is allowed, using it is not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::runtime::cgroup {

struct DeviceRule {
  char type = 'c';  // c, b
  int major = -1;   // -1 = any
  int minor = -1;
  std::string access;                         // of r, w, m
  [[nodiscard]] std::string v1_text() const;  // "c 1:3 rwm"
};

const std::vector<DeviceRule>& default_device_rules();
// Attaches a BPF_PROG_TYPE_CGROUP_DEVICE program for the default rules to a v2 group.
Result<> attach_device_filter(int group_fd);

}  // namespace appliance::runtime::cgroup
