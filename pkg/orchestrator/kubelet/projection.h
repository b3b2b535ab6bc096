// What files a configMap, secret, downwardAPI or projected volume holds: pure, given its lookups. The writer
// (atomic_dir.h) makes the folder look like it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/kubelet/env.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

struct ProjectedFile {
  std::string bytes;
  unsigned mode = 0644;
  friend bool operator==(const ProjectedFile&, const ProjectedFile&) = default;
};
using FileSet = std::map<std::string, ProjectedFile>;  // by relative path ("a", "dir/b"); never ".." or absolute

inline constexpr size_t kProjectedBytesMax = 4U << 20U;  // four objects of the API's own limit of ~1 MiB

struct TokenRequest {
  std::string audience;  // "" = the API server's own
  int64_t expiration_seconds = 3600;
};

struct ProjectionInput {
  const PodSpec& pod;
  const DownwardFacts& facts;
  const Lookup& lookup;
  std::function<Result<std::string>(const TokenRequest&)> token;
};

// `volume` is an entry of spec.volumes of one of the four types. Errors are FailedMount messages.
Result<FileSet> project(const json::Value& volume, const ProjectionInput& in);
bool is_projection(const json::Value& volume);

}  // namespace appliance::orchestrator::kubelet
