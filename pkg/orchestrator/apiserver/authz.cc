#include "orchestrator/apiserver/authz.h"

#include <array>

#include "orchestrator/api/errors.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/apiserver/join_tokens.h"

namespace appliance::orchestrator::apiserver {
namespace {

using Verbs = std::initializer_list<std::string_view>;

bool one_of(std::string_view value, Verbs values) { return std::ranges::find(values, value) != values.end(); }

// `field` of a reference is where its name stands.
bool names(const json::Value& value, std::string_view field, std::string_view name) {
  return json::string_at(value, {field}) == name;
}

bool volume_refers(const json::Value& volume, std::string_view resource, std::string_view name) {
  if (resource == "configmaps" && json::string_at(volume, {"configMap", "name"}) == name) return true;
  if (resource == "secrets" && json::string_at(volume, {"secret", "secretName"}) == name) return true;
  for (const json::Value& source : json::array_at(volume, {"projected", "sources"})) {
    if (resource == "configmaps" && json::string_at(source, {"configMap", "name"}) == name) return true;
    if (resource == "secrets" && json::string_at(source, {"secret", "name"}) == name) return true;
  }
  return false;
}

bool container_refers(const json::Value& container, std::string_view resource, std::string_view name) {
  const bool map = resource == "configmaps";
  for (const json::Value& from : json::array_at(container, {"envFrom"})) {
    if (json::string_at(from, {map ? "configMapRef" : "secretRef", "name"}) == name) return true;
  }
  for (const json::Value& env : json::array_at(container, {"env"})) {
    if (json::string_at(env, {"valueFrom", map ? "configMapKeyRef" : "secretKeyRef", "name"}) == name) return true;
  }
  return false;
}

// Does this pod need that object of its namespace?
bool pod_refers(const json::Value& pod, std::string_view resource, std::string_view name) {
  if (resource == "serviceaccounts") return json::string_at(pod, {"spec", "serviceAccountName"}) == name;
  for (const json::Value& volume : json::array_at(pod, {"spec", "volumes"})) {
    if (volume_refers(volume, resource, name)) return true;
  }
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"}) {
    for (const json::Value& container : json::array_at(pod, {"spec", list})) {
      if (container_refers(container, resource, name)) return true;
    }
  }
  if (resource != "secrets") return false;
  for (const json::Value& secret : json::array_at(pod, {"spec", "imagePullSecrets"})) {
    if (names(secret, "name", name)) return true;
  }
  return false;
}

const Kind* pods_kind(const WatchCache& cache) { return cache.kinds().by_resource("pods"); }

bool pod_is_on(const WatchCache& cache, std::string_view node, const ObjectKey& key) {
  const Kind* kind = pods_kind(cache);
  const ObjectPtr pod = kind == nullptr ? nullptr : cache.get(*kind, key);
  return pod && pod->pod().node == node;
}

bool pods_on_node_refer(const WatchCache& cache, std::string_view node, const Attributes& a) {
  const Kind* kind = pods_kind(cache);
  if (kind == nullptr || a.name.empty()) return false;
  for (const ObjectPtr& pod : cache.by_node(*kind, node)) {
    if (pod->key.ns == a.ns && pod_refers(pod->document(), a.resource, a.name)) return true;
  }
  return false;
}

bool pod_allowed(const WatchCache& cache, std::string_view node, const Attributes& a) {
  if (one_of(a.verb, {"list", "watch"})) return a.field_selector == "spec.nodeName=" + std::string(node);
  if (a.subresource.empty() && one_of(a.verb, {"get", "delete"})) return pod_is_on(cache, node, {a.ns, a.name});
  if (a.subresource == "status" && one_of(a.verb, {"get", "update", "patch"}))
    return pod_is_on(cache, node, {a.ns, a.name});
  if (a.subresource == "eviction" && a.verb == "create") return pod_is_on(cache, node, {a.ns, a.name});
  return false;
}

// Certificate requests: anybody of these two sorts may make one (admission says which), and read those it made, one by
// name. A list or watch must select one name: a name in the path would not narrow it.
bool requests_allowed(const WatchCache& cache, const User& user, const Attributes& a) {
  if (a.resource != "certificatesigningrequests" || !a.subresource.empty()) return false;
  if (a.verb == "create") return true;
  std::string_view name;
  if (a.verb == "get") name = a.name;
  constexpr std::string_view kByName = "metadata.name=";
  if (one_of(a.verb, {"list", "watch"}) && a.name.empty() && a.field_selector.starts_with(kByName))
    name = std::string_view(a.field_selector).substr(kByName.size());
  if (name.empty() || name.find_first_of(",=!\\") != std::string_view::npos) return false;
  const Kind* kind = cache.kinds().by_resource("certificatesigningrequests.certificates.k8s.io");
  const ObjectPtr request = kind == nullptr ? nullptr : cache.get(*kind, {"", std::string(name)});
  return request && json::string_at(request->document(), {"spec", "username"}) == user.name;
}

bool node_object_allowed(std::string_view node, const Attributes& a) {
  if (a.subresource.empty() && one_of(a.verb, {"create", "list", "watch"})) return a.name.empty();
  if (a.subresource.empty() && a.verb == "get") return true;  // of every node: its routes lead there
  if (a.name != node) return false;
  return (a.subresource.empty() && one_of(a.verb, {"update", "patch", "delete"})) ||
         (a.subresource == "status" && one_of(a.verb, {"get", "update", "patch"}));
}

// The ConfigMap that every node, and who is to become one, may read.
bool names_cluster_facts(const Attributes& a) {
  return a.resource == "configmaps" && a.ns == api::kJoinNamespace && a.name == api::kClusterFacts;
}

// What system:node:NAME may do; the table of kube-api page, "Node authorizer", cut to the kinds that are here.
bool node_allowed(const WatchCache& cache, std::string_view node, const Attributes& a) {
  const std::string& r = a.resource;
  if (a.group.empty()) {
    if (r == "nodes") return node_object_allowed(node, a);
    if (r == "pods") return pod_allowed(cache, node, a);
    if (r == "events") return a.subresource.empty() && one_of(a.verb, {"create", "update", "patch"});
    if (r == "services" || r == "endpoints") return a.subresource.empty() && one_of(a.verb, {"get", "list", "watch"});
    if (r == "namespaces") return a.subresource.empty() && a.verb == "get";
    if (names_cluster_facts(a)) return a.verb == "get";
    if (r == "configmaps" || r == "secrets") return a.verb == "get" && pods_on_node_refer(cache, node, a);
    if (r == "serviceaccounts") {
      const bool token = a.subresource == "token" && a.verb == "create";
      return (token || (a.subresource.empty() && a.verb == "get")) && pods_on_node_refer(cache, node, a);
    }
    return false;
  }
  if (a.group == "coordination.k8s.io" && r == "leases" && a.ns == "kube-node-lease") {
    return a.verb == "create" || (a.name == node && one_of(a.verb, {"get", "update", "patch", "delete"}));
  }
  if (a.group == "discovery.k8s.io" && r == "endpointslices") return one_of(a.verb, {"get", "list", "watch"});
  if (a.group == "events.k8s.io" && r == "events") return one_of(a.verb, {"create", "update", "patch"});
  if (a.group == "authentication.k8s.io" && r == "tokenreviews") return a.verb == "create";
  if (a.group == "authorization.k8s.io" && one_of(r, {"subjectaccessreviews", "localsubjectaccessreviews"}))
    return a.verb == "create";
  return false;
}

bool public_path(std::string_view path) {
  for (const std::string_view exact :
       {"/api", "/apis", "/version", "/healthz", "/livez", "/readyz", "/openapi/v2", "/openapi/v3"}) {
    if (path == exact || (path.starts_with(exact) && path[exact.size()] == '/')) return true;
  }
  return false;
}

// The dashboard: a session may be begun, asked for and ended by whoever shows what that takes; whoever is somebody may
// have a link, and a stream, whose subscriptions are judged one by one.
bool ui_allowed(const User& user, const Attributes& a) {
  if (a.path == "/ui/v1/session") return true;
  return user.in(kGroupAuthenticated) && (a.path == "/ui/v1/links" || a.path == "/ui/v1/stream");
}

bool self_review(const Attributes& a) {
  if (a.verb != "create") return false;
  if (a.group == "authorization.k8s.io")
    return one_of(a.resource, {"selfsubjectaccessreviews", "selfsubjectrulesreviews"});
  return a.group == "authentication.k8s.io" && a.resource == "selfsubjectreviews";
}

}  // namespace

std::string_view node_of(const User& user) {
  if (!user.in(kGroupNodes) || !user.name.starts_with(kNodeUserPrefix)) return {};
  return std::string_view(user.name).substr(kNodeUserPrefix.size());
}

bool is_bootstrapper(const User& user) {
  return user.in(kGroupBootstrappers) && user.name.starts_with(kBootstrapUserPrefix);
}

// What a machine asks before it sends a certificate request: does it fit, are its name and address free?
bool bootstrapper_allowed(const Attributes& a) {
  if (!a.group.empty() || !a.subresource.empty()) return false;
  if (a.resource == "nodes") return a.verb == "list";
  return names_cluster_facts(a) && a.verb == "get";
}

bool authorized(const WatchCache& cache, const User& user, const Attributes& attributes) {
  if (user.in(kGroupMasters)) return true;
  if (!attributes.is_resource)
    return (attributes.verb == "get" && public_path(attributes.path)) || ui_allowed(user, attributes);
  if (user.in(kGroupAuthenticated) && self_review(attributes)) return true;
  const std::string_view node = node_of(user);
  if (attributes.group == "certificates.k8s.io" && (!node.empty() || is_bootstrapper(user)))
    return requests_allowed(cache, user, attributes);
  if (is_bootstrapper(user)) return bootstrapper_allowed(attributes);
  return !node.empty() && node_allowed(cache, node, attributes);
}

bool depends_on_objects(const User& user, const Attributes& a) {
  if (node_of(user).empty() && !is_bootstrapper(user)) return false;
  return a.is_resource && (!a.name.empty() || a.group == "certificates.k8s.io");
}

api::ApiError forbidden_error(const User& user, const Attributes& a) {
  api::ApiError out;
  out.code = 403;
  out.reason = "Forbidden";
  if (!a.is_resource) {
    out.message = "forbidden: User \"" + user.name + "\" cannot " + a.verb + " path \"" + a.path + '"';
    return out;
  }
  out.name = a.name;
  out.group = a.group;
  out.kind = a.resource;
  const std::string qualified = a.group.empty() ? a.resource : a.resource + '.' + a.group;
  out.message = qualified + (a.name.empty() ? "" : " \"" + a.name + '"') + " is forbidden: User \"" + user.name +
                "\" cannot " + a.verb + " resource \"" + a.resource +
                (a.subresource.empty() ? "" : '/' + a.subresource) + "\" in API group \"" + a.group + "\" " +
                (a.ns.empty() ? std::string("at the cluster scope") : "in the namespace \"" + a.ns + '"');
  return out;
}

}  // namespace appliance::orchestrator::apiserver
