#include "orchestrator/apiserver/live/hub.h"

namespace appliance::orchestrator::apiserver::live {

Hub::Hub(base::Metrics* metrics)
    : own_metrics_(metrics == nullptr ? std::make_unique<base::Metrics>() : nullptr),
      metrics_(metrics == nullptr ? *own_metrics_ : *metrics) {}

Hub::Seat Hub::take_seat(const std::string& user) {
  {
    const std::lock_guard lock(mutex_);
    int all = 0;
    for (const auto& [name, tabs] : tabs_) all += tabs;
    if (all >= kTabsMax) return nullptr;
    int& own = tabs_[user];
    if (own >= kTabsPerUserMax) return nullptr;
    ++own;
  }
  metrics_.tabs.add(1);
  return {static_cast<void*>(this), [this, user](void*) {
            metrics_.tabs.add(-1);
            const std::lock_guard lock(mutex_);
            if (--tabs_[user] == 0) tabs_.erase(user);
          }};
}

}  // namespace appliance::orchestrator::apiserver::live
