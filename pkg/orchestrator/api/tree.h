// Checks a document tree against a schema as Go's decoder would: wrong types, unknown fields, nulls, canonical forms.
// Internal to this module; decode() and apply_patch() put their own words around the texts.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/schema.h"

namespace appliance::orchestrator::api {

// Prunes unknown fields and nulls and makes quantities and times canonical, in place. The error is the text of the
// first wrong type in document order: `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas
// of type int32`. `unknown` (may be null) receives `unknown field "spec.x"` lines, at most `unknown_max`.
std::expected<void, std::string> check_types(const Schema& schema, json::Value& value,
                                             std::vector<std::string>* unknown, size_t unknown_max);

// `map[string]string`, `[]v1.Container`, `int32`: as Go names the type of the field; `element`: of one value in it.
std::string go_type_of(const Field& field, bool element);

}  // namespace appliance::orchestrator::api
