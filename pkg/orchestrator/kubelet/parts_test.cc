// The small pure parts: quantities, resources, environment, expansion, projections, hosts, auth, probe rule, log lines.
#include <catch2/catch.hpp>

#include "base/strings.h"
#include "orchestrator/kubelet/container_config.h"
#include "orchestrator/kubelet/env.h"
#include "orchestrator/kubelet/etc_files.h"
#include "orchestrator/kubelet/image_auth.h"
#include "orchestrator/kubelet/log_lines.h"
#include "orchestrator/kubelet/node_status.h"
#include "orchestrator/kubelet/probe.h"
#include "orchestrator/kubelet/projection.h"
#include "orchestrator/kubelet/quantity.h"
#include "orchestrator/kubelet/resources.h"

namespace appliance::orchestrator::kubelet {
namespace {

PodSpec pod_of(const std::string& spec, const std::string& metadata = {}) {
  auto document =
      json::parse(R"({"metadata":{"name":"p","namespace":"ns","uid":"u")" + metadata + R"(},"spec":)" + spec + "}");
  REQUIRE(document);
  auto pod = parse_pod(std::move(*document));
  REQUIRE(pod);
  return std::move(*pod);
}

TEST_CASE("quantity: suffixes, fractions and exponents, rounded up") {
  CHECK(quantity_millis("250m") == 250);
  CHECK(quantity_millis("0.1") == 100);
  CHECK(quantity_millis("2") == 2000);
  CHECK(quantity_millis("1500u") == 2);
  CHECK(quantity_units("1Ki") == 1024);
  CHECK(quantity_units("1.5Gi") == 1610612736);
  CHECK(quantity_units("128M") == 128000000);
  CHECK(quantity_units("1e3") == 1000);
  CHECK(quantity_units("100m") == 1);
  for (const auto* bad : {"", "m", "1x", "1..2", "-1", "9999999999Ei", "1e99", "Ki"}) {
    INFO(bad);
    CHECK_FALSE(quantity_units(bad));
  }
}

std::string limits(const std::string& requests, const std::string& limits_text) {
  return R"({"containers":[{"name":"a","image":"i","resources":{"requests":)" + requests + R"(,"limits":)" +
         limits_text + "}}]}";
}

TEST_CASE("resources: QoS classes, groups and the numbers of the runtime page") {
  const auto guaranteed = pod_of(limits(R"({"cpu":"500m","memory":"64Mi"})", R"({"cpu":"500m","memory":"64Mi"})"));
  const auto burstable = pod_of(limits(R"({"memory":"1Gi"})", "{}"));
  const auto best = pod_of(limits("{}", "{}"));
  CHECK(qos_of(guaranteed) == Qos::kGuaranteed);
  CHECK(qos_of(burstable) == Qos::kBurstable);
  CHECK(qos_of(best) == Qos::kBestEffort);
  CHECK(pod_cgroup(guaranteed, "kubepods") == "kubepods/podu");
  CHECK(pod_cgroup(burstable, "kubepods") == "kubepods/burstable/podu");
  CHECK(pod_cgroup(best, "kubepods-1") == "kubepods-1/besteffort/podu");
  const auto r = container_resources(guaranteed, guaranteed.app[0], 8LL << 30);
  CHECK(r.cpu_shares == 512);
  CHECK(r.cpu_quota_us == 50'000);
  CHECK(r.memory_limit_bytes == 64 << 20);
  CHECK(r.oom_score_adj == -997);
  CHECK(container_resources(best, best.app[0], 8LL << 30).oom_score_adj == 1000);
  CHECK(container_resources(best, best.app[0], 8LL << 30).cpu_shares == 2);
  CHECK(container_resources(burstable, burstable.app[0], 8LL << 30).oom_score_adj == 875);
  CHECK(pod_resources(burstable).memory_limit_bytes == 0);
  CHECK(pod_resources(guaranteed).memory_limit_bytes == 64 << 20);
}

TEST_CASE("env: expansion follows Kubernetes' rules") {
  const std::map<std::string, std::string> values{{"A", "1"}, {"B", "$(A)"}};
  CHECK(expand("$(A)", values) == "1");
  CHECK(expand("$$(A)", values) == "$(A)");
  CHECK(expand("$(NO) $(B) $", values) == "$(NO) $(A) $");
  CHECK(expand("$(A", values) == "$(A");
  CHECK(expand("$x$(A)$", values) == "$x1$");
}

Lookup objects() {
  return [](std::string_view resource, const std::string& name) -> Result<json::Value> {
    if (resource == "configmaps" && name == "cfg")
      return json::parse(R"({"data":{"k":"v","other":"o"},"binaryData":{"bin":"AAE="}})");
    if (resource == "secrets" && name == "sec") return json::parse(R"({"data":{"p":"c2VjcmV0"}})");
    return fail(Code::kNotFound, "not found");
  };
}

Result<std::vector<std::string>> env_of(const PodSpec& pod, const std::vector<ServiceView>& services = {}) {
  static const std::vector<std::string> image{"PATH=/bin", "A=image"};
  static const DownwardFacts facts{.pod_ip = "10.42.0.9", .host_ip = "192.0.2.1", .node_cpu_millis = 2000};
  static const Lookup lookup = objects();
  static const ServiceView api{.name = "kubernetes", .cluster_ip = "10.43.0.1", .ports = {{"https", 443, "TCP"}}};
  return build_env({.pod = pod,
                    .container = pod.app[0],
                    .facts = facts,
                    .lookup = lookup,
                    .services = services,
                    .kubernetes = &api,
                    .image_env = image});
}
bool has(const std::vector<std::string>& env, const std::string& entry) {
  return std::find(env.begin(), env.end(), entry) != env.end();
}

TEST_CASE("env: sources, references, links and precedence") {
  const auto pod = pod_of(
      R"x({"nodeName":"n1","serviceAccountName":"sa","containers":[{"name":"c","image":"i",
        "resources":{"limits":{"memory":"64Mi"}},
        "envFrom":[{"prefix":"P_","configMapRef":{"name":"cfg"}},{"secretRef":{"name":"none","optional":true}}],
        "env":[{"name":"A","value":"own"},{"name":"B","value":"$(A)-$(P_k)"},
          {"name":"S","valueFrom":{"secretKeyRef":{"name":"sec","key":"p"}}},
          {"name":"O","valueFrom":{"configMapKeyRef":{"name":"cfg","key":"no","optional":true}}},
          {"name":"IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},
          {"name":"L","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}},
          {"name":"M","valueFrom":{"resourceFieldRef":{"resource":"limits.memory","divisor":"1Mi"}}},
          {"name":"C","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu"}}}]
}]
})x",
      R"(,"labels":{"app":"web"})");
  const auto env = env_of(pod, {{.name = "my-db", .cluster_ip = "10.43.0.7", .ports = {{"pg", 5432, "TCP"}}}});
  REQUIRE(env);
  for (const auto* entry :
       {"PATH=/bin", "A=own", "B=own-v", "P_other=o", "S=secret", "IP=10.42.0.9", "L=web", "M=64", "C=2", "HOSTNAME=p",
        "KUBERNETES_SERVICE_HOST=10.43.0.1", "KUBERNETES_SERVICE_PORT=443", "KUBERNETES_PORT=tcp://10.43.0.1:443",
        "MY_DB_SERVICE_PORT_PG=5432", "MY_DB_PORT_5432_TCP_ADDR=10.43.0.7"}) {
    INFO(entry);
    CHECK(has(*env, entry));
  }
  for (const auto& entry : *env) CHECK_FALSE(entry.starts_with("O="));
}

TEST_CASE("env: what is missing is named as a kubelet names it") {
  const auto missing_map = env_of(pod_of(
      R"({"containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"x","key":"k"}}}]}]})"));
  REQUIRE_FALSE(missing_map);
  CHECK(missing_map.error().message == "configmap \"x\" not found");
  const auto missing_key = env_of(pod_of(
      R"({"containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"sec","key":"k"}}}]}]})"));
  REQUIRE_FALSE(missing_key);
  CHECK(missing_key.error().message == "couldn't find key k in Secret ns/sec");
}

TEST_CASE("container config: command and args against the image, users, no_new_privs") {
  const auto argv = [](const std::string& extra) {
    const auto pod = pod_of(R"({"containers":[{"name":"c","image":"i")" + extra + "}]}");
    runtime::image::Image image;
    image.id = "sha256:1";
    image.config.entrypoint = {"/e"};
    image.config.cmd = {"cmd"};
    image.config.user = "1000:2000";
    static const DownwardFacts facts;
    static const Lookup lookup = objects();
    static const std::vector<ServiceView> none;
    static const std::vector<std::string> no_env;
    const EnvInput env{pod, pod.app[0], facts, lookup, none, nullptr, no_env};
    return container_config({.pod = pod, .container = pod.app[0], .image = image, .env = env, .mounts = {}});
  };
  CHECK(argv("")->command == std::vector<std::string>{"/e", "cmd"});
  CHECK(argv(R"(,"args":["a"])")->command == std::vector<std::string>{"/e", "a"});
  CHECK(argv(R"(,"command":["/c"])")->command == std::vector<std::string>{"/c"});
  CHECK(argv(R"x(,"command":["/c"],"args":["$(HOSTNAME)"])x")->command == std::vector<std::string>{"/c", "p"});
  CHECK(argv("")->security.run_as_user == 1000);
  CHECK(argv("")->security.run_as_group == 2000);
  CHECK(argv(R"(,"securityContext":{"runAsUser":0})")->security.run_as_user == 0);
  CHECK(argv("")->security.no_new_privs);
  CHECK_FALSE(argv(R"(,"securityContext":{"allowPrivilegeEscalation":true})")->security.no_new_privs);
  CHECK_FALSE(argv(R"(,"securityContext":{"runAsNonRoot":true,"runAsUser":0})"));
}

TEST_CASE("projection: items, modes, optional sources, and paths that lead out are refused") {
  const auto pod = pod_of(R"({"containers":[{"name":"c","image":"i"}]})");
  const DownwardFacts facts;
  const Lookup lookup = objects();
  const ProjectionInput in{pod, facts, lookup,
                           [](const TokenRequest& r) -> Result<std::string> { return "token for " + r.audience; }};
  const auto files = [&](const std::string& text) { return project(*json::parse(text), in); };
  const auto all = files(R"({"name":"v","configMap":{"name":"cfg","defaultMode":256}})");
  REQUIRE(all);
  CHECK(all->at("k").bytes == "v");
  CHECK(all->at("k").mode == 0400);
  CHECK(all->at("bin").bytes == std::string("\0\1", 2));
  const auto some =
      files(R"({"name":"v","secret":{"secretName":"sec","items":[{"key":"p","path":"a/b","mode":384}]}})");
  REQUIRE(some);
  CHECK(some->size() == 1);
  CHECK(some->at("a/b") == ProjectedFile{"secret", 0600});
  CHECK(files(R"({"name":"v","configMap":{"name":"none","optional":true}})")->empty());
  CHECK(files(R"({"name":"v","configMap":{"name":"none"}})").error().message == "configmap \"none\" not found");
  for (const auto* path : {"../x", "/x", "a//b", "a/../../b", ""}) {
    INFO(path);
    CHECK_FALSE(files(R"({"name":"v","configMap":{"name":"cfg","items":[{"key":"k","path":")" + std::string(path) +
                      R"("}]}})"));
  }
  const auto mixed = files(
      R"({"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"token","audience":"x"}},
          {"downwardAPI":{"items":[{"path":"ns","fieldRef":{"fieldPath":"metadata.namespace"}}]}}]}})");
  REQUIRE(mixed);
  CHECK(mixed->at("token").bytes == "token for x");
  CHECK(mixed->at("ns").bytes == "ns");
}

TEST_CASE("etc: the hosts file") {
  const auto pod = pod_of(
      R"({"hostname":"h","subdomain":"sub","hostAliases":[{"ip":"1.2.3.4","hostnames":["a","b"]}],"containers":[{"name":"c","image":"i"}]})");
  const auto text = hosts_file(pod, "10.42.0.5", "", "cluster.local");
  CHECK(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  CHECK(text.find("10.42.0.5\th.sub.ns.svc.cluster.local\th\n") != std::string::npos);
  CHECK(text.find("# Entries added by HostAliases.\n1.2.3.4\ta\tb\n") != std::string::npos);
}

TEST_CASE("image auth: the entry of the registry is found in its many spellings") {
  const auto auths = [](const std::string& key, const std::string& registry) {
    const json::Value secret(json::Object{
        {"data", json::Object{{".dockerconfigjson", base::base64(R"({"auths":{")" + key + R"(":{"auth":")" +
                                                                 base::base64("u:p:q") + R"("}}})")}}}});
    return auths_for(secret, {.registry = registry, .repository = "team/app", .tag = "1", .digest = {}});
  };
  REQUIRE(auths("r.example:5000", "r.example:5000").size() == 1);
  CHECK(auths("r.example:5000", "r.example:5000")[0].username == "u");
  CHECK(auths("r.example:5000", "r.example:5000")[0].password == "p:q");
  CHECK(auths("https://index.docker.io/v1/", "docker.io").size() == 1);
  CHECK(auths("r.example/team", "r.example").size() == 1);
  CHECK(auths("*.example", "r.example").size() == 1);
  CHECK(auths("r.example/other", "r.example").empty());
  CHECK(auths("r.example", "r.example.evil").empty());
  CHECK(auths_for(json::Value(nullptr), {}).empty());
}

TEST_CASE("probe: verdicts change at their thresholds") {
  Probe probe;
  probe.failure_threshold = 3;
  probe.success_threshold = 2;
  ProbeState s;
  s = step(probe, s, false);
  s = step(probe, s, false);
  CHECK_FALSE(s.verdict);
  s = step(probe, s, false);
  CHECK(s.verdict == false);
  s = step(probe, s, true);
  CHECK(s.verdict == false);
  s = step(probe, s, true);
  CHECK(s.verdict == true);
  s = step(probe, s, false);
  s = step(probe, s, true);
  CHECK(s.verdict == true);
}

TEST_CASE("log lines: partial pieces join, since and limits cut, timestamps stand once per line") {
  client::LogOptions options;
  options.timestamps = true;
  LogFilter filter(options);
  CHECK(filter.take("2026-01-02T03:04:05.000000001Z stdout P ab") == "2026-01-02T03:04:05.000000001Z ab");
  CHECK(filter.take("2026-01-02T03:04:05.000000002Z stdout F c d") == "c d\n");
  CHECK(filter.take("2026-01-02T03:04:05.000000003Z stderr F ") == "2026-01-02T03:04:05.000000003Z \n");
  CHECK(filter.take("rubbish").empty());
  client::LogOptions limited;
  limited.limit_bytes = 3;
  limited.since = *base::parse_rfc3339("2026-01-02T03:04:06Z");
  LogFilter second(limited);
  CHECK(second.take("2026-01-02T03:04:05Z stdout F old").empty());
  CHECK(second.take("2026-01-02T03:04:06Z stdout F new!") == "new");
  CHECK(second.finished());
}

TEST_CASE("node status: Ready, pressures, addresses and transition times") {
  Machine machine;
  machine.architecture = "amd64";
  machine.cpus = 4;
  machine.memory_bytes = 8LL << 30;
  machine.memory_available_bytes = 4LL << 30;
  machine.disk_bytes = 1000;
  machine.disk_available_bytes = 10;
  const std::vector<runtime::image::Image> images;
  NodeInput in{.machine = machine,
               .name = "n1",
               .ip = "192.0.2.1",
               .version = "v1",
               .not_ready = {},
               .pod_cidr = {},
               .now = base::WallTime(std::chrono::seconds(100)),
               .images = images};
  const auto first = node_status(in, nullptr);
  const auto condition = [](const json::Value& status, std::string_view type, std::string_view key) {
    for (const auto& c : json::array_at(status, {"conditions"}))
      if (json::string_at(c, {"type"}) == type) return std::string(json::string_at(c, {key}));
    return std::string("absent");
  };
  CHECK(condition(first, "Ready", "status") == "True");
  CHECK(condition(first, "DiskPressure", "status") == "True");
  CHECK(condition(first, "MemoryPressure", "status") == "False");
  in.now = base::WallTime(std::chrono::seconds(200));
  const auto second = node_status(in, first);
  CHECK(condition(second, "Ready", "lastTransitionTime") == condition(first, "Ready", "lastTransitionTime"));
  CHECK(same_node_status(first, second));
  in.not_ready = "why";
  const auto third = node_status(in, second);
  CHECK(condition(third, "Ready", "message") == "why");
  CHECK_FALSE(same_node_status(second, third));
}

}  // namespace
}  // namespace appliance::orchestrator::kubelet
