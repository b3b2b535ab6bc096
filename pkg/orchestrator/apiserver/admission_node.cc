// What a node identity may write of its own Node and pods, as Kubernetes' NodeRestriction has it: a machine that was
// taken over must not draw pods or traffic of others to itself.
#include <array>
#include <set>

#include "base/strings.h"
#include "orchestrator/apiserver/admission.h"
#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver {
namespace {

bool in_domain(std::string_view domain, std::string_view parent) {
  return domain == parent || (domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
}

// Labels of kubernetes.io and k8s.io are the cluster's, but for those that say what the machine is.
bool is_node_label(std::string_view key) {
  static constexpr std::array<std::string_view, 12> kOwn = {"kubernetes.io/hostname",
                                                            "kubernetes.io/os",
                                                            "kubernetes.io/arch",
                                                            "beta.kubernetes.io/os",
                                                            "beta.kubernetes.io/arch",
                                                            "beta.kubernetes.io/instance-type",
                                                            "node.kubernetes.io/instance-type",
                                                            "topology.kubernetes.io/zone",
                                                            "topology.kubernetes.io/region",
                                                            "failure-domain.beta.kubernetes.io/zone",
                                                            "failure-domain.beta.kubernetes.io/region",
                                                            "kubernetes.io/instance-type"};
  const size_t slash = key.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view domain = key.substr(0, slash);
  if (!in_domain(domain, "kubernetes.io") && !in_domain(domain, "k8s.io")) return true;
  if (in_domain(domain, "kubelet.kubernetes.io") || in_domain(domain, "node.kubernetes.io")) return true;
  return std::ranges::find(kOwn, key) != kOwn.end();
}

std::string foreign_labels(const json::Value& object, const json::Value* old) {
  static const json::Object kNone;
  const json::Object& now = json::object_at(object, {"metadata", "labels"});
  const json::Object& before = old == nullptr ? kNone : json::object_at(*old, {"metadata", "labels"});
  std::set<std::string> changed;
  for (const auto& [key, value] : now) {
    const json::Value* was = before.if_contains(key);
    if ((was == nullptr || *was != value) && !is_node_label(key)) changed.emplace(key);
  }
  for (const auto& [key, value] : before)
    if (!now.contains(key) && !is_node_label(key)) changed.emplace(key);
  return base::join({changed.begin(), changed.end()}, ", ");
}

bool differs(const json::Value& object, const json::Value* old, json::Path path) {
  const json::Value* now = json::find(object, path);
  const json::Value* before = old == nullptr ? nullptr : json::find(*old, path);
  if (now == nullptr || before == nullptr) return now != before;
  return *now != *before;
}

std::set<std::string_view> internal_ips(const json::Value& node) {
  std::set<std::string_view> out;
  for (const json::Value& one : json::array_at(node, {"status", "addresses"}))
    if (json::string_at(one, {"type"}) == "InternalIP") out.insert(json::string_at(one, {"address"}));
  return out;
}

// Routes of all nodes lead to InternalIPs: with another's, a node would draw that one's traffic or cut it off. Looks at
// other Nodes only when an address is new: most writes are heartbeats.
std::string taken_address(const Core& core, const json::Value& object, const json::Value* old) {
  std::set<std::string_view> claimed = internal_ips(object);
  if (old != nullptr)
    for (const std::string_view had : internal_ips(*old)) claimed.erase(had);
  if (claimed.empty()) return {};
  const std::string_view self = json::string_at(object, {"metadata", "name"});
  for (const ObjectPtr& other : core.cache.list(core.kind("nodes"), "").objects) {
    if (other->key.name == self) continue;
    const json::Value document = other->document();
    for (const std::string_view theirs : internal_ips(document))
      if (claimed.contains(theirs))
        return "is not allowed to claim the address " + std::string(theirs) + ": it is node \"" + other->key.name +
               "\"'s; when that machine is gone for good: kubectl delete node " + other->key.name;
  }
  return {};
}

std::string why_not_node(const Core& core, const Call& call, const json::Value& object, const json::Value* old) {
  const std::string labels = foreign_labels(object, old);
  if (!labels.empty() && old == nullptr) return "is not allowed to set the following labels: " + labels;
  if (!labels.empty()) return "is not allowed to modify labels: " + labels;
  // The server's own kubelet knows its network; others get theirs from the cluster.
  const bool in_process = call.request().remote_address == "in-process";
  if (!(in_process && old == nullptr) &&
      (differs(object, old, {"spec", "podCIDR"}) || differs(object, old, {"spec", "podCIDRs"})))
    return "is not allowed to choose its pod network";
  if (differs(object, old, {"metadata", "ownerReferences"})) return "is not allowed to modify owner references";
  if (old != nullptr && differs(object, old, {"spec", "taints"})) return "is not allowed to modify taints";
  return in_process ? std::string() : taken_address(core, object, old);
}

}  // namespace

api::ApiResult<void> admit_node_write(const Core& core, const Call& call, const api::Kind& kind,
                                      const json::Value& object, const json::Value* old, std::string_view subresource) {
  const std::string_view node = node_of(call.user);
  if (node.empty() || call.user.in(kGroupMasters)) return {};
  const std::string resource = kind.resource();
  std::string why;
  if (resource == "nodes") why = why_not_node(core, call, object, old);
  if (resource == "pods" && subresource == "status" && differs(object, old, {"metadata", "labels"}))
    why = "cannot update labels through pod status";
  if (why.empty()) return {};
  return std::unexpected(
      api::forbidden(kind, json::string_at(object, {"metadata", "name"}), "node \"" + std::string(node) + "\" " + why));
}

}  // namespace appliance::orchestrator::apiserver
