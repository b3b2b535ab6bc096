// The Kubernetes protobuf envelope: "k8s\0", then runtime.Unknown {1: TypeMeta{1: apiVersion, 2: kind}, 2: raw,
// 3: contentEncoding, 4: contentType}; `raw` is the object, read by the schema's field numbers. A small wire reader of
// our own: kubectl 1.32 and later send such bodies. Pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json/json.h"
#include "orchestrator/api/kind.h"

namespace appliance::orchestrator::api {

inline constexpr size_t kProtobufDepthMax =
    64;  // messages in messages; JSONSchema-like kinds are the deepest, below 40
inline constexpr size_t kProtobufValuesMax =
    1U << 20U;  // fields in one body: bounds the memory that 3 MiB of bytes can ask for

// The document with kind and apiVersion of the envelope. Zero values that Go would leave out of JSON are left out.
// Unknown field numbers are skipped, as protobuf readers do. kInvalidArgument on bytes that are not a message.
Result<json::Value> protobuf_to_json(const Kind& kind, std::string_view body);

}  // namespace appliance::orchestrator::api
