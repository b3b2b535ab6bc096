#include "orchestrator/apiserver/request_info.h"

#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

std::string verb_of(const net::http::Request& request, bool has_name) {
  const std::string& m = request.method;
  if (m == "POST") return "create";
  if (m == "PUT") return "update";
  if (m == "PATCH") return "patch";
  if (m == "DELETE") return has_name ? "delete" : "deletecollection";
  if (m != "GET" && m != "HEAD") return base::to_lower(m);
  if (request.query_flag("watch")) return "watch";
  return has_name ? "get" : "list";
}

}  // namespace

RequestInfo request_info(const net::http::Request& request) {
  RequestInfo out;
  out.path = request.path;
  out.verb = base::to_lower(request.method);
  std::vector<std::string> parts;
  for (const std::string_view part : base::split(request.path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    out.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    out.group = parts[1];
    out.version = parts[2];
    at = 3;
  } else {
    return out;
  }
  out.is_resource = true;
  // /namespaces/NS/RESOURCE is inside NS; /namespaces/NS[/status|/finalize] is the namespace itself.
  if (out.group.empty() && parts[at] == "namespaces" && parts.size() > at + 2 && parts[at + 2] != "status" &&
      parts[at + 2] != "finalize") {
    out.ns = parts[at + 1];
    at += 2;
  } else if (!out.group.empty() && parts[at] == "namespaces" && parts.size() > at + 2) {
    out.ns = parts[at + 1];
    at += 2;
  }
  out.resource = parts[at];
  if (parts.size() > at + 1) out.name = parts[at + 1];
  if (parts.size() > at + 2) out.subresource = parts[at + 2];
  out.too_deep = parts.size() > at + 3;
  if (out.group.empty() && out.resource == "namespaces" && out.ns.empty()) out.ns = out.name;
  out.verb = verb_of(request, !out.name.empty());
  return out;
}

}  // namespace appliance::orchestrator::apiserver
