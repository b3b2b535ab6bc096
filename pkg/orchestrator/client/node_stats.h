// Door to what a node and its pods use at this moment: the kubelet of this process, or another machine's over HTTPS
// (GET /stats/summary, as kubelets answer it). Nothing is sampled while nobody asks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace appliance::orchestrator::client {

struct PodUsage {
  std::string ns;
  std::string name;
  std::string uid;
  uint64_t cpu_nanos = 0;     // since its group was made: the difference of two answers is the use between them
  uint64_t memory_bytes = 0;  // working set: usage without the inactive page cache
};

struct NodeUsage {
  base::WallTime at;
  uint64_t cpu_nanos = 0;  // of all cores, since boot
  int cores = 0;
  uint64_t memory_bytes = 0;  // total less available
  uint64_t memory_total_bytes = 0;
  uint64_t disk_bytes = 0;  // of the file system that holds the data folder
  uint64_t disk_total_bytes = 0;
  std::vector<PodUsage> pods;
};

class NodeStats {
 public:
  virtual ~NodeStats() = default;
  // `done` comes once, on any thread, maybe at once. kNotFound: no such node; kUnavailable: it does not answer.
  virtual void usage(const std::string& node, std::move_only_function<void(Result<NodeUsage>)> done) = 0;
};

}  // namespace appliance::orchestrator::client
