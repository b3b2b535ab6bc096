// The kubelet API over loopback TLS: who may ask, and what the answers are; what has no listener is in kubelet_test.cc.
#include <catch2/catch.hpp>

#include "orchestrator/kubelet/api_reader.h"
#include "orchestrator/kubelet/testing/kubelet_api_rig.h"

namespace appliance::orchestrator::kubelet {
namespace {

using testing::KubeletApiRig;

struct Got {
  int status = 0;
  std::string body;
};
Got get(net::http::Client& client, const std::string& path) {
  const auto reply = client.send({.path = path});
  if (!reply) return {.status = 0, .body = reply.error().message};
  return {.status = reply->status, .body = reply->body};
}

}  // namespace

TEST_CASE("kubelet api: members of system:masters alone are served") {
  KubeletApiRig rig;
  auto nobody = rig.as("x", {});
  nobody.certificate_pem = nobody.key_pem = "";
  const testing::TestCa other;
  auto forged = rig.as("x", {});
  const auto foreign = other.issue("kube-apiserver-kubelet-client", {"system:masters"});
  forged.certificate_pem = foreign.certificate_pem;
  forged.key_pem = foreign.key_pem;
  for (const char* path : {"/healthz", "/metrics", "/stats/summary", "/containerLogs/default/there/c",
                           "/exec/default/there/c?command=x", "/unknown"}) {
    INFO(path);
    net::http::Client anonymous(nobody);
    CHECK(get(anonymous, path).status == 401);
    net::http::Client stranger(forged);
    CHECK(get(stranger, path).status == 401);
    net::http::Client node(rig.as("system:node:n3", {"system:nodes"}));
    const Got refused = get(node, path);
    CHECK(refused.status == 403);
    CHECK(refused.body == "Forbidden (user=system:node:n3)\n");
  }
}

TEST_CASE("kubelet api: health, metrics, and paths that are none") {
  KubeletApiRig rig;
  net::http::Client admin(rig.as("admin", {"system:masters"}));
  CHECK(get(admin, "/healthz").body == "ok");
  const Got metrics = get(admin, "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.body.find("test_total 7") != std::string::npos);
  for (const char* path : {"/", "/pods", "/containerLogs", "/containerLogs/a/b", "/containerLogs/a/b/c/d",
                           "/containerLogs//b/c", "/exec/a/b", "/run/a/b/c", "/healthz/x"}) {
    INFO(path);
    CHECK(get(admin, path).status == 404);
  }
  const auto posted = admin.send({.method = "POST", .path = "/containerLogs/default/there/c"});
  CHECK(posted->status == 404);
}

TEST_CASE("kubelet api: logs take every option; errors have the status that says what they are") {
  KubeletApiRig rig;
  net::http::Client admin(rig.as("admin", {"system:masters"}));
  const Got text = get(admin,
                       "/containerLogs/default/there/c?timestamps=true&tailLines=7&limitBytes=9&sinceTime="
                       "2026-01-02T03:04:05.5Z");
  CHECK(text.status == 200);
  CHECK(text.body == "n2: default/there/c\n");
  {
    const std::lock_guard lock(rig.n2.mutex);
    CHECK(rig.n2.log_options.timestamps);
    CHECK(rig.n2.log_options.tail_lines == 7);
    CHECK(rig.n2.log_options.limit_bytes == 9);
    CHECK(base::format_rfc3339_micro(rig.n2.log_options.since.value()) == "2026-01-02T03:04:05.500000Z");
    CHECK(rig.n2.log_options.container == "c");
    CHECK_FALSE(rig.n2.log_options.follow);
  }
  CHECK(get(admin, "/containerLogs/default/there/c?sinceSeconds=60").status == 200);
  {
    const std::lock_guard lock(rig.n2.mutex);
    const auto ago = rig.clock.now() - rig.n2.log_options.since.value();
    CHECK((ago >= std::chrono::seconds(60) && ago < std::chrono::seconds(120)));
  }
  const Got gone = get(admin, "/containerLogs/default/gone/c");
  CHECK(gone.status == 404);
  CHECK(gone.body == "pod 'gone' not found on this node\n");
  CHECK(get(admin, "/containerLogs/default/there/c?previous=true").status == 400);
  for (const char* bad : {"tailLines=x", "tailLines=-1", "limitBytes=1.5", "sinceSeconds=-1", "sinceTime=yesterday",
                          "tailLines=99999999999999999999"}) {
    INFO(bad);
    CHECK(get(admin, std::string("/containerLogs/default/there/c?") + bad).status == 400);
  }
  CHECK(get(admin, "/containerLogs/default/broken/c").body ==
        "n2: default/broken/c\n\nerror: the log file is damaged\n");
}

TEST_CASE("kubelet api: an exec that cannot be one is refused before the upgrade") {
  KubeletApiRig rig;
  net::http::Client admin(rig.as("admin", {"system:masters"}));
  CHECK(get(admin, "/exec/default/there/c?output=1").body == "you must specify at least one command\n");
  CHECK(get(admin, "/exec/default/there/c?command=x").body ==
        "you must specify at least one of input, output, error\n");
  const Got plain = get(admin, "/exec/default/there/c?command=x&output=1");
  CHECK(plain.status == 400);
  CHECK(plain.body == "upgrade to WebSocket with v5.channel.k8s.io or v4.channel.k8s.io required\n");
}

namespace {

// Carries pods and services, as a worker's source does, and notes what is asked of it.
class NarrowSource final : public client::InformerSource {
 public:
  explicit NarrowSource(testing::FakeApi& api) : api_(api) {}
  client::Informer& informer(std::string_view resource) override {
    asked.emplace_back(resource);
    return api_.informer(resource);
  }
  client::Informer* find(std::string_view resource) override {
    return resource == "pods" || resource == "services" ? &informer(resource) : nullptr;
  }
  std::vector<std::string> asked;

 private:
  testing::FakeApi& api_;
};

}  // namespace

TEST_CASE("kubelet: what the informers do not carry is read through the client, and starts no informer") {
  const base::SystemClock clock;
  testing::FakeApi api(clock);
  api.put("configmaps", "default", json::parse(R"({"metadata":{"name":"m","namespace":"default"}})").value());
  api.put("services", "default", json::parse(R"({"metadata":{"name":"s","namespace":"default"}})").value());
  NarrowSource source(api);
  ApiReader reader(api, source, clock);
  CHECK(reader.get("configmaps", "default", "m").has_value());
  const auto none = reader.get("secrets", "default", "x");
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == Code::kNotFound);
  CHECK(source.asked.empty());
  CHECK(reader.get("services", "default", "s").has_value());
  CHECK(source.asked == std::vector<std::string>{"services"});
}

}  // namespace appliance::orchestrator::kubelet
