// Sandbox and container configurations as JSON documents under <run-dir>/pods: what a restarted server reads back.
// Unknown members are ignored and missing ones are empty, so that N-1 and N+1 read each other. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/cri/cri.h"

namespace appliance::runtime::cri {

struct SandboxRecord {
  SandboxConfig config;
  int64_t created_ns = 0;
};
struct ContainerRecord {
  ContainerConfig config;
  std::string group;  // control group
  int64_t created_ns = 0;
  std::string failure;  // why it could not start; it never will
  int64_t failed_ns = 0;
};

std::string encode(const SandboxRecord& record);
std::string encode(const ContainerRecord& record);
Result<SandboxRecord> decode_sandbox(std::string_view text);
Result<ContainerRecord> decode_container(std::string_view text);

}  // namespace appliance::runtime::cri
