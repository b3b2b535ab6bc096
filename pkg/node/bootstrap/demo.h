// The demo that `up` deploys: a web page, two replicas, behind a NodePort Service; from the image of the binary itself.
#pragma once

#include "base/json/json.h"

namespace appliance::node {

inline constexpr int kDemoNodePort = 30080;
inline constexpr int kDemoReplicas = 2;

json::Value demo_deployment();
json::Value demo_service();

}  // namespace appliance::node
