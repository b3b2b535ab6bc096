// What a fixture's nodes and pods use: waves over the clock. Counters only grow, and the same moment gives the same
// numbers.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "node/dev/fixture_plan.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/node_stats.h"

namespace appliance::node::dev {

// Cores in use are base * (1 + depth * sin(2 pi t / period + phase)).
struct Wave {
  double base = 0;
  double depth = 0.4;  // below 1
  double period_seconds = 60;
  double phase = 0;
};
double wave_at(const Wave& wave, double seconds);
double wave_sum(const Wave& wave, double seconds);  // its integral from 0: grows with time

class FixtureUsage final : public orchestrator::client::NodeStats {
 public:
  FixtureUsage(const FixturePlan& plan, orchestrator::client::InformerSource& informers, const base::Clock& clock);
  void usage(const std::string& node,
             std::move_only_function<void(Result<orchestrator::client::NodeUsage>)> done) override;

 private:
  [[nodiscard]] Result<orchestrator::client::NodeUsage> usage_of(const std::string& node) const;
  [[nodiscard]] orchestrator::client::PodUsage pod_usage(const orchestrator::api::Object& pod, double seconds) const;

  std::map<std::string, PlannedNode> nodes_;
  orchestrator::client::InformerSource& informers_;
  const base::Clock& clock_;
  const base::WallTime begin_;
  // Of what pods ask for they use this share: so that a node's pods use what its machine has.
  double cpu_share_ = 1;
  double memory_share_ = 1;
};

}  // namespace appliance::node::dev
