// Who gets a certificate: tables of the plan, and the whole way of a joining machine over a real API server.
#include "orchestrator/controllers/certificates.h"

#include "base/strings.h"

#include "orchestrator/api/joining.h"
#include "orchestrator/api/ui_sessions.h"
#include "orchestrator/apiserver/join_tokens.h"
#include "orchestrator/apiserver/testing/test_exchange.h"
#include "orchestrator/client/rest.h"
#include "orchestrator/controllers/certificate_plan.h"
#include "orchestrator/controllers/join_secrets.h"
#include "orchestrator/controllers/runner.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace appliance::orchestrator::controllers;
using namespace std::chrono_literals;
using apiserver::testing::must;
using apiserver::testing::TestServer;
using Step = CertificatePlan::Step;

namespace {

constexpr std::string_view kClient = api::kSignerNodeClient;
constexpr std::string_view kServing = api::kSignerNodeServing;
constexpr CertificateTimes kTimes{.lifetime = 24h * 365, .keep_issued = 1h, .keep_pending = 24h};
const base::WallTime kNow(std::chrono::seconds(1'767'225'600));  // 2026-01-01T00:00:00Z

crypto::CsrFacts node_facts(const std::string& node = "w1") {
  crypto::CsrFacts out;
  out.common_name = "system:node:" + node;
  out.organizations = {"system:nodes"};
  out.public_key_sha256 = "key1";
  return out;
}

struct Ask {
  std::string_view signer = kClient;
  std::string user = "system:bootstrap:abcdef";
  std::string group = "system:bootstrappers";
  json::Array usages{"digital signature", "client auth"};
  std::string created = "2025-12-31T23:59:00Z";
  json::Array conditions{};
  bool issued = false;
  std::string from = "192.0.2.7";
};

json::Value request_of(const Ask& ask) {
  json::Object status{{"conditions", ask.conditions}};
  if (ask.issued) status["certificate"] = "eA==";
  return json::Object{
      {"metadata", json::Object{{"name", "r"}, {"creationTimestamp", ask.created}}},
      {"spec", json::Object{{"signerName", ask.signer},
                            {"username", ask.user},
                            {"groups", json::Array{json::Value(ask.group)}},
                            {"usages", ask.usages},
                            {"extra", json::Object{{api::kExtraRemoteAddress, json::Array{json::Value(ask.from)}}}}}},
      {"status", std::move(status)}};
}

Ask by_node(std::string_view signer, const std::string& node = "w1") {
  Ask out{.signer = signer, .user = "system:node:" + node, .group = "system:nodes"};
  if (signer == kServing) out.usages = {"digital signature", "server auth"};
  return out;
}

CertificatePlan plan(const Ask& ask, const crypto::CsrFacts& facts = node_facts(), const NamedNode& node = {}) {
  return plan_certificate(request_of(ask), facts, node, kTimes, kNow);
}

json::Array condition(const std::string& type, const std::string& when = "2025-12-31T23:59:30Z") {
  return {json::Object{{"type", type}, {"status", "True"}, {"lastUpdateTime", when}}};
}

}  // namespace

TEST_CASE("certificates: a token's holder gets a free name, and its own name again with the same key") {
  auto p = plan({});
  CHECK(p.step == Step::kApprove);
  CHECK(p.claims_name);
  CHECK(plan({}, node_facts(), {.exists = true, .key_sha256 = "key1"}).step == Step::kApprove);
  CHECK(plan({}, node_facts(), {.exists = false, .key_sha256 = "key1"}).step == Step::kApprove);
  for (const NamedNode& taken :
       {NamedNode{.exists = true, .key_sha256 = "key2"}, NamedNode{.key_sha256 = "key2"}, NamedNode{.exists = true}}) {
    p = plan({}, node_facts(), taken);
    CHECK(p.step == Step::kDeny);
    CHECK(p.reason == "NodeNameTaken");
    CHECK(p.message.find("node name \"w1\" is taken by another machine") == 0);
  }
}

TEST_CASE("certificates: a node renews for itself alone, and gets no other node's name") {
  const NamedNode known{.exists = true, .key_sha256 = "key0"};
  CHECK(plan(by_node(kClient), node_facts(), known).step == Step::kApprove);
  CHECK(plan(by_node(kClient), node_facts(), known).claims_name);  // with its new key
  const auto other = plan(by_node(kClient, "w2"), node_facts("w1"), known);
  CHECK(other.step == Step::kDeny);
  CHECK(other.reason == "OtherNode");
  auto serving = node_facts("w1");
  serving.dns_names = {"w1"};
  CHECK(plan(by_node(kServing, "w2"), serving, known).reason == "OtherNode");
  // The name of a node's user without its group is nobody's.
  Ask impostor = by_node(kClient);
  impostor.group = "dev";
  CHECK(plan(impostor).step == Step::kWait);
}

TEST_CASE("certificates: subjects and usages other than a node's are denied") {
  const auto reason = [](auto change, Ask ask = {}) {
    auto facts = node_facts();
    change(facts);
    const auto p = plan(ask, facts);
    return p.step == Step::kDeny ? p.reason : std::string("not denied");
  };
  const auto nothing = [](crypto::CsrFacts&) {};
  CHECK(reason([](auto& f) { f.common_name = "jane"; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.common_name = "system:node:"; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.common_name = "system:node:Bad Name"; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.organizations = {"system:masters"}; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.organizations = {"system:nodes", "system:masters"}; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.has_other_subject = true; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.has_other_names = true; }) == "BadSubject");
  CHECK(reason([](auto& f) { f.dns_names = {"w1"}; }) == "BadSubject");
  CHECK(reason(nothing, {.usages = {"digital signature"}}) == "BadSubject");
  CHECK(reason(nothing, {.usages = {"client auth", "server auth"}}) == "BadSubject");
  CHECK(reason([](auto& f) { f.dns_names = {"w1"}; }, {.signer = kServing, .usages = {"server auth"}}) ==
        "BadSubject");  // a token is for the first only
  CHECK(plan_certificate(request_of({}), fail(Code::kInvalidArgument, "broken"), {}, kTimes, kNow).reason ==
        "BadRequest");
}

TEST_CASE("certificates: serving names are the node's own: its name, its Node's addresses, where it asked from") {
  const NamedNode known{
      .exists = true, .key_sha256 = "key1", .addresses = {"192.0.2.8"}, .others_addresses = {"192.0.2.9"}};
  const auto reason = [&](std::vector<std::string> dns, std::vector<std::string> ips, Ask ask = by_node(kServing)) {
    auto facts = node_facts();
    facts.dns_names = std::move(dns);
    facts.ip_addresses = std::move(ips);
    const auto p = plan(ask, facts, known);
    return p.step == Step::kApprove ? std::string("good") : p.reason;
  };
  CHECK(reason({"w1"}, {"192.0.2.7", "192.0.2.8"}) == "good");
  CHECK(reason({"w1.example.test"}, {}) == "BadNames");  // whatever its Node says
  CHECK(reason({"w2"}, {}) == "BadNames");
  CHECK(reason({"kubernetes.default.svc"}, {}) == "BadNames");
  CHECK(reason({"w1"}, {"192.0.2.1"}) == "BadNames");
  CHECK(reason({"w1"}, {"192.0.2.9"}) == "AddressTaken");
  CHECK(reason({}, {}) == "BadSubject");
  Ask mapped = by_node(kServing);
  mapped.from = "::ffff:192.0.2.20";
  CHECK(reason({}, {"192.0.2.20"}, mapped) == "good");
}

TEST_CASE("certificates: no node gets a name of the API server or of Services, nor an address of theirs") {
  const Reserved reserved{.names = {"localhost", "kubernetes", "kubernetes.default", "API.example.test", "*.lb.test",
                                    "10.43.0.1", "192.0.2.1", ".svc", ".cluster.local"},
                          .networks = {"10.42.0.0/16", "10.43.0.0/16"}};
  const auto judged = [&](const Ask& ask, const crypto::CsrFacts& facts, const NamedNode& node) {
    return plan_certificate(request_of(ask), facts, node, kTimes, kNow, reserved);
  };
  for (const char* name :
       {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "bank.default.svc",
        "kubernetes.default.svc.cluster.local", "w1.cluster.local", "api.example.test", "a.lb.test", "192.0.2.1"}) {
    INFO(name);
    const auto p = judged({}, node_facts(name), {});
    CHECK(p.step == Step::kDeny);
    CHECK(p.reason == "NodeNameTaken");
    CHECK(p.message ==
          "node name \"" + std::string(name) + "\" is taken by the cluster itself: join under another name");
    CHECK(judged({}, node_facts(name), {.key_sha256 = "key1"}).step == Step::kDeny);  // from before it was reserved
    auto serving = node_facts(name);
    serving.dns_names = {name};
    CHECK(judged(by_node(kServing, name), serving, {.exists = true, .key_sha256 = "key1"}).reason == "BadNames");
  }
  for (const char* name : {"w1", "kubernetes2", "svc", "cluster.local", "lb.test", "my-svc", "w1.example.test"}) {
    INFO(name);
    CHECK(judged({}, node_facts(name), {}).step == Step::kApprove);
  }
  // Whether its Node says so or it asked from there.
  for (const char* ip :
       {"127.0.0.1", "127.8.8.8", "0.0.0.0", "224.0.0.1", "255.255.255.255", "10.43.0.1", "10.43.200.1", "10.42.3.4",
        "192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "::1", "::", "ff02::1", "::ffff:127.0.0.1", "no address"}) {
    INFO(ip);
    auto facts = node_facts();
    facts.ip_addresses = {ip};
    Ask from = by_node(kServing);
    from.from = ip;
    CHECK(judged(by_node(kServing), facts, {.exists = true, .addresses = {ip}}).reason == "BadNames");
    CHECK(judged(from, facts, {.exists = true}).reason == "BadNames");
  }
  for (const char* ip : {"192.0.2.7", "10.44.0.1", "2001:db8::7"}) {
    INFO(ip);
    auto facts = node_facts();
    facts.ip_addresses = {ip};
    CHECK(judged(by_node(kServing), facts, {.exists = true, .addresses = {ip}}).step == Step::kApprove);
  }
  // A network that does not parse gives nothing away.
  auto facts = node_facts();
  facts.ip_addresses = {"192.0.2.7"};
  CHECK(plan_certificate(request_of(by_node(kServing)), facts, {}, kTimes, kNow, {.names = {}, .networks = {"10.42/x"}})
            .reason == "BadNames");
}

TEST_CASE("certificates: what people must approve waits, then is issued; what no signer of ours signs only waits") {
  const Ask jane{.signer = api::kSignerClient, .user = "admin", .group = "system:masters"};
  auto facts = node_facts();
  facts.common_name = "jane";
  facts.organizations = {"dev"};
  CHECK(plan(jane, facts).step == Step::kWait);
  CHECK(plan(jane, facts).look_again == 24h - 60s);
  Ask approved = jane;
  approved.conditions = condition("Approved");
  CHECK(plan(approved, facts).step == Step::kIssue);
  facts.has_other_subject = true;
  CHECK(plan(approved, facts).step == Step::kFail);
  approved.signer = "example.test/other";
  CHECK(plan(approved, facts).step == Step::kWait);
  // By an admin for a node's signer: nobody but people decides.
  Ask for_node{.user = "admin", .group = "system:masters"};
  CHECK(plan(for_node).step == Step::kWait);
  for_node.conditions = condition("Approved");
  CHECK(plan(for_node).step == Step::kIssue);
}

TEST_CASE("certificates: requests go an hour after they were decided, a day after they were made") {
  const auto step = [](Ask ask, base::WallTime now) {
    return plan_certificate(request_of(ask), node_facts(), {}, kTimes, now).step;
  };
  Ask issued{.conditions = condition("Approved"), .issued = true};
  CHECK(step(issued, kNow + 59min) == Step::kWait);
  CHECK(step(issued, kNow + 61min) == Step::kRemove);
  Ask denied{.conditions = condition("Denied")};
  CHECK(plan(denied).step == Step::kWait);
  CHECK(step(denied, kNow + 61min) == Step::kRemove);
  Ask waiting{.signer = api::kSignerClient};
  CHECK(step(waiting, kNow + 23h) == Step::kWait);
  CHECK(step(waiting, kNow + 25h) == Step::kRemove);
}

TEST_CASE("certificates: live as long as was asked for, no longer than the signer gives and its CA lives") {
  const auto spec = [](int64_t seconds, std::string_view signer = kClient) {
    json::Value request = request_of({.signer = signer});
    if (seconds > 0) json::ensure(request, {"spec", "expirationSeconds"}) = seconds;
    auto facts = node_facts();
    facts.dns_names = {"w1"};
    return certificate_spec(request, facts, kTimes, kNow + 24h * 400, kNow);
  };
  CHECK(spec(600).not_after == kNow + 10min);
  CHECK(spec(0).not_after == kNow + 24h * 365);
  CHECK(spec(86400LL * 1000).not_after == kNow + 24h * 365);
  CHECK(certificate_spec(request_of({}), node_facts(), kTimes, kNow + 1h, kNow).not_after == kNow + 1h);
  CHECK(spec(600).not_before == kNow - 5min);
  CHECK((spec(0).client_auth && !spec(0).server_auth && spec(0).dns_names.empty()));
  CHECK((spec(0, kServing).server_auth && !spec(0, kServing).client_auth && spec(0, kServing).dns_names.size() == 1));
}

TEST_CASE("join secrets: tokens go a day after they expired, a name's key with its Node or when none came") {
  const auto secret = [](std::string_view type, const json::Object& data) {
    return json::Value(json::Object{
        {"type", type}, {"metadata", json::Object{{"creationTimestamp", "2026-01-01T00:00:00Z"}}}, {"data", data}});
  };
  const auto token = secret(api::kJoinTokenSecretType, {{"expires", base::base64("2026-01-01T00:00:00Z")}});
  CHECK(plan_join_secret(token, false, false, kNow + 23h).look_again == 1h);
  CHECK(plan_join_secret(token, false, false, kNow + 24h).remove);
  CHECK_FALSE(plan_join_secret(secret(api::kJoinTokenSecretType, {}), false, false, kNow + 24h * 1000).remove);
  const auto key = secret(api::kNodeKeySecretType, {});
  CHECK_FALSE(plan_join_secret(key, true, true, kNow + 24h).remove);
  CHECK(plan_join_secret(key, false, true, kNow).remove);
  CHECK(plan_join_secret(key, false, false, kNow + 9min).look_again == 1min);
  CHECK(plan_join_secret(key, false, false, kNow + 10min).remove);
  // The same machine asked again: it has the whole time again.
  const auto again = secret(api::kNodeKeySecretType, {{"approved", base::base64("2026-01-01T00:30:00Z")}});
  CHECK(plan_join_secret(again, false, false, kNow + 39min).look_again == 1min);
  CHECK(plan_join_secret(again, false, false, kNow + 40min).remove);
  const auto broken = secret(api::kNodeKeySecretType, {{"approved", "?"}});
  CHECK(plan_join_secret(broken, false, false, kNow + 10min).remove);
  CHECK_FALSE(plan_join_secret(secret("Opaque", {}), false, false, kNow + 24h).remove);
}

TEST_CASE("join secrets: a session of the dashboard goes when it ended, one that was prolonged stays") {
  const auto session = [](const char* expires) {
    return json::Value(
        json::Object{{"type", api::kUiSessionSecretType}, {"data", json::Object{{"expires", base::base64(expires)}}}});
  };
  const auto twelve = session("2026-01-01T12:00:00Z");
  CHECK_FALSE(plan_join_secret(twelve, false, false, kNow + 11h).remove);
  CHECK(plan_join_secret(twelve, false, false, kNow + 11h).look_again == 1h);
  CHECK(plan_join_secret(twelve, false, false, kNow + 12h).remove);
  CHECK_FALSE(plan_join_secret(session("2026-01-01T20:00:00Z"), false, false, kNow + 12h).remove);
  CHECK(plan_join_secret(session("soon"), false, false, kNow).remove);
}

namespace {

constexpr std::string_view kRequests = "certificatesigningrequests.certificates.k8s.io";

// A server over TLS with the two controllers, and what a joining machine does.
struct Cluster {
  Cluster() {
    url = server.listen();
    runner =
        std::make_unique<Runner>(Runner::Options{.threads = 2, .log = {}, .metrics = nullptr},
                                 server.api->internal_client(), server.api->informers(), server.clock, server.random);
    runner->add(make_certificate_controller({.ca_pem = server.ca_pem,
                                             .ca_key_pem = server.ca_key,
                                             .reserved_names = {"kubernetes", ".svc", "192.0.2.1"},
                                             .reserved_networks = {"10.42.0.0/16"}}));
    runner->add(make_join_secret_cleaner());
    runner->start();
  }
  ~Cluster() { runner->stop(); }

  std::string bearer() {
    auto token = must(apiserver::make_join_token(1h, "worker", "", server.clock.now(), server.random));
    (void)must(server.admin().create("secrets", "kube-system", token.object, {}));
    (void)must(server.admin().get("secrets", {"kube-system", "join-token-" + token.id}));
    return token.id + '.' + token.secret;
  }
  std::unique_ptr<client::Client> with_token(const std::string& token) {
    return client::https_client(
        {.base_url = url, .ca_pem = server.ca_pem, .certificate_pem = {}, .key_pem = {}, .bearer_token = token});
  }
  std::unique_ptr<client::Client> with_certificate(const std::string& pem, const std::string& key) {
    return client::https_client(
        {.base_url = url, .ca_pem = server.ca_pem, .certificate_pem = pem, .key_pem = key, .bearer_token = {}});
  }
  static json::Value request(const std::string& name, const std::string& key, const crypto::CsrSpec& spec,
                             std::string_view signer = kClient) {
    const char* usage = signer == kServing ? "server auth" : "client auth";
    return json::Object{{"metadata", json::Object{{"name", name}}},
                        {"spec", json::Object{{"request", base::base64(must(crypto::make_csr(key, spec)))},
                                              {"signerName", signer},
                                              {"usages", json::Array{"digital signature", usage}}}}};
  }
  // Asks until it is decided, by new looks at the API; the certificate, or the reason of the denial.
  static std::string decided(client::Client& client, const std::string& name) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto now = must(client.get(kRequests, {"", name}));
      if (const auto pem = json::string_at(now, {"status", "certificate"}); !pem.empty())
        return base::unbase64(pem).value_or("");
      for (const auto& one : json::array_at(now, {"status", "conditions"}))
        if (json::string_at(one, {"type"}) != "Approved") return std::string(json::string_at(one, {"reason"}));
    }
    return "not decided";
  }

  TestServer server;
  std::string url;
  std::unique_ptr<Runner> runner;
};

const crypto::CsrSpec kW1{.common_name = "system:node:w1", .organizations = {"system:nodes"}};

}  // namespace

TEST_CASE("join: a token makes a request, the controller signs it, and the certificate is the node") {
  Cluster cluster;
  const std::string key = must(crypto::generate_key());
  const auto joining = cluster.with_token(cluster.bearer());
  (void)must(joining->create(kRequests, "", Cluster::request("w1-client", key, kW1), {}));
  const std::string pem = Cluster::decided(*joining, "w1-client");
  REQUIRE(pem.starts_with("-----BEGIN CERTIFICATE-----"));
  const auto facts = must(crypto::parse_certificate(pem));
  CHECK(facts.common_name == "system:node:w1");
  CHECK(facts.organizations == std::vector<std::string>{"system:nodes"});
  CHECK(must(crypto::key_matches(pem, key)));

  const auto node = cluster.with_certificate(pem, key);
  const auto named = [](const char* name) {
    return json::Value(json::Object{{"metadata", json::Object{{"name", name}}}});
  };
  CHECK(node->create("nodes", "", named("w1"), {}).has_value());
  CHECK_FALSE(node->create("nodes", "", named("w2"), {}).has_value());
  // Its serving certificate, for its name and an address that its Node says.
  client::Client& admin = cluster.server.admin();
  const auto address = [](const char* ip) {
    return json::Value(json::Object{{"type", "InternalIP"}, {"address", ip}});
  };
  const std::string serving_key = must(crypto::generate_key());
  crypto::CsrSpec serving = kW1;
  serving.dns_names = {"w1"};
  (void)must(admin.patch(
      "nodes", {"", "w1"}, client::PatchType::kMerge,
      json::Object{{"status", json::Object{{"addresses", json::Array{address("192.0.2.7"), address("192.0.2.1"),
                                                                     address("10.42.0.9")}}}}},
      {.subresource = "status", .field_manager = {}}));
  (void)must(admin.get("nodes", {"", "w1"}));
  serving.ip_addresses = {"192.0.2.7"};
  (void)must(node->create(kRequests, "", Cluster::request("w1-serving", serving_key, serving, kServing), {}));
  const std::string served = Cluster::decided(*node, "w1-serving");
  REQUIRE(served.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(crypto::verify_chain(served, {.ca_pem = cluster.server.ca_pem,
                                      .now = cluster.server.clock.now(),
                                      .usage = crypto::Usage::kServer,
                                      .host = "192.0.2.7"}));
  // Of nobody, of the API server, of a pod, of every machine.
  for (const std::string ip : {"192.0.2.99", "192.0.2.1", "10.42.0.9", "127.0.0.1"}) {
    INFO(ip);
    serving.ip_addresses = {ip};
    (void)must(node->create(kRequests, "", Cluster::request("w1-" + ip, serving_key, serving, kServing), {}));
    CHECK(Cluster::decided(*node, "w1-" + ip) == "BadNames");
  }
  for (const std::string name : {"kubernetes", "bank.default.svc"}) {
    INFO(name);
    const crypto::CsrSpec cluster_name{.common_name = "system:node:" + name, .organizations = {"system:nodes"}};
    (void)must(joining->create(kRequests, "", Cluster::request("as-" + name, key, cluster_name), {}));
    CHECK(Cluster::decided(*joining, "as-" + name) == "NodeNameTaken");
  }
  const crypto::CsrSpec other{.common_name = "system:node:w2", .organizations = {"system:nodes"}};
  (void)must(node->create(kRequests, "", Cluster::request("w2-client", key, other), {}));
  CHECK(Cluster::decided(*node, "w2-client") == "OtherNode");
}

TEST_CASE("join: a name goes to one of two machines, back to the same key, and is free when its Node is deleted") {
  Cluster cluster;
  const std::string key = must(crypto::generate_key());
  const auto joining = cluster.with_token(cluster.bearer());
  (void)must(joining->create(kRequests, "", Cluster::request("a", key, kW1), {}));
  (void)must(joining->create(kRequests, "", Cluster::request("b", must(crypto::generate_key()), kW1), {}));
  const std::string a = Cluster::decided(*joining, "a");
  const std::string b = Cluster::decided(*joining, "b");
  CHECK((a == "NodeNameTaken") != (b == "NodeNameTaken"));
  // The first may have lost; whoever won has the name, and gets it again.
  const bool first = a != "NodeNameTaken";
  (void)must(joining->create(kRequests, "", Cluster::request("again", key, kW1), {}));
  CHECK((Cluster::decided(*joining, "again") != "NodeNameTaken") == first);

  client::Client& admin = cluster.server.admin();
  (void)must(admin.create("nodes", "", json::Object{{"metadata", json::Object{{"name", "w1"}}}}, {}));
  REQUIRE(admin.get("secrets", {"kube-system", "node-key.w1"}));
  REQUIRE(admin.remove("nodes", {"", "w1"}, {}));
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (admin.get("secrets", {"kube-system", "node-key.w1"}) && std::chrono::steady_clock::now() < deadline) {
  }
  REQUIRE_FALSE(admin.get("secrets", {"kube-system", "node-key.w1"}));
  const std::string third = must(crypto::generate_key());
  (void)must(joining->create(kRequests, "", Cluster::request("third", third, kW1), {}));
  CHECK(Cluster::decided(*joining, "third").starts_with("-----BEGIN CERTIFICATE-----"));
}

TEST_CASE(
    "join: a machine that asks again with its key has the whole time for its Node again, also after its removal") {
  Cluster cluster;
  const std::string key = must(crypto::generate_key());
  const auto joining = cluster.with_token(cluster.bearer());
  const client::ObjectKey record{"kube-system", "node-key.w1"};
  const auto approved = [&] {
    return base::unbase64(json::string_at(must(cluster.server.admin().get("secrets", record)), {"data", "approved"}))
        .value_or("");
  };
  (void)must(joining->create(kRequests, "", Cluster::request("first", key, kW1), {}));
  const std::string first = Cluster::decided(*joining, "first");
  REQUIRE(first.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(base::parse_rfc3339(approved()).has_value());
  // As it was 9 minutes later, that is: of a time before.
  const json::Value old = json::Object{{"data", json::Object{{"approved", base::base64("2020-01-01T00:00:00Z")}}}};
  (void)must(cluster.server.admin().patch("secrets", record, client::PatchType::kMerge, old));
  REQUIRE(approved() == "2020-01-01T00:00:00Z");
  (void)must(joining->create(kRequests, "", Cluster::request("second", key, kW1), {}));
  REQUIRE(Cluster::decided(*joining, "second").starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(approved() > "2020-01-01T00:00:00Z");
  // The record went because no Node came: the old certificate is refused, the same key joins again.
  REQUIRE(cluster.server.admin().remove("secrets", record, {}));
  const auto node = cluster.with_certificate(first, key);
  const auto refused = node->get("nodes", {"", "w1"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kUnauthenticated);
  CHECK(api::is_shut_out(refused.error().message));
  (void)must(joining->create(kRequests, "", Cluster::request("third", key, kW1), {}));
  REQUIRE(Cluster::decided(*joining, "third").starts_with("-----BEGIN CERTIFICATE-----"));
  const auto welcome = node->get("nodes", {"", "w1"});
  REQUIRE_FALSE(welcome);
  CHECK(welcome.error().code == Code::kNotFound);
}

TEST_CASE("join: a person's approval is signed as well, and the certificate is that user") {
  Cluster cluster;
  const std::string key = must(crypto::generate_key());
  client::Client& admin = cluster.server.admin();
  (void)must(admin.create(
      kRequests, "",
      Cluster::request("jane", key, {.common_name = "jane", .organizations = {"dev"}}, api::kSignerClient), {}));
  auto request = must(admin.get(kRequests, {"", "jane"}));
  CHECK(json::array_at(request, {"status", "conditions"}).empty());
  json::ensure(request, {"status", "conditions"}) =
      json::Array{json::Object{{"type", "Approved"}, {"status", "True"}, {"reason", "KubectlApprove"}}};
  (void)must(admin.update(kRequests, {"", "jane"}, request, {.subresource = "approval", .field_manager = {}}));
  const std::string pem = Cluster::decided(admin, "jane");
  REQUIRE(pem.starts_with("-----BEGIN CERTIFICATE-----"));
  const auto jane = cluster.with_certificate(pem, key);
  const auto refused = jane->list("pods", "", {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("User \"jane\" cannot list resource \"pods\"") != std::string::npos);
}
