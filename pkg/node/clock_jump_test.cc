// A wall clock that jumps by an hour, forwards and back, as after a suspend or by the first NTP step (issue 1.9): the
// kubelet and the node lifecycle controller, the two that could take it for time that has passed, against runtime, API
// and network in memory.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>

#include "base/fs.h"
#include "orchestrator/controllers/node_lifecycle.h"
#include "orchestrator/kubelet/kubelet.h"
#include "orchestrator/kubelet/testing/fake_api.h"
#include "runtime/cri/fake_image_store.h"
#include "runtime/cri/fake_runtime.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace std::chrono_literals;

namespace {

// Time passes as it does; the wall may be moved.
class JumpingClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override { return system_.now() + base::Nanos(offset_.load()); }
  [[nodiscard]] base::MonoTime monotonic() const override { return system_.monotonic(); }
  void jump(base::Nanos by) { offset_ += by.count(); }

 private:
  base::SystemClock system_;
  std::atomic<long long> offset_{0};
};

struct Folder {
  Folder() {
    char name[] = "/tmp/clock-jump-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { (void)base::remove_tree(path); }
  std::string path;
};

std::unique_ptr<runtime::cri::FakeImageStore> images() {
  auto out = std::make_unique<runtime::cri::FakeImageStore>();
  runtime::image::Image image;
  image.id = "sha256:aa";
  image.repo_tags = {"docker.io/library/web:1"};
  image.config.entrypoint = {"/web"};
  out->add_local(image);
  return out;
}

// The cluster in small: time-outs of a few seconds, so that a jump of an hour is far beyond each.
struct Cluster {
  Cluster() {
    runtime.script_exec([this](const std::string&, const std::vector<std::string>&) {
      ++probes;
      return Result<runtime::cri::ExecResult>(runtime::cri::ExecResult{});
    });
    kubelet::Options options;
    options.node_name = "n1";
    options.node_ip = "192.0.2.1";
    options.data_dir = folder.path;
    options.run_dir = folder.path + "/run";
    options.pod_log_root = folder.path + "/log";
    options.container_log_links = folder.path + "/links";
    options.lease_duration = 4s;  // renewed every second
    agent = std::make_unique<kubelet::Kubelet>(options, api, api, runtime, net, clock, random, base::Log(), metrics);
    REQUIRE(agent->start());
  }
  ~Cluster() { agent->stop(); }

  void add(const std::string& name) {
    auto document = json::parse(
        R"({"metadata":{"name":")" + name + R"(","uid":"u-)" + name +
        R"("},"spec":{"nodeName":"n1","restartPolicy":"Always","terminationGracePeriodSeconds":1,"tolerations":[],)"
        R"("containers":[{"name":"c","image":"web:1",)"
        R"("livenessProbe":{"exec":{"command":["live"]},"periodSeconds":1,"failureThreshold":1},)"
        R"("readinessProbe":{"exec":{"command":["ready"]},"periodSeconds":1,"failureThreshold":1}}]},)"
        R"("status":{"phase":"Pending","qosClass":"BestEffort"}})");
    REQUIRE(document);
    api.put("pods", "default", *document);
  }
  bool is(const char* resource, const char* ns, const std::string& name, std::string_view wanted) {
    const auto object = api.must_get(resource, ns, name);
    for (const auto& c : json::array_at(object, {"status", "conditions"}))
      if (json::string_at(c, {"type"}) == "Ready") return json::string_at(c, {"status"}) == wanted;
    return false;
  }
  std::string renewed() {
    return std::string(
        json::string_at(api.must_get("leases.coordination.k8s.io", "kube-node-lease", "n1"), {"spec", "renewTime"}));
  }
  // The controller looks as often as it can; it may find fault at any moment.
  bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
      REQUIRE(lifecycle->reconcile({"", "n1"}, context));
      if (std::chrono::steady_clock::now() > end) return false;
      (void)::poll(nullptr, 0, 5);
    }
    return true;
  }

  Folder folder;
  JumpingClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
  kubelet::testing::FakeApi api{clock};
  kubelet::testing::FakeNet net;
  runtime::cri::FakeRuntime runtime{clock, images()};
  std::atomic<int> probes{0};
  controllers::Context context{api, api, clock, random, {}};
  std::unique_ptr<controllers::Reconciler> lifecycle =
      controllers::make_node_lifecycle_controller({.monitor_grace_period = 10s});
  std::unique_ptr<kubelet::Kubelet> agent;
};

}  // namespace

TEST_CASE("clock: a wall clock that jumps by an hour restarts no pod, fails no probe and loses no node") {
  Cluster c;
  // A pod that tolerates nothing would leave a node that is not ready yet, or no more.
  REQUIRE(c.eventually([&] { return c.is("nodes", "", "n1", "True"); }));
  REQUIRE(c.eventually([&] { return json::array_at(c.api.must_get("nodes", "", "n1"), {"spec", "taints"}).empty(); }));
  c.add("old");
  REQUIRE(c.eventually([&] { return c.is("pods", "default", "old", "True"); }));
  const std::string container = c.runtime.container_named("c");
  int round = 0;
  for (const auto jump : {1h, -2h, 1h}) {
    INFO("jump by " << jump.count() << " h");
    c.clock.jump(jump);
    // Probes, heartbeats and the controller go on for several of their own periods.
    for (int i = 0; i < 3; ++i) {
      const int probes = c.probes;
      const std::string lease = c.renewed();
      REQUIRE(c.eventually([&] { return c.probes >= probes + 2 && c.renewed() != lease; }));
      CHECK(c.is("pods", "default", "old", "True"));
      CHECK(c.is("nodes", "", "n1", "True"));
    }
    const auto pod = c.api.must_get("pods", "default", "old");
    CHECK(json::string_at(pod, {"metadata", "deletionTimestamp"}).empty());
    REQUIRE(json::array_at(pod, {"status", "containerStatuses"}).size() == 1);
    const auto& status = json::array_at(pod, {"status", "containerStatuses"})[0];
    CHECK(json::int_at(status, {"restartCount"}) == 0);
    CHECK(json::string_at(status, {"containerID"}) == "appliance://" + container);
    CHECK(json::array_at(c.api.must_get("nodes", "", "n1"), {"spec", "taints"}).empty());
    // What comes and goes now is not held up either.
    const std::string name = "new-" + std::to_string(++round);
    c.add(name);
    REQUIRE(c.eventually([&] { return c.is("pods", "default", name, "True"); }));
    REQUIRE(c.api.remove("pods", {"default", name}, {}));
    CHECK(c.eventually([&] { return c.api.must_get("pods", "default", name).is_null(); }));
  }
  const auto events = c.api.list("events", "default", {});
  REQUIRE(events);
  for (const auto& e : json::array_at(*events, {"items"})) CHECK(json::string_at(e, {"reason"}) != "Unhealthy");
}

TEST_CASE("clock: a node that falls silent is found out, also while the wall clock jumps") {
  Cluster c;
  REQUIRE(c.eventually([&] { return c.is("nodes", "", "n1", "True"); }));
  c.agent->stop();
  c.clock.jump(-1h);  // an hour back must not buy it an hour
  CHECK(c.eventually([&] { return c.is("nodes", "", "n1", "Unknown"); }));
  CHECK(json::array_at(c.api.must_get("nodes", "", "n1"), {"spec", "taints"}).size() == 2);
}
