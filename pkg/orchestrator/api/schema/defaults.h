// Defaults that depend on siblings: one function per type, named by the tables in schema/*.cc. They run before the
// fields' own defaults, on every object of the type, and are idempotent.
#pragma once

#include "base/json/json.h"

namespace appliance::orchestrator::api {

void default_pod(json::Object& pod);              // enableServiceLinks; requests := limits
void default_pod_spec(json::Object& spec);        // serviceAccount twin, host ports of hostNetwork
void default_container(json::Object& container);  // imagePullPolicy by tag
void default_volume(json::Object& volume);        // emptyDir when there is no source
void default_service_spec(json::Object& spec);
void default_service_port(json::Object& port);  // targetPort
void default_deployment_strategy(json::Object& strategy);
void default_node_status(json::Object& status);  // allocatable := capacity

}  // namespace appliance::orchestrator::api
