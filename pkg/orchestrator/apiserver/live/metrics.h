// What the dashboard's stream counts.
#pragma once

#include "base/metrics.h"

namespace appliance::orchestrator::apiserver::live {

struct LiveMetrics {
  explicit LiveMetrics(base::Metrics& m)
      : tabs(m.gauge("appliance_live_tabs", "Open tabs of the dashboard.")),
        subscriptions(m.gauge("appliance_live_subscriptions", "Their subscriptions.")),
        rows(m.counter("appliance_live_rows_total", "Rows sent to tabs.")),
        frames(m.counter("appliance_live_frames_total", "Frames sent to tabs.")),
        conflated(m.counter("appliance_live_conflated_total", "Changes of which a tab got only a later state.")) {}
  base::Gauge& tabs;
  base::Gauge& subscriptions;
  base::Counter& rows;
  base::Counter& frames;
  base::Counter& conflated;
};

}  // namespace appliance::orchestrator::apiserver::live
