// Owner references: who controls what, and how a reference is written.
#pragma once

#include <string>
#include <vector>

#include "base/json/json.h"
#include "orchestrator/api/object.h"
#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

// The controlling owner, or null.
const api::OwnerReference* controller_of(const api::Object& object);
// {"apiVersion","kind","name","uid","controller":true,"blockOwnerDeletion":true} of a document with kind and
// apiVersion.
json::Value controller_reference(const json::Value& owner);

// What is claimed of `candidates` by an owner: its own that match the selector stay, orphans that match are adopted,
// its own that no longer match are released. Nothing is adopted by, or for, what is being deleted.
struct Claim {
  std::vector<ObjectPtr> owned;  // including adopted ones
  std::vector<ObjectPtr> adopt;
  std::vector<ObjectPtr> release;
};
Claim claim(std::string_view owner_uid, bool owner_deleted, const json::Value& selector,
            const std::vector<ObjectPtr>& candidates);
// Applies adopt and release: merge patches of metadata.ownerReferences with uid and resourceVersion preconditions.
Result<> apply_claim(Context& context, std::string_view resource, const json::Value& owner, const Claim& claim);

}  // namespace appliance::orchestrator::controllers
