#include "orchestrator/controllers/ownership.h"

#include "orchestrator/api/selector.h"

namespace appliance::orchestrator::controllers {

const api::OwnerReference* controller_of(const api::Object& object) {
  for (const auto& owner : object.meta.owners)
    if (owner.controller) return &owner;
  return nullptr;
}

json::Value controller_reference(const json::Value& owner) {
  return json::Object{{"apiVersion", json::string_at(owner, {"apiVersion"})},
                      {"kind", json::string_at(owner, {"kind"})},
                      {"name", json::string_at(owner, {"metadata", "name"})},
                      {"uid", json::string_at(owner, {"metadata", "uid"})},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
}

Claim claim(std::string_view owner_uid, bool owner_deleted, const json::Value& selector,
            const std::vector<ObjectPtr>& candidates) {
  Claim out;
  const auto parsed = api::LabelSelector::from_json(&selector);
  for (const auto& object : candidates) {
    const auto* controller = controller_of(*object);
    const bool matches = parsed.matches(object->meta.labels);
    if (controller != nullptr) {
      if (controller->uid != owner_uid) continue;
      if (matches) {
        out.owned.push_back(object);
      } else if (!owner_deleted) {
        out.release.push_back(object);
      }
    } else if (matches && !owner_deleted && !object->meta.deletion_seconds) {
      out.adopt.push_back(object);
      out.owned.push_back(object);
    }
  }
  return out;
}

namespace {

Result<> patch_owners(Context& context, std::string_view resource, const api::Object& object, json::Array owners) {
  const json::Value patch = json::Object{{"metadata", json::Object{{"uid", object.meta.uid},
                                                                   {"resourceVersion", std::to_string(object.revision)},
                                                                   {"ownerReferences", std::move(owners)}}}};
  TRY(context.patch(resource, object.key, patch));
  return {};
}

}  // namespace

Result<> apply_claim(Context& context, std::string_view resource, const json::Value& owner, const Claim& claim) {
  const auto uid = json::string_at(owner, {"metadata", "uid"});
  for (const auto& object : claim.adopt) {
    auto owners = json::array_at(object->document(), {"metadata", "ownerReferences"});
    owners.push_back(controller_reference(owner));
    TRY_CTX(patch_owners(context, resource, *object, std::move(owners)), "adopt " + object->key.string());
  }
  for (const auto& object : claim.release) {
    json::Array kept;
    const auto document = object->document();
    for (const auto& reference : json::array_at(document, {"metadata", "ownerReferences"}))
      if (json::string_at(reference, {"uid"}) != uid) kept.push_back(reference);
    TRY_CTX(patch_owners(context, resource, *object, std::move(kept)), "release " + object->key.string());
  }
  return {};
}

}  // namespace appliance::orchestrator::controllers
