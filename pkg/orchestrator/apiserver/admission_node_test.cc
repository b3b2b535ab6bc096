// The limits of a node's identity: what a machine that was taken over cannot do.
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::must;
using testing::TestServer;
using testing::Told;

std::string message(const Told& told) { return std::string(json::string_at(told.json(), {"message"})); }

struct Call {
  std::string method;
  std::string path;
  std::string body = {};
};

Told as_node(TestServer& server, const Call& call, const std::string& node = "n1") {
  return ask(*server.api, {.method = call.method,
                           .path = call.path,
                           .body = call.body,
                           .content_type = call.method == "PATCH" ? "application/merge-patch+json" : "application/json",
                           .user = "system:node:" + node,
                           .group = "system:nodes"});
}
Told as_admin(TestServer& server, const Call& call) {
  return ask(*server.api,
             {.method = call.method,
              .path = call.path,
              .body = call.body,
              .content_type = call.method == "PATCH" ? "application/merge-patch+json" : "application/json"});
}

std::string node(const std::string& name, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"(")" + more + "}}";
}

// Two nodes; a pod on each, whose Secret is named after it.
void populate(TestServer& server) {
  for (const std::string name : {"n1", "n2"}) {
    REQUIRE(as_admin(server, {"POST", "/api/v1/nodes", node(name)}).status == 201);
    REQUIRE(as_admin(server, {"POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", node(name)})
                .status == 201);
  }
  const std::string ns = "/api/v1/namespaces/default";
  REQUIRE(as_admin(server, {"POST", ns + "/serviceaccounts", node("default")}).status == 201);
  for (const std::string i : {"1", "2"}) {
    REQUIRE(as_admin(server, {"POST", ns + "/secrets", node("s" + i)}).status == 201);
    REQUIRE(as_admin(server, {"POST", ns + "/pods",
                              R"({"metadata":{"name":"p)" + i + R"(","labels":{"app":"web"}},"spec":{"nodeName":"n)" +
                                  i + R"(","containers":[{"name":"c","image":"example.test/app:1"}],)" +
                                  R"("volumes":[{"name":"v","secret":{"secretName":"s)" + i + R"("}}]}})"})
                .status == 201);
  }
  REQUIRE(as_admin(server, {"GET", ns + "/pods"}).status == 200);
}

}  // namespace

TEST_CASE("nodes: touch their own Node, Lease, pods and Secrets, and none of another's") {
  TestServer server;
  populate(server);
  const std::string ready = R"({"status":{"phase":"Running"}})";
  const std::string held = R"({"spec":{"holderIdentity":"n1"}})";
  const std::string ns = "/api/v1/namespaces/default";
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const auto evict = [](const std::string& pod) {
    return R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":")" + pod +
           R"("},"deleteOptions":{"gracePeriodSeconds":0}})";
  };
  const auto calls = [&](const std::string& i) {
    return std::vector<Call>{
        {"PATCH", "/api/v1/nodes/n" + i + "/status", ready},
        {"PATCH", "/api/v1/nodes/n" + i, R"({"spec":{"unschedulable":true}})"},
        {"PATCH", "/api/v1/nodes/n" + i, R"({"metadata":{"labels":{"example.test/rack":"4"}}})"},
        {"PATCH", leases + "/n" + i, held},
        {"GET", ns + "/pods/p" + i},
        {"GET", ns + "/secrets/s" + i},
        {"PATCH", ns + "/pods/p" + i + "/status", ready},
        {"GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn" + i},
        {"POST", ns + "/pods/p" + i + "/eviction", evict("p" + i)},
        {"DELETE", "/api/v1/nodes/n" + i},
    };
  };
  for (const Call& call : calls("2")) {
    INFO(call.method << ' ' << call.path);
    CHECK(as_node(server, call).status == 403);
  }
  for (const Call& call : calls("1")) {
    INFO(call.method << ' ' << call.path);
    const int status = as_node(server, call).status;
    CHECK((status == 200 || status == 201));
  }
  for (const Call& call : std::vector<Call>{{"POST", "/api/v1/nodes", node("n3")},
                                            {"POST", leases, node("n3")},
                                            {"GET", ns + "/pods"},
                                            {"GET", ns + "/secrets"},
                                            {"DELETE", "/api/v1/nodes"},
                                            {"GET", "/api/v1/namespaces/kube-system/configmaps/other"},
                                            {"PATCH", ns + "/pods/p2", ready},
                                            {"PUT", "/api/v1/namespaces/default/finalize", "{}"}}) {
    INFO(call.method << ' ' << call.path);
    CHECK(as_node(server, call).status == 403);
  }
}

TEST_CASE("nodes: see all nodes, which their routes lead to, and the facts of the cluster") {
  TestServer server;
  populate(server);
  REQUIRE(as_admin(server, {"POST", "/api/v1/namespaces/kube-system/configmaps", node("appliance-cluster")}).status ==
          201);
  CHECK(as_node(server, {"GET", "/api/v1/nodes"}).status == 200);
  CHECK(as_node(server, {"GET", "/api/v1/nodes/n2"}).status == 200);
  const Told watch = as_node(server, {"GET", "/api/v1/nodes?watch=1"});
  CHECK(watch.status == 200);
  if (watch.stream) watch.stream->hang_up();
  CHECK(as_node(server, {"GET", "/api/v1/namespaces/kube-system/configmaps/appliance-cluster"}).status == 200);
}

TEST_CASE("nodes: write no labels of the cluster, no taints and no pod network, not even their own") {
  TestServer server;
  const Told created = as_node(
      server, {"POST", "/api/v1/nodes",
               node("n1", R"(,"labels":{"node-role.kubernetes.io/control-plane":"","kubernetes.io/os":"linux"})")});
  CHECK(created.status == 403);
  CHECK(message(created) ==
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: "
        "node-role.kubernetes.io/control-plane");
  CHECK(as_node(server, {"POST", "/api/v1/nodes",
                         R"({"metadata":{"name":"n1"},"spec":{"podCIDR":"10.42.0.0/24","podCIDRs":["10.42.0.0/24"]}})"})
            .status == 403);
  REQUIRE(as_node(server, {"POST", "/api/v1/nodes", node("n1", R"(,"labels":{"kubernetes.io/os":"linux"})")}).status ==
          201);
  const auto patch = [&](const std::string& body, const std::string& sub = "") {
    return as_node(server, {"PATCH", "/api/v1/nodes/n1" + sub, body});
  };
  CHECK(message(patch(R"({"metadata":{"labels":{"node-restriction.kubernetes.io/team":"a"}}})")) ==
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify labels: node-restriction.kubernetes.io/team");
  CHECK(patch(R"({"metadata":{"labels":{"node-role.kubernetes.io/x":""}}})", "/status").status == 403);
  CHECK(message(patch(R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})")) ==
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
  CHECK(patch(R"({"spec":{"podCIDR":"10.42.0.0/24","podCIDRs":["10.42.0.0/24"]}})").status == 403);
  CHECK(patch(R"({"metadata":{"labels":{"kubernetes.io/hostname":"h","node.kubernetes.io/instance-type":"small"}}})")
            .status == 200);
}

TEST_CASE("nodes: claim no address that another Node has; what they had they keep") {
  TestServer server;
  populate(server);
  const auto claim = [&](const std::string& name, const std::string& ip) {
    return Call{"PATCH", "/api/v1/nodes/" + name + "/status",
                R"({"status":{"addresses":[{"type":"InternalIP","address":")" + ip +
                    R"("},{"type":"Hostname","address":")" + name + R"("}]}})"};
  };
  REQUIRE(as_node(server, claim("n1", "192.0.2.1"), "n1").status == 200);
  REQUIRE(as_node(server, claim("n2", "192.0.2.2"), "n2").status == 200);
  REQUIRE(as_admin(server, {"GET", "/api/v1/nodes"}).status == 200);
  const Told taken = as_node(server, claim("n1", "192.0.2.2"), "n1");
  CHECK(taken.status == 403);
  CHECK(message(taken) ==
        "nodes \"n1\" is forbidden: node \"n1\" is not allowed to claim the address 192.0.2.2: it is node \"n2\"'s; "
        "when that machine is gone for good: kubectl delete node n2");
  const auto address = [&](const std::string& name) {
    const auto live = as_admin(server, {"GET", "/api/v1/nodes/" + name}).json();
    return std::string(json::string_at(json::array_at(live, {"status", "addresses"}).at(0), {"address"}));
  };
  CHECK(address("n1") == "192.0.2.1");
  CHECK(as_node(server, claim("n1", "192.0.2.1"), "n1").status == 200);
  CHECK(as_node(server, claim("n1", "192.0.2.3"), "n1").status == 200);
  // One that an admin gave to two stays writable for both: their heartbeats go on.
  REQUIRE(as_admin(server, claim("n1", "192.0.2.2")).status == 200);
  CHECK(as_node(server, {"PATCH", "/api/v1/nodes/n1/status", R"({"status":{"phase":"Running"}})"}, "n1").status == 200);
  // Free when the other Node is gone.
  REQUIRE(as_admin(server, claim("n1", "192.0.2.1")).status == 200);
  REQUIRE(as_admin(server, {"DELETE", "/api/v1/nodes/n2"}).status == 200);
  REQUIRE(as_admin(server, {"GET", "/api/v1/nodes"}).status == 200);
  CHECK(as_node(server, claim("n1", "192.0.2.2"), "n1").status == 200);
}

TEST_CASE("nodes: get tokens of accounts for their own pods alone") {
  TestServer server;
  populate(server);
  const auto token = [&](const std::string& pod) {
    return as_node(server,
                   {"POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
                    R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"boundObjectRef":)"
                    R"({"kind":"Pod","apiVersion":"v1","name":")" +
                        pod + R"("}}})"});
  };
  CHECK(token("p1").status == 201);
  const Told refused = token("p2");
  CHECK(refused.status == 403);
  CHECK(message(refused) ==
        "serviceaccounts \"default\" is forbidden: node requested token bound to a pod scheduled on a different node");
  CHECK(as_node(server, {"POST", "/api/v1/namespaces/default/serviceaccounts/default/token",
                         R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{}})"})
            .status == 403);
}

TEST_CASE("nodes: cannot draw a Service's traffic to a pod by its labels") {
  TestServer server;
  populate(server);
  const Told told = as_node(server, {"PATCH", "/api/v1/namespaces/default/pods/p1/status",
                                     R"({"metadata":{"labels":{"app":"bank"}},"status":{"phase":"Running"}})"});
  CHECK(told.status == 403);
  CHECK(message(told) == "pods \"p1\" is forbidden: node \"n1\" cannot update labels through pod status");
}

TEST_CASE("eviction: deletes the pod as its options say; a dry run and a wrong name change nothing") {
  TestServer server;
  populate(server);
  const std::string pods = "/api/v1/namespaces/default/pods/";
  const auto evict = [&](const std::string& pod, const std::string& name, const std::string& options,
                         const std::string& query = "") {
    return as_admin(server, {"POST", pods + pod + "/eviction" + query,
                             R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":")" + name +
                                 R"("},"deleteOptions":)" + options + "}"});
  };
  CHECK(evict("nobody", "nobody", "{}").status == 404);
  CHECK(evict("p1", "p2", "{}").status == 400);
  CHECK(evict("p1", "p1", R"({"preconditions":{"uid":"other"}})").status == 409);
  CHECK(evict("p1", "p1", "{}", "?dryRun=All").status == 201);
  CHECK(evict("p1", "p1", R"({"dryRun":["All"]})").status == 201);
  CHECK(json::find(as_admin(server, {"GET", pods + "p1"}).json(), {"metadata", "deletionTimestamp"}) == nullptr);
  const Told gone = evict("p1", "p1", R"({"gracePeriodSeconds":7})");
  CHECK(gone.status == 201);
  CHECK(json::string_at(gone.json(), {"status"}) == "Success");
  CHECK(json::int_at(as_admin(server, {"GET", pods + "p1"}).json(), {"metadata", "deletionGracePeriodSeconds"}) == 7);
  CHECK(evict("p2", "p2", R"({"gracePeriodSeconds":0})").status == 201);
  CHECK(as_admin(server, {"GET", pods + "p2"}).status == 404);
  const json::Value discovered = as_admin(server, {"GET", "/api/v1"}).json();
  bool found = false;
  for (const json::Value& resource : json::array_at(discovered, {"resources"}))
    found =
        found ||
        (json::string_at(resource, {"name"}) == "pods/eviction" && json::string_at(resource, {"group"}) == "policy" &&
         json::string_at(resource, {"version"}) == "v1" && json::string_at(resource, {"kind"}) == "Eviction");
  CHECK(found);
}

}  // namespace appliance::orchestrator::apiserver
