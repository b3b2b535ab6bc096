// OpenAPI v3 documents made from the kinds' schemas, as kubectl reads them: explain finds a type by its
// x-kubernetes-group-version-kind, apply and create look for the fieldValidation parameter on PATCH. Pure.
#pragma once

#include <string>
#include <string_view>

#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {

// {"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=.."},..}}
std::string openapi_v3_index(const KindTable& kinds);
// The document of one group version; "" when there is no kind in it.
std::string openapi_v3_document(const KindTable& kinds, std::string_view group, std::string_view version);
// The hash in the index and the ETag: 32 upper-case hexadecimal digits of the document's contents.
std::string openapi_v3_hash(std::string_view document);

}  // namespace appliance::orchestrator::api
