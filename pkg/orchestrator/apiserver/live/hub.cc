#include "orchestrator/apiserver/live/hub.h"

namespace appliance::orchestrator::apiserver::live {

Hub::Hub(base::Metrics* metrics)
    : own_metrics_(metrics == nullptr ? std::make_unique<base::Metrics>() : nullptr),
      metrics_(metrics == nullptr ? *own_metrics_ : *metrics) {}

Hub::Seat Hub::take_seat() {
  if (tabs_.fetch_add(1) >= kTabsMax) {
    --tabs_;
    return nullptr;
  }
  metrics_.tabs.add(1);
  return {static_cast<void*>(this), [this](void*) {
            --tabs_;
            metrics_.tabs.add(-1);
          }};
}

}  // namespace appliance::orchestrator::apiserver::live
