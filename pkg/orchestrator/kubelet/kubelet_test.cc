// The kubelet as a whole against a runtime, an API and a network in memory; files are real, in a temporary folder.
#include "orchestrator/kubelet/kubelet.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>

#include "base/fs.h"
#include "orchestrator/kubelet/testing/fake_api.h"
#include "runtime/cri/fake_image_store.h"
#include "runtime/cri/fake_runtime.h"

namespace appliance::orchestrator::kubelet {
namespace {

using runtime::cri::FakeImageStore;
using runtime::cri::FakeRuntime;
using testing::FakeApi;
using testing::FakeNet;

bool eventually(const std::function<bool()>& holds, std::chrono::seconds within = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    (void)::poll(nullptr, 0, 2);
  }
  return true;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/kubelet-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { (void)base::remove_tree(path); }
  std::string path;
};

std::unique_ptr<FakeImageStore> images() {
  auto out = std::make_unique<FakeImageStore>();
  runtime::image::Image image;
  image.id = "sha256:aa";
  image.repo_tags = {"docker.io/library/web:1"};
  image.repo_digests = {"docker.io/library/web@sha256:bb"};
  image.config.entrypoint = {"/web"};
  out->add_local(image);
  image.id = "sha256:cc";
  image.repo_tags = {"docker.io/library/far:1"};
  out->add_remote(image);
  return out;
}

struct Rig {
  Rig() : runtime(std::make_unique<FakeRuntime>(clock, images())) {}
  ~Rig() { stop(); }

  void start() {
    Options options;
    options.node_name = "n1";
    options.node_ip = "192.0.2.1";
    options.data_dir = folder.path;
    options.run_dir = folder.path + "/run";
    options.pod_log_root = folder.path + "/log";
    options.container_log_links = folder.path + "/links";
    options.cluster_dns = "10.43.0.10";
    options.workers = 4;
    options.lease_duration = lease_duration;
    kubelet = std::make_unique<Kubelet>(options, api, api, *runtime, net, clock, random, base::Log(), metrics);
    REQUIRE(kubelet->start());
  }
  void stop() {
    if (kubelet) kubelet->stop();
    kubelet.reset();
  }
  void pod(const std::string& name, const std::string& spec_extra = {}, const std::string& container_extra = {}) {
    const std::string text =
        R"({"metadata":{"name":")" + name + R"(","uid":"u-)" + name +
        R"("},"spec":{"nodeName":"n1","restartPolicy":"Always","terminationGracePeriodSeconds":1)" + spec_extra +
        R"(,"containers":[{"name":"web","image":"web:1")" + container_extra +
        R"(}]},"status":{"phase":"Pending","qosClass":"BestEffort"}})";
    auto document = json::parse(text);
    REQUIRE(document);
    api.put("pods", "default", *document);
  }
  json::Value status(const std::string& name) {
    const auto document = api.must_get("pods", "default", name);
    const auto* found = json::find(document, {"status"});
    return found == nullptr ? json::Value(nullptr) : *found;
  }
  json::Value container(const std::string& name) {
    const auto now = status(name);
    const auto& list = json::array_at(now, {"containerStatuses"});
    return list.empty() ? json::Value(nullptr) : list.front();
  }
  bool ready(const std::string& name) {
    const auto now = status(name);
    for (const auto& c : json::array_at(now, {"conditions"}))
      if (json::string_at(c, {"type"}) == "Ready") return json::string_at(c, {"status"}) == "True";
    return false;
  }
  bool calls_have(const std::string& what) const {
    for (const auto& call : runtime->calls())
      if (call.starts_with(what)) return true;
    return false;
  }

  std::chrono::seconds lease_duration = Options().lease_duration;
  Folder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
  FakeApi api{clock};
  FakeNet net;
  std::unique_ptr<FakeRuntime> runtime;
  std::unique_ptr<Kubelet> kubelet;
};

TEST_CASE("kubelet: a bound pod runs, is reported ready in one write, and goes with its object") {
  Rig rig;
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  const auto status = rig.status("web");
  CHECK(json::string_at(status, {"phase"}) == "Running");
  CHECK(json::string_at(status, {"hostIP"}) == "192.0.2.1");
  CHECK(json::string_at(status, {"podIP"}).starts_with("10.42.0."));
  const auto container = rig.container("web");
  CHECK(json::string_at(container, {"containerID"}) == "appliance://" + rig.runtime->container_named("web"));
  CHECK(json::string_at(container, {"image"}) == "docker.io/library/web:1");
  CHECK(json::string_at(container, {"imageID"}) == "docker.io/library/web@sha256:bb");
  CHECK(json::bool_at(container, {"started"}));
  CHECK(rig.api.status_patches() == 1);
  const auto config = rig.runtime->container_config(rig.runtime->container_named("web"));
  CHECK(config.command == std::vector<std::string>{"/web"});
  CHECK(config.log_path == "web/0.log");

  REQUIRE(rig.api.remove("pods", {"default", "web"}, {}));
  CHECK(eventually([&] { return rig.api.must_get("pods", "default", "web").is_null(); }));
  CHECK(eventually([&] { return rig.runtime->list_sandboxes()->empty(); }));
  CHECK(eventually([&] { return rig.net.attached() == 0; }));
  CHECK(eventually([&] { return ::access((rig.folder.path + "/pods/u-web").c_str(), F_OK) != 0; }));
}

TEST_CASE("kubelet: the node registers, is ready and holds its lease") {
  Rig rig;
  rig.start();
  REQUIRE(eventually([&] { return rig.kubelet->node_ready(); }));
  const auto node = rig.api.must_get("nodes", "", "n1");
  CHECK(json::string_at(node, {"metadata", "labels", "kubernetes.io/hostname"}) == "n1");
  CHECK(json::object_at(node, {"status", "nodeInfo"}).size() == 10);
  CHECK(json::string_at(node, {"status", "capacity", "pods"}) == "110");
  REQUIRE(
      eventually([&] { return !rig.api.must_get("leases.coordination.k8s.io", "kube-node-lease", "n1").is_null(); }));
}

TEST_CASE("kubelet: a Node that was deleted is registered again at the next heartbeat") {
  Rig rig;
  rig.lease_duration = std::chrono::seconds(1);
  rig.start();
  REQUIRE(eventually([&] { return rig.kubelet->node_ready(); }));
  const auto before = rig.api.must_get("nodes", "", "n1");
  rig.api.vanish("nodes", {"", "n1"});
  REQUIRE(eventually([&] {
    const auto node = rig.api.must_get("nodes", "", "n1");
    return !json::array_at(node, {"status", "conditions"}).empty();
  }));
  const auto node = rig.api.must_get("nodes", "", "n1");
  CHECK(json::string_at(node, {"metadata", "uid"}) != json::string_at(before, {"metadata", "uid"}));
  CHECK(json::string_at(node, {"metadata", "labels", "kubernetes.io/hostname"}) == "n1");
}

TEST_CASE("kubelet: a container that ends runs again and its count goes up") {
  Rig rig;
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  rig.runtime->exit(rig.runtime->container_named("web"), 3);
  REQUIRE(eventually([&] { return json::int_at(rig.container("web"), {"restartCount"}) == 1 && rig.ready("web"); }));
  CHECK(json::int_at(rig.container("web"), {"lastState", "terminated", "exitCode"}) == 3);
  rig.runtime->exit(rig.runtime->container_named("web"), 3);  // the second failure waits ten seconds
  REQUIRE(eventually(
      [&] { return json::string_at(rig.container("web"), {"state", "waiting", "reason"}) == "CrashLoopBackOff"; }));
  CHECK(json::string_at(rig.container("web"), {"state", "waiting", "message"}) ==
        "back-off 10s restarting failed container=web pod=web_default(u-web)");
}

TEST_CASE("kubelet: a restart of the server adopts what runs and touches nothing (1.6)") {
  Rig rig;
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  const std::string before = rig.runtime->container_named("web");
  const auto status = rig.status("web");
  rig.stop();
  const size_t calls = rig.runtime->calls().size();
  rig.start();
  rig.pod("second");
  REQUIRE(eventually([&] { return rig.ready("second"); }));
  REQUIRE(eventually([&] { return rig.kubelet->node_ready(); }));
  const auto all = rig.runtime->calls();
  for (size_t i = calls; i < all.size(); ++i) {
    CHECK(all[i].find("stop_") == std::string::npos);
    CHECK(all[i].find("remove_") == std::string::npos);
    CHECK(all[i] != "start_container " + before);
  }
  CHECK(rig.status("web") == status);
}

TEST_CASE("kubelet: after a reboot pods come back with one more restart (1.7)") {
  Rig rig;
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  rig.stop();
  rig.runtime = std::make_unique<FakeRuntime>(rig.clock, images());  // the run folder is wiped
  rig.start();
  REQUIRE(eventually([&] { return json::int_at(rig.container("web"), {"restartCount"}) == 1 && rig.ready("web"); }));
  CHECK(json::string_at(rig.container("web"), {"lastState", "terminated", "reason"}) == "ContainerStatusUnknown");
  CHECK(rig.runtime->container_config(rig.runtime->container_named("web")).attempt == 1);
}

TEST_CASE("kubelet: a pod whose object vanished while the server was down is torn down") {
  Rig rig;
  rig.start();
  rig.pod("web");
  rig.pod("stays");
  REQUIRE(eventually([&] { return rig.ready("web") && rig.ready("stays"); }));
  rig.stop();
  rig.api.vanish("pods", {"default", "web"});
  rig.start();
  REQUIRE(eventually([&] { return rig.runtime->list_sandboxes()->size() == 1; }));
  CHECK(rig.runtime->list_sandboxes()->front().config.name == "stays");
  CHECK(rig.ready("stays"));
}

TEST_CASE("kubelet: a missing ConfigMap is named, and the pod starts as soon as it is there") {
  Rig rig;
  rig.start();
  rig.pod("web", {}, R"(,"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"cfg","key":"a"}}}])");
  REQUIRE(eventually([&] {
    return json::string_at(rig.container("web"), {"state", "waiting", "reason"}) == "CreateContainerConfigError";
  }));
  CHECK(json::string_at(rig.container("web"), {"state", "waiting", "message"}) == "configmap \"cfg\" not found");
  rig.api.put("configmaps", "default", *json::parse(R"({"metadata":{"name":"cfg"},"data":{"a":"1"}})"));
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  const auto env = rig.runtime->container_config(rig.runtime->container_named("web")).env;
  CHECK(std::find(env.begin(), env.end(), "A=1") != env.end());
}

TEST_CASE("kubelet: an image is pulled when absent, and a failed pull says why") {
  Rig rig;
  rig.start();
  rig.pod("far", {}, R"(,"x":1)");
  auto document = rig.api.must_get("pods", "default", "far");
  rig.api.vanish("pods", {"default", "far"});
  auto parsed = json::parse(
      R"({"metadata":{"name":"p","uid":"u-p"},"spec":{"nodeName":"n1","containers":[{"name":"web","image":"far:1"}]}})");
  rig.api.put("pods", "default", *parsed);
  REQUIRE(eventually([&] { return rig.ready("p"); }));
  parsed = json::parse(
      R"({"metadata":{"name":"q","uid":"u-q"},"spec":{"nodeName":"n1","containers":[{"name":"web","image":"none:1"}]}})");
  rig.api.put("pods", "default", *parsed);
  REQUIRE(eventually(
      [&] { return json::string_at(rig.container("q"), {"state", "waiting", "reason"}) == "ErrImagePull"; }));
  REQUIRE(eventually(
      [&] { return json::string_at(rig.container("q"), {"state", "waiting", "reason"}) == "ImagePullBackOff"; }));
}

TEST_CASE("kubelet: a projected token volume is written, bound and asked for once") {
  Rig rig;
  rig.api.put("configmaps", "default",
              *json::parse(R"({"metadata":{"name":"kube-root-ca.crt"},"data":{"ca.crt":"CA"}})"));
  rig.start();
  rig.pod(
      "web",
      R"(,"volumes":[{"name":"api","projected":{"defaultMode":420,"sources":[
              {"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
              {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
              {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"fieldPath":"metadata.namespace"}}]}}]}}])",
      R"(,"volumeMounts":[{"name":"api","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount","readOnly":true}])");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  const std::string dir = rig.folder.path + "/pods/u-web/volumes/api/";
  CHECK(base::read_file(dir + "token").value() == "token-1");
  CHECK(base::read_file(dir + "ca.crt").value() == "CA");
  CHECK(base::read_file(dir + "namespace").value() == "default");
  CHECK(rig.api.tokens_issued() == 1);
  rig.api.put("configmaps", "default",
              *json::parse(R"({"metadata":{"name":"kube-root-ca.crt"},"data":{"ca.crt":"C2"}})"));
  CHECK(eventually([&] { return base::read_file(dir + "ca.crt").value_or("") == "C2"; }));
}

TEST_CASE("kubelet: a failed sandbox is retried and the event says why") {
  Rig rig;
  rig.runtime->fail_next("run_sandbox", {.code = Code::kInternal, .message = "no room"});
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  REQUIRE(eventually([&] {
    const auto events = rig.api.list("events", "default", {});
    for (const auto& e : json::array_at(*events, {"items"}))
      if (json::string_at(e, {"reason"}) == "FailedCreatePodSandBox")
        return json::string_at(e, {"message"}) == "Failed to create pod sandbox: no room";
    return false;
  }));
}

TEST_CASE("kubelet: a pod that must not restart succeeds and gives its sandbox back") {
  Rig rig;
  rig.start();
  auto parsed = json::parse(
      R"({"metadata":{"name":"job","uid":"u-job"},"spec":{"nodeName":"n1","restartPolicy":"Never","containers":[{"name":"web","image":"web:1"}]}})");
  rig.api.put("pods", "default", *parsed);
  REQUIRE(eventually([&] { return rig.ready("job"); }));
  rig.runtime->exit(rig.runtime->container_named("web"), 0);
  REQUIRE(eventually([&] { return json::string_at(rig.status("job"), {"phase"}) == "Succeeded"; }));
  CHECK(eventually([&] { return rig.runtime->list_sandboxes()->empty(); }));
  CHECK(json::string_at(rig.container("job"), {"state", "terminated", "reason"}) == "Completed");
  rig.stop();
  rig.start();
  rig.pod("other");
  REQUIRE(eventually([&] { return rig.ready("other"); }));
  CHECK(json::string_at(rig.status("job"), {"phase"}) == "Succeeded");
  CHECK(json::int_at(rig.container("job"), {"restartCount"}) == 0);
}

TEST_CASE("kubelet: a failing liveness probe restarts the container") {
  std::atomic<bool> healthy{false};  // outlives the probes that read it
  Rig rig;
  rig.runtime->script_exec(
      [&](const std::string&, const std::vector<std::string>&) -> Result<runtime::cri::ExecResult> {
        return runtime::cri::ExecResult{.exit_code = healthy ? 0 : 1, .stdout_text = "sick", .stderr_text = {}};
      });
  rig.start();
  rig.pod("web", {}, R"(,"livenessProbe":{"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":1})");
  REQUIRE(eventually([&] { return json::int_at(rig.container("web"), {"restartCount"}) >= 1; }));
  healthy = true;
  REQUIRE(eventually([&] {
    const auto events = rig.api.list("events", "default", {});
    bool killing = false;
    bool unhealthy = false;
    for (const auto& e : json::array_at(*events, {"items"})) {
      killing = killing || json::string_at(e, {"message"}) == "Container web failed liveness probe, will be restarted";
      unhealthy = unhealthy || json::string_at(e, {"message"}) == "Liveness probe failed: sick";
    }
    return killing && unhealthy;
  }));
}

TEST_CASE("kubelet: a pod is not ready before its readiness probe passes") {
  std::atomic<bool> healthy{false};  // outlives the probes that read it
  Rig rig;
  rig.runtime->script_exec(
      [&](const std::string&, const std::vector<std::string>&) -> Result<runtime::cri::ExecResult> {
        return runtime::cri::ExecResult{.exit_code = healthy ? 0 : 1, .stdout_text = {}, .stderr_text = {}};
      });
  rig.start();
  rig.pod("web", {}, R"(,"readinessProbe":{"exec":{"command":["check"]},"periodSeconds":1})");
  REQUIRE(eventually([&] { return json::string_at(rig.status("web"), {"phase"}) == "Running"; }));
  CHECK_FALSE(rig.ready("web"));
  healthy = true;
  CHECK(eventually([&] { return rig.ready("web"); }));
}

TEST_CASE("kubelet: stop_all_pods stops every container and leaves the objects") {
  Rig rig;
  rig.start();
  rig.pod("a");
  rig.pod("b");
  REQUIRE(eventually([&] { return rig.ready("a") && rig.ready("b"); }));
  REQUIRE(rig.kubelet->stop_all_pods(std::chrono::seconds(10)));
  CHECK(rig.runtime->list_sandboxes()->empty());
  CHECK(rig.net.attached() == 0);
  CHECK(rig.calls_have("stop_container"));
  CHECK_FALSE(rig.api.must_get("pods", "default", "a").is_null());
  rig.stop();
  rig.start();  // `up` again
  CHECK(eventually([&] { return json::int_at(rig.container("a"), {"restartCount"}) == 1 && rig.ready("a"); }));
}

struct TextSink final : client::ByteSink {
  bool write(std::string bytes) override {
    const std::lock_guard lock(mutex);
    text += bytes;
    return true;
  }
  void finish(std::optional<Error> e) override {
    const std::lock_guard lock(mutex);
    error = std::move(e);
    finished = true;
  }
  bool closed() const override { return false; }
  size_t bytes_queued() const override { return 0; }
  std::string now() {
    const std::lock_guard lock(mutex);
    return text;
  }
  bool done() {
    const std::lock_guard lock(mutex);
    return finished;
  }
  std::mutex mutex;
  std::string text;
  bool finished = false;
  std::optional<Error> error;
};

TEST_CASE("kubelet: logs follow the running container until it ends") {
  Rig rig;
  rig.start();
  rig.pod("web", R"(,"restartPolicy":"Never")");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  const std::string file = rig.folder.path + "/log/default_web_u-web/web/0.log";
  REQUIRE(base::make_dirs(file.substr(0, file.rfind('/'))));
  REQUIRE(base::write_file(file, "2026-01-02T03:04:05.000000001Z stdout F one\n"));
  auto sink = std::make_shared<TextSink>();
  client::LogOptions options;
  options.follow = true;
  REQUIRE(rig.kubelet->streams().logs("default", "web", options, sink));
  REQUIRE(eventually([&] { return sink->now() == "one\n"; }));
  REQUIRE(base::write_file(file,
                           "2026-01-02T03:04:05.000000001Z stdout F one\n2026-01-02T03:04:06.000000001Z stdout P tw\n"
                           "2026-01-02T03:04:06.000000002Z stdout F o\n"));
  CHECK(eventually([&] { return sink->now() == "one\ntwo\n"; }));
  rig.runtime->exit(rig.runtime->container_named("web"), 0);
  CHECK(eventually([&] { return sink->done(); }));
}

TEST_CASE("kubelet: logs of a pod that can't start say what it waits for") {
  Rig rig;
  rig.start();
  rig.pod("web", {}, R"(,"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"cfg","key":"a"}}}])");
  REQUIRE(eventually([&] { return !rig.container("web").is_null(); }));
  auto sink = std::make_shared<TextSink>();
  const auto answer = rig.kubelet->streams().logs("default", "web", {}, sink);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "container \"web\" in pod \"web\" is waiting to start: CreateContainerConfigError");
  const auto none = rig.kubelet->streams().logs("default", "web", {.container = "x"}, sink);
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "container x is not valid for pod web");
}

struct Terminal final : client::ExecPeer {
  bool on_stdout(std::string bytes) override {
    const std::lock_guard lock(mutex);
    out += bytes;
    return true;
  }
  bool on_stderr(std::string bytes) override {
    const std::lock_guard lock(mutex);
    err += bytes;
    return true;
  }
  void on_exit(int exit_code) override {
    const std::lock_guard lock(mutex);
    code = exit_code;
  }
  void on_error(const Error& e) override {
    const std::lock_guard lock(mutex);
    error = e;
  }
  size_t bytes_queued() const override { return 0; }
  std::optional<int> exit_code() {
    const std::lock_guard lock(mutex);
    return code;
  }
  std::mutex mutex;
  std::string out;
  std::string err;
  std::optional<int> code;
  std::optional<Error> error;
};

TEST_CASE("kubelet: exec delivers all output before the exit code") {
  Rig rig;
  rig.runtime->script_exec(
      [](const std::string&, const std::vector<std::string>& command) -> Result<runtime::cri::ExecResult> {
        return runtime::cri::ExecResult{.exit_code = 7, .stdout_text = command.at(0), .stderr_text = "oops"};
      });
  rig.start();
  rig.pod("web");
  REQUIRE(eventually([&] { return rig.ready("web"); }));
  auto peer = std::make_shared<Terminal>();
  client::ExecRequest request;
  request.ns = "default";
  request.pod = "web";
  request.command = {"hello"};
  const auto session = rig.kubelet->streams().exec(request, peer);
  REQUIRE(session);
  REQUIRE(eventually([&] { return peer->exit_code().has_value(); }));
  CHECK(peer->exit_code() == 7);
  CHECK(peer->out == "hello");
  CHECK(peer->err == "oops");
  request.attach = true;
  CHECK(rig.kubelet->streams().exec(request, peer).error().code == Code::kUnimplemented);
  request.attach = false;
  request.pod = "none";
  CHECK(rig.kubelet->streams().exec(request, peer).error().code == Code::kNotFound);
}

TEST_CASE("kubelet: fifty pods at once all come up and go") {
  Rig rig;
  rig.start();
  for (int i = 0; i < 50; ++i) rig.pod("p" + std::to_string(i));
  REQUIRE(eventually([&] {
    for (int i = 0; i < 50; ++i)
      if (!rig.ready("p" + std::to_string(i))) return false;
    return true;
  }));
  for (int i = 0; i < 50; ++i) REQUIRE(rig.api.remove("pods", {"default", "p" + std::to_string(i)}, {}));
  REQUIRE(eventually([&] { return rig.runtime->list_sandboxes()->empty() && rig.net.attached() == 0; }));
  CHECK(eventually([&] { return json::array_at(*rig.api.list("pods", "default", {}), {"items"}).empty(); }));
}

}  // namespace
}  // namespace appliance::orchestrator::kubelet
