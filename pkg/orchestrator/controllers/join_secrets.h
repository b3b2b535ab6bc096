// Secrets that end, swept: join tokens a while after they expired (until then their holder can be told so), the key of
// a node name when its Node is deleted or never came, and sessions of the dashboard that nobody used any more.
#pragma once

#include <memory>
#include <optional>

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

inline constexpr std::chrono::hours kExpiredTokenKept{24};
inline constexpr std::chrono::minutes kNodeKeyWaits{10};  // from the last approval until the Node must have come

struct JoinSecretPlan {
  bool remove = false;
  std::optional<std::chrono::seconds> look_again{};
};
// `node_was_there`: a Node of this name was seen since the Secret was made. Pure.
JoinSecretPlan plan_join_secret(const json::Value& secret, bool node_exists, bool node_was_there, base::WallTime now);

std::unique_ptr<Reconciler> make_join_secret_cleaner();

}  // namespace appliance::orchestrator::controllers
