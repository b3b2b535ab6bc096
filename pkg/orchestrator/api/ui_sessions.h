// Names of the dashboard's sessions that API server and controllers agree on: each session is a Secret.
#pragma once

#include <string_view>

namespace appliance::orchestrator::api {

inline constexpr std::string_view kUiSessionNamespace = "kube-system";
inline constexpr std::string_view kUiSessionPrefix = "ui-session-";
inline constexpr std::string_view kUiSessionSecretType = "appliance.dev/ui-session";

}  // namespace appliance::orchestrator::api
