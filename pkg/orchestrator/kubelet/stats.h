// What this machine and its pods use at this moment: /proc, the data folder's file system, the pods' control groups.
// Read when asked, on a thread of its own that ends when nobody asks; nothing is kept.
//
//   LocalStats stats({.node = "n1", .data_dir = dir, .cores = 4}, runtime, clock);
//   stats.usage("n1", [](Result<client::NodeUsage> usage) { ... });
#pragma once

#include <string>

#include "base/clock.h"
#include "base/elastic_pool.h"
#include "orchestrator/client/node_stats.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

struct StatsOptions {
  std::string node;
  std::string data_dir;
  int cores = 1;
  std::string proc = "/proc";
};

class LocalStats final : public client::NodeStats {
 public:
  LocalStats(StatsOptions options, runtime::cri::Runtime& runtime, const base::Clock& clock)
      : options_(std::move(options)), runtime_(runtime), clock_(clock) {}
  ~LocalStats() override { stop(); }
  // kNotFound: another node; kUnavailable: it stops, or what is read of it cannot be read.
  void usage(const std::string& node, std::move_only_function<void(Result<client::NodeUsage>)> done) override;
  void stop() { pool_.stop(); }

  [[nodiscard]] Result<client::NodeUsage> read() const;  // blocks for milliseconds

 private:
  const StatsOptions options_;
  runtime::cri::Runtime& runtime_;
  const base::Clock& clock_;
  base::ElasticPool pool_{{.name = "kubelet-stat", .threads_max = 1, .queue_max = 64}};
};

// Pure. CPU time of all cores since boot, without what was idle, waited for a disk or stolen by a hypervisor; from the
// first line of /proc/stat (proc(5)), in ticks of `ticks_a_second`.
Result<uint64_t> cpu_nanos_of(std::string_view stat, int64_t ticks_a_second);
struct Memory {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;
};
Result<Memory> memory_of(std::string_view meminfo);

}  // namespace appliance::orchestrator::kubelet
