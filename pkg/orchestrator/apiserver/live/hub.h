// Hub: what all tabs of the dashboard share: how many there may be, what they count, what nodes use. One per API
// server, thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/metrics.h"
#include "orchestrator/apiserver/live/metrics.h"
#include "orchestrator/apiserver/live/usage.h"

namespace appliance::orchestrator::apiserver::live {

inline constexpr int kTabsMax = 64;         // ~3 MiB each for 10,000 rows, and what waits for a slow one
inline constexpr int kTabsPerUserMax = 32;  // nobody keeps all others out

class Hub {
 public:
  explicit Hub(base::Metrics* metrics);  // may be null
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  using Seat = std::shared_ptr<void>;
  // Null: all are taken, or all of this user; the last copy gives it back. The hub outlives its seats.
  [[nodiscard]] Seat take_seat(const std::string& user);
  [[nodiscard]] LiveMetrics& metrics() { return metrics_; }
  // Before the first tab, if at all.
  void serve_usage(UsageFeed::Options options) { usage_ = std::make_unique<UsageFeed>(std::move(options)); }
  void stop() {  // what is not a tab's own; idempotent
    if (usage_) usage_->stop();
  }
  [[nodiscard]] UsageFeed* usage() { return usage_.get(); }  // null: not served here

 private:
  std::unique_ptr<base::Metrics> own_metrics_;  // when nobody asks for them
  LiveMetrics metrics_;
  std::mutex mutex_;
  std::map<std::string, int> tabs_;  // of each user
  std::shared_ptr<UsageFeed> usage_;
};

}  // namespace appliance::orchestrator::apiserver::live
