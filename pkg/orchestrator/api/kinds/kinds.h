// One function per kind: its names, columns, rules. builtin_kinds() puts them into the table in the order of discovery.
#pragma once

#include <string>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {

Kind namespace_kind();
Kind node_kind();
Kind pod_kind();
Kind service_kind();
Kind endpoints_kind();
Kind config_map_kind();
Kind secret_kind();
Kind service_account_kind();
Kind event_kind();
Kind deployment_kind();
Kind replica_set_kind();
Kind endpoint_slice_kind();
Kind lease_kind();
Kind certificate_signing_request_kind();
std::vector<Kind> review_kinds();  // authentication.k8s.io and authorization.k8s.io

// What most kinds have: the full set of verbs and a Name column first.
Kind stored_kind(std::string group, std::string name, std::string plural);

// Cells.
json::Value cell(std::string_view text);
json::Value name_cell(const json::Value& object);
json::Value age_cell(const json::Value& object, int64_t now_seconds);  // of metadata.creationTimestamp
std::string joined_labels(const json::Value* map);                     // "a=b,c=d"; "<none>" when empty
std::string selector_text(const json::Value* selector);                // of a LabelSelector; "<none>" when empty
std::string container_names(const json::Value& pod_spec);              // "a,b"
std::string container_images(const json::Value& pod_spec);

// The pod template inside Deployment and ReplicaSet, and the Pod itself (kinds/pod_rules.cc). `path` is that of the
// spec.
void validate_pod_spec(const json::Value& spec, const std::string& path, std::vector<FieldError>& errors);
void validate_pod_template(const json::Value& pod_template, const std::string& path, std::vector<FieldError>& errors);

// Paths of FieldErrors.
std::string at_index(std::string path, size_t index);  // "spec.containers" -> "spec.containers[2]"

}  // namespace appliance::orchestrator::api
