// EndpointSlices and Endpoints of Services with a selector. Semantics: discovery.k8s.io/v1; at most 100 endpoints a
// slice. Selectorless Services are left to their users.
#pragma once

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

inline constexpr size_t kEndpointsPerSliceMax = 100;
inline constexpr size_t kEndpointsMax = 1000;  // of an Endpoints object; more are cut, as in Kubernetes

// The slices that should be, without names: {addressType, ports, endpoints}. Pods whose named target ports resolve to
// other numbers come in slices of their own. Pure; `pods` are those that the selector matches.
json::Array plan_slices(const json::Value& service, const std::vector<ObjectPtr>& pods);
// The `subsets` of the Endpoints object. Pure.
json::Array plan_subsets(const json::Value& service, const std::vector<ObjectPtr>& pods);

std::unique_ptr<Reconciler> make_endpoints_controller();

}  // namespace appliance::orchestrator::controllers
