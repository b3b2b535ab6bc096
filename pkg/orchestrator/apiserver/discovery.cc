#include "orchestrator/apiserver/discovery.h"

#include <vector>

#include "base/json/json.h"
#include "base/strings.h"
#include "orchestrator/apiserver/subresources.h"

namespace appliance::orchestrator::apiserver {
namespace {

struct GroupVersion {
  std::string group;
  std::string version;
  std::vector<const api::Kind*> kinds;
};

std::vector<GroupVersion> group_versions(const api::KindTable& kinds) {
  std::vector<GroupVersion> out;  // in the table's order: that is the order of preference
  for (const api::Kind& kind : kinds.all()) {
    GroupVersion* found = nullptr;
    for (GroupVersion& gv : out) {
      if (gv.group == kind.group && gv.version == kind.version) found = &gv;
    }
    if (found == nullptr) found = &out.emplace_back(kind.group, kind.version);
    found->kinds.push_back(&kind);
  }
  return out;
}

json::Array strings(const std::vector<std::string>& values) {
  json::Array out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

json::Object response_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

json::Object resource_list(const GroupVersion& gv) {
  json::Array resources;
  for (const api::Kind* kind : gv.kinds) {
    json::Object item{{"name", kind->plural},
                      {"singularName", kind->singular},
                      {"namespaced", kind->namespaced},
                      {"kind", kind->kind},
                      {"verbs", strings(kind->verbs)}};
    if (!kind->short_names.empty()) item["shortNames"] = strings(kind->short_names);
    if (!kind->categories.empty()) item["categories"] = strings(kind->categories);
    if (kind->stored)
      item["storageVersionHash"] =
          base::base64(base::hex(std::to_string(base::fnv1a64(kind->api_version() + kind->kind))).substr(0, 8));
    resources.push_back(std::move(item));
    for (const Subresource& sub : subresources_of(*kind)) {
      json::Object below{{"name", kind->plural + '/' + sub.name},
                         {"singularName", ""},
                         {"namespaced", kind->namespaced},
                         {"kind", sub.kind},
                         {"verbs", strings(sub.verbs)}};
      if (sub.group != kind->group || sub.version != kind->version) {
        below["group"] = sub.group;
        below["version"] = sub.version;
      }
      resources.push_back(std::move(below));
    }
  }
  const std::string name = gv.group.empty() ? gv.version : gv.group + '/' + gv.version;
  return {
      {"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", name}, {"resources", std::move(resources)}};
}

json::Object aggregated_version(const GroupVersion& gv) {
  json::Array resources;
  for (const api::Kind* kind : gv.kinds) {
    json::Object item{{"resource", kind->plural},
                      {"responseKind", response_kind(kind->group, kind->version, kind->kind)},
                      {"scope", kind->namespaced ? "Namespaced" : "Cluster"},
                      {"singularResource", kind->singular},
                      {"verbs", strings(kind->verbs)}};
    if (!kind->short_names.empty()) item["shortNames"] = strings(kind->short_names);
    if (!kind->categories.empty()) item["categories"] = strings(kind->categories);
    json::Array below;
    for (const Subresource& sub : subresources_of(*kind)) {
      below.push_back(json::Object{{"subresource", sub.name},
                                   {"responseKind", response_kind(sub.group, sub.version, sub.kind)},
                                   {"verbs", strings(sub.verbs)}});
    }
    if (!below.empty()) item["subresources"] = std::move(below);
    resources.push_back(std::move(item));
  }
  return {{"version", gv.version}, {"resources", std::move(resources)}, {"freshness", "Current"}};
}

json::Object aggregated(const std::vector<GroupVersion>& all, bool core, std::string_view version) {
  json::Array items;
  for (const GroupVersion& gv : all) {
    if (gv.group.empty() != core) continue;
    json::Object* item = nullptr;
    for (json::Value& known : items) {
      if (json::string_at(known, {"metadata", "name"}) == gv.group) item = &known.as_object();
    }
    if (item == nullptr) {
      json::Object metadata{{"creationTimestamp", nullptr}};
      if (!gv.group.empty()) metadata["name"] = gv.group;
      items.push_back(json::Object{{"metadata", std::move(metadata)}, {"versions", json::Array{}}});
      item = &items.back().as_object();
    }
    item->at("versions").as_array().push_back(aggregated_version(gv));
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
          {"metadata", json::Object{}},
          {"items", std::move(items)}};
}

json::Array groups_of(const std::vector<GroupVersion>& all) {
  json::Array groups;
  for (const GroupVersion& gv : all) {
    if (gv.group.empty()) continue;
    json::Object version{{"groupVersion", gv.group + '/' + gv.version}, {"version", gv.version}};
    json::Object* group = nullptr;
    for (json::Value& known : groups) {
      if (json::string_at(known, {"name"}) == gv.group) group = &known.as_object();
    }
    if (group == nullptr) {
      groups.push_back(json::Object{{"name", gv.group}, {"versions", json::Array{}}, {"preferredVersion", version}});
      group = &groups.back().as_object();
    }
    group->at("versions").as_array().push_back(std::move(version));
  }
  return groups;
}

}  // namespace

void Discovery::add(std::string path, std::string content_type, std::string body, std::string_view form) {
  Document document{.content_type = std::move(content_type), .body = std::move(body), .etag = {}};
  document.etag = '"' + base::hex(std::to_string(base::fnv1a64(document.body))) + '"';
  documents_.emplace(std::string(form) + path, std::move(document));
}

Discovery::Discovery(const api::KindTable& kinds) {
  const auto all = group_versions(kinds);
  const std::string json = "application/json";
  add("/api", json,
      json::serialize(json::Object{
          {"kind", "APIVersions"}, {"versions", json::Array{"v1"}}, {"serverAddressByClientCIDRs", json::Array{}}}),
      "");
  const json::Array groups = groups_of(all);
  add("/apis", json, json::serialize(json::Object{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}}),
      "");
  for (const json::Value& group : groups) {
    json::Object single{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    for (const auto& [key, value] : group.as_object()) single[key] = value;
    add("/apis/" + std::string(json::string_at(group, {"name"})), json, json::serialize(std::move(single)), "");
  }
  for (const GroupVersion& gv : all) {
    const std::string path = gv.group.empty() ? "/api/" + gv.version : "/apis/" + gv.group + '/' + gv.version;
    add(path, json, json::serialize(resource_list(gv)), "");
  }
  for (const std::string_view version : {"v2", "v2beta1"}) {
    const std::string type =
        "application/json;g=apidiscovery.k8s.io;v=" + std::string(version) + ";as=APIGroupDiscoveryList";
    add("/api", type, json::serialize(aggregated(all, true, version)), version);
    add("/apis", type, json::serialize(aggregated(all, false, version)), version);
  }
}

const Document* Discovery::find(std::string_view path, const Accepted& accepted) const {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::string form = accepted.discovery_v2 ? "v2" : accepted.discovery_v2beta1 ? "v2beta1" : "";
  if (!form.empty()) {
    const auto it = documents_.find(form + std::string(path));
    if (it != documents_.end()) return &it->second;
  }
  const auto it = documents_.find(path);
  return it == documents_.end() ? nullptr : &it->second;
}

}  // namespace appliance::orchestrator::apiserver
