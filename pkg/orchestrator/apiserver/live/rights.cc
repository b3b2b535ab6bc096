#include "orchestrator/apiserver/live/rights.h"

#include "orchestrator/apiserver/authz.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

// What kubectl would send as --field-selector.
std::string field_selector(const std::string& node, const std::string& name) {
  std::string out;
  if (!node.empty()) out = "spec.nodeName=" + node;
  if (!name.empty()) out += (out.empty() ? "" : ",") + ("metadata.name=" + name);
  return out;
}

api::ApiResult<void> may(const WatchCache& cache, const User& user, Attributes attributes,
                         std::initializer_list<std::string_view> verbs) {
  for (const std::string_view verb : verbs) {
    attributes.verb = verb;
    if (!authorized(cache, user, attributes)) return std::unexpected(forbidden_error(user, attributes));
  }
  return {};
}

}  // namespace

api::ApiResult<const Kind*> kind_of(const WatchCache& cache, const Selection& selection) {
  const std::string resource = selection.group.empty() ? selection.plural : selection.plural + '.' + selection.group;
  const Kind* kind = cache.kinds().by_resource(resource);
  if (kind == nullptr || !kind->stored) {
    api::ApiError error;
    error.code = 404;
    error.reason = "NotFound";
    error.message = "the server does not have a resource type \"" + resource + "\"";
    return std::unexpected(std::move(error));
  }
  if (!kind->namespaced && !selection.ns.empty())
    return std::unexpected(api::bad_request("ns: " + resource + " are in no namespace"));
  return kind;
}

api::ApiResult<void> may_watch(const WatchCache& cache, const User& user, const Selection& selection) {
  Attributes attributes;
  attributes.group = selection.group;
  attributes.resource = selection.plural;
  attributes.ns = selection.ns;
  attributes.field_selector = field_selector(selection.node, selection.name);
  return may(cache, user, std::move(attributes), {"list", "watch"});
}

api::ApiResult<void> may_see_usage(const WatchCache& cache, const User& user, const UsageSelection& selection) {
  const bool pods = selection.what == UsageOf::kPods;
  Attributes attributes;
  attributes.resource = pods ? "pods" : "nodes";
  attributes.ns = selection.ns;
  attributes.field_selector = pods ? field_selector(selection.node, {}) : field_selector({}, selection.node);
  return may(cache, user, std::move(attributes), {"list"});
}

}  // namespace appliance::orchestrator::apiserver::live
