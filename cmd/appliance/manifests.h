// Manifests for apply and delete: files, folders and standard input, YAML or JSON, several documents each.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"

namespace appliance::cmd {

inline constexpr size_t kManifestBytesMax = 16U << 20U;

struct Manifest {
  std::string source;  // the file, for messages
  json::Value document;
};

// Lists (kind: List) are unpacked; folders give their *.yaml, *.yml and *.json, not those of folders below.
Result<std::vector<Manifest>> read_manifests(const std::vector<std::string>& paths);

}  // namespace appliance::cmd
