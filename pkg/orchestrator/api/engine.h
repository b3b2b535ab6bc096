// The engine that the schemas drive: bytes of a request -> a checked document tree, defaults, validation, and what
// create and update do to an object before it is stored. Pure; every function may run on any thread.
//
// A create in the API server, in this order:
//
//   auto decoded = decode(kind, body, content_type, FieldValidation::kStrict);    // 400 texts; warnings for kWarn
//   prepare_create(kind, decoded->object);          // drops status and server-owned metadata; derives (qosClass, data)
//   set_defaults(kind, decoded->object);            // (prepare_create calls it; here for patches and embedded objects)
//   ... uid, creationTimestamp, clusterIP, injection: the API server ...
//   if (auto errors = validate(kind, decoded->object, nullptr); !errors.empty()) return invalid(kind, name, errors);
//
// An update: decode or apply_patch, prepare_update(kind, object, old, subresource), validate(kind, object, &old),
// compare with old (equal: nothing to write).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/api/schema.h"

namespace appliance::orchestrator::api {

enum class FieldValidation : unsigned char { kIgnore, kWarn, kStrict };
// "", "Ignore", "Warn", "Strict" of the query; "" is kWarn. An ApiError (422) on anything else.
ApiResult<FieldValidation> parse_field_validation(std::string_view text);

inline constexpr size_t kBodyBytesMax = 3U << 20U;  // of a request; the real server's limit
inline constexpr size_t kWarningsMax = 50;          // strict errors listed of one body; the rest would drown the reader

struct Decoded {
  json::Value object;                 // with kind and apiVersion
  std::vector<std::string> warnings;  // texts for `Warning: 299 - "..."` (kWarn: unknown and duplicate fields)
};

// Reads a body of application/json, application/yaml or application/vnd.kubernetes.protobuf ("" is JSON; parameters
// behind
// `;` are ignored). The result is pruned: unknown fields are gone, nulls of known fields too, quantities are canonical,
// kind and apiVersion are the kind's. Errors: 400 BadRequest with the real texts, 415 for another content type, 413
// above kBodyBytesMax. kStrict makes unknown and duplicate fields an error that names each path.
ApiResult<Decoded> decode(const Kind& kind, std::string_view body, std::string_view content_type,
                          FieldValidation validation);

// The same checks on a tree that is already parsed (a patched object): wrong types, unknown fields, pruning, canonical
// forms. `strict_errors` receives `unknown field "spec.x"` lines; null: unknown fields are dropped silently.
ApiResult<void> check_tree(const Kind& kind, json::Value& object, std::vector<std::string>* strict_errors);

// Removes what the schema doesn't know.
void prune(const Kind& kind, json::Value& object);

// Fills absent fields, as the real server does on every read and write. Idempotent.
void set_defaults(const Kind& kind, json::Value& object);

// Schema-level rules, metadata rules (names, labels, annotations, finalizers, immutability) and kind.validate. Field
// errors in the order of the real server. `old` null: a create.
std::vector<FieldError> validate(const Kind& kind, const json::Value& object, const json::Value* old);
// The same for an update through a subresource. "ephemeralcontainers", "resize" and "binding" may change what a plain
// update of a pod may not: the kind's rules for what may change are left out there.
std::vector<FieldError> validate(const Kind& kind, const json::Value& object, const json::Value* old,
                                 std::string_view subresource);

// Before a create is validated: drops status of kinds with a status subresource and metadata that only the server
// writes, sets generation 1, applies defaults and kind.prepare. The caller sets uid, creationTimestamp, namespace and
// name (generateName) itself.
void prepare_create(const Kind& kind, json::Value& object);

// Before an update is validated: metadata that only the server writes is kept from `old`; with subresource "" status is
// kept from old, with "status" everything but status (and labels, annotations, finalizers, ownerReferences) is; other
// subresources replace the whole. Bumps metadata.generation when spec (ConfigMap-like kinds: never) changed, applies
// defaults and kind.prepare. The caller compares the result with old to find a no-op.
void prepare_update(const Kind& kind, json::Value& object, const json::Value& old, std::string_view subresource);

// Status texts around metadata.name of a request: 400 errors of name or namespace that differ from the URL. "" = fine.
// create: fills an absent namespace.
ApiResult<void> check_url(const Kind& kind, json::Value& object, std::string_view url_namespace,
                          std::string_view url_name);

// Kinds of bodies at subresources and options; not in the table of kinds.
const Kind& scale_kind();           // autoscaling/v1 Scale
const Kind& binding_kind();         // v1 Binding
const Kind& eviction_kind();        // policy/v1 Eviction
const Kind& delete_options_kind();  // v1 DeleteOptions
const Kind& token_request_kind();   // authentication.k8s.io/v1 TokenRequest

// Reads DeleteOptions: any of the apiVersions that clients send (v1, meta.k8s.io/v1, or the resource's own), empty
// body: empty object.
ApiResult<json::Value> decode_delete_options(std::string_view body, std::string_view content_type);

// 5 characters out of the alphabet without vowels, from 5 bytes of the caller's randomness; `base` is cut to 58
// characters.
std::string generated_name(std::string_view base, const unsigned char (&randomness)[5]);

}  // namespace appliance::orchestrator::api
