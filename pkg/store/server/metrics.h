// What the store counts. Names of etcd stand beside ours where its dashboards expect them.
#pragma once

#include "base/metrics.h"

namespace appliance::store::server {

struct StoreMetrics {
  explicit StoreMetrics(base::Metrics& m)
      : txns(m.counter("appliance_store_txns_total", "Transactions applied.")),
        refused(m.counter("appliance_store_refused_total", "Writes refused for want of room on disk or in a queue.")),
        ranges(m.counter("appliance_store_ranges_total", "Ranges read.")),
        revision(m.gauge("appliance_store_revision", "Current revision.")),
        overlay_bytes(m.gauge("appliance_store_overlay_bytes", "Applied writes that are not in SQLite yet.")),
        sync_seconds(m.histogram("etcd_disk_wal_fsync_duration_seconds", "Append and fdatasync of the log.",
                                 {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.064, 0.256, 1.0})),
        commit_seconds(m.histogram("appliance_store_commit_duration_seconds", "From a proposal to its answer.",
                                   {0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.064, 0.256, 1.0})) {}
  base::Counter& txns;
  base::Counter& refused;
  base::Counter& ranges;
  base::Gauge& revision;
  base::Gauge& overlay_bytes;
  base::Histogram& sync_seconds;
  base::Histogram& commit_seconds;
};

}  // namespace appliance::store::server
