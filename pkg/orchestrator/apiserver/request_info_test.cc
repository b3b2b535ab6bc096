#include "orchestrator/apiserver/request_info.h"

#include <catch2/catch.hpp>

namespace appliance::orchestrator::apiserver {
namespace {

struct Row {
  std::string method;
  std::string path;
  std::string query;
  std::string verb;
  std::string group;
  std::string ns;
  std::string resource;
  std::string name;
  std::string subresource;
};

RequestInfo parse(const Row& row) {
  net::http::Request request;
  request.method = row.method;
  request.path = row.path;
  if (!row.query.empty()) request.query = {{row.query, "true"}};
  return request_info(request);
}

}  // namespace

TEST_CASE("request info: reads group, namespace, resource, name, subresource and verb from the path") {
  const std::vector<Row> rows = {
      {"GET", "/api/v1/pods", "", "list", "", "", "pods", "", ""},
      {"GET", "/api/v1/pods", "watch", "watch", "", "", "pods", "", ""},
      {"GET", "/api/v1/namespaces/d/pods/p", "", "get", "", "d", "pods", "p", ""},
      {"GET", "/api/v1/namespaces/d/pods/p/log", "", "get", "", "d", "pods", "p", "log"},
      {"POST", "/api/v1/namespaces/d/pods", "", "create", "", "d", "pods", "", ""},
      {"DELETE", "/api/v1/namespaces/d/pods", "", "deletecollection", "", "d", "pods", "", ""},
      {"PATCH", "/apis/apps/v1/namespaces/d/deployments/w/scale", "", "patch", "apps", "d", "deployments", "w",
       "scale"},
      {"PUT", "/api/v1/namespaces/d/finalize", "", "update", "", "d", "namespaces", "d", "finalize"},
      {"GET", "/api/v1/namespaces/d", "", "get", "", "d", "namespaces", "d", ""},
      {"GET", "/api/v1/namespaces/d/status", "", "get", "", "d", "namespaces", "d", "status"},
      {"GET", "/apis/coordination.k8s.io/v1/leases", "", "list", "coordination.k8s.io", "", "leases", "", ""},
  };
  for (const Row& row : rows) {
    INFO(row.method << ' ' << row.path);
    const RequestInfo info = parse(row);
    CHECK(info.is_resource);
    CHECK(info.verb == row.verb);
    CHECK(info.group == row.group);
    CHECK(info.ns == row.ns);
    CHECK(info.resource == row.resource);
    CHECK(info.name == row.name);
    CHECK(info.subresource == row.subresource);
  }
}

TEST_CASE("request info: discovery, version and health are no resources") {
  for (const char* path :
       {"/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/version", "/healthz", "/openapi/v3"}) {
    INFO(path);
    CHECK_FALSE(parse({"GET", path, "", "", "", "", "", "", ""}).is_resource);
  }
}

}  // namespace appliance::orchestrator::apiserver
