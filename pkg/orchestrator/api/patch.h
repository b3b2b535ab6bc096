// The three patch types: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and the strategic merge patch with its
// directives
// ($patch, $deleteFromPrimitiveList, $setElementOrder, $retainKeys; merge keys come from the schema). Pure.
//
//   auto patched = apply_patch(kind, PatchType::kMerge, old->document(), body, FieldValidation::kStrict, &warnings);
//   prepare_update(kind, *patched, old_document, subresource);
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {

enum class PatchType : unsigned char { kJson, kMerge, kStrategicMerge };

inline constexpr size_t kJsonPatchOperationsMax = 10000;    // the real server's limit
inline constexpr size_t kPatchGrowthBytesMax = 16U << 20U;  // "copy" operations can double a document each time

// The patched object, checked against the schema like a body: 400 when the patch is not JSON, 422 Invalid with the real
// texts when it doesn't apply or the result has a wrong type; kStrict: unknown and duplicate fields are an error,
// kWarn: they land in `warnings` (may be null). `original` is the full document, with kind and apiVersion.
ApiResult<json::Value> apply_patch(const Kind& kind, PatchType type, const json::Value& original,
                                   std::string_view patch_body, FieldValidation validation,
                                   std::vector<std::string>* warnings);

// The pieces, for callers with trees.
json::Value merge_patch(json::Value original, const json::Value& patch);              // RFC 7386
Result<json::Value> json_patch(json::Value original, const json::Value& operations);  // RFC 6902
Result<json::Value> strategic_merge_patch(const Schema& schema, json::Value original, const json::Value& patch);

}  // namespace appliance::orchestrator::api
