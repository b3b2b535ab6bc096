#include "runtime/cri/cri_conformance.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>

#include "runtime/cri/fake_image_store.h"
#include "runtime/cri/fake_runtime.h"
#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Suite {
  const Bench& bench;
  Runtime& r = *bench.runtime;

  SandboxConfig sandbox(const std::string& uid) const {
    SandboxConfig config;
    config.name = "conformance";
    config.namespace_ = "default";
    config.uid = uid;
    config.hostname = "conformance";
    config.log_dir = bench.log_dir;
    config.cgroup_parent = bench.cgroup_parent + "/pod" + uid;
    config.labels = {{"app", "x"}};
    return config;
  }
  ContainerConfig container(const std::string& name, uint32_t attempt = 0) const {
    ContainerConfig config;
    config.name = name;
    config.attempt = attempt;
    config.image_id = bench.image_id;
    config.command = bench.runs_for_ever();
    config.log_path = name + "/" + std::to_string(attempt) + ".log";
    config.labels = {{"c", name}};
    return config;
  }
  ContainerState state(const std::string& id) const { return r.container_status(id).value().state; }

  void sandboxes() {
    const auto id = r.run_sandbox(sandbox("a")).value();
    CHECK(r.run_sandbox(sandbox("a")).error().code == Code::kAlreadyExists);
    const auto status = r.sandbox_status(id).value();
    CHECK(status.state == SandboxState::kReady);
    CHECK(status.config.labels.at("app") == "x");
    CHECK(status.supervisor_pid > 0);
    CHECK_FALSE(status.netns_path.empty());
    CHECK(r.list_sandboxes()->size() == 1);
    REQUIRE(r.stop_sandbox(id));
    REQUIRE(r.stop_sandbox(id));
    CHECK(r.sandbox_status(id)->state == SandboxState::kNotReady);
    CHECK(r.create_container(id, container("late")).error().code == Code::kFailedPrecondition);
    REQUIRE(r.remove_sandbox(id));
    REQUIRE(r.remove_sandbox(id));
    CHECK(r.sandbox_status(id).error().code == Code::kNotFound);
  }

  void containers() {
    const auto pod = r.run_sandbox(sandbox("b")).value();
    CHECK(r.create_container("nosuch", container("x")).error().code == Code::kNotFound);
    const auto id = r.create_container(pod, container("web")).value();
    CHECK(r.create_container(pod, container("web")).error().code == Code::kAlreadyExists);
    CHECK(state(id) == ContainerState::kCreated);
    CHECK(r.exec_sync(id, {"x"}, seconds(1)).error().code == Code::kFailedPrecondition);
    REQUIRE(r.start_container(id));
    CHECK(r.start_container(id).error().code == Code::kFailedPrecondition);
    auto status = r.container_status(id).value();
    CHECK(status.state == ContainerState::kRunning);
    CHECK(status.pid > 0);
    CHECK(status.sandbox_id == pod);
    CHECK(status.labels.at("c") == "web");
    CHECK(status.log_path == bench.log_dir + "/web/0.log");
    bench.exit_with(id, 3);
    REQUIRE(eventually([&] { return state(id) == ContainerState::kExited; }));
    status = r.container_status(id).value();
    CHECK(status.exit_code == 3);
    CHECK(status.reason == "Error");
    CHECK(status.pid == 0);
    CHECK(status.finished >= status.started);
    CHECK(r.start_container(id).error().code == Code::kFailedPrecondition);
    const auto second = r.create_container(pod, container("web", 1)).value();
    REQUIRE(r.start_container(second));
    REQUIRE(r.stop_container(second, seconds(20)));
    REQUIRE(r.stop_container(second, seconds(20)));
    CHECK(state(second) == ContainerState::kExited);
    const auto listed = r.list_containers(pod).value();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].id == id);
    CHECK(r.list_containers("")->size() == 2);
    REQUIRE(r.remove_container(id));
    REQUIRE(r.remove_container(id));
    CHECK(r.container_status(id).error().code == Code::kNotFound);
    const auto third = r.create_container(pod, container("web", 2)).value();
    REQUIRE(r.start_container(third));
    REQUIRE(r.stop_sandbox(pod));
    CHECK(r.container_status(third)->exit_code == 137);
    REQUIRE(r.remove_sandbox(pod));
    CHECK(r.list_containers("")->empty());
  }
};

}  // namespace

void run_cri_conformance(const Bench& bench) {
  Suite suite{bench};
  const auto events = std::make_shared<std::atomic<int>>(0);  // a failed check leaves the listener behind
  bench.runtime->on_event([events](const std::string&) { ++*events; });
  suite.sandboxes();
  suite.containers();
  CHECK(*events > 0);
  bench.runtime->on_event({});
}

TEST_CASE("cri: the fake runtime conforms") {
  base::ManualClock clock;
  auto images = std::make_unique<FakeImageStore>();
  image::Image image;
  image.id = "sha256:x";
  images->add_local(image, {"/x"});
  FakeRuntime fake(clock, std::move(images));
  run_cri_conformance({.runtime = &fake,
                       .log_dir = "/var/log/pods/x",
                       .cgroup_parent = "kubepods",
                       .image_id = "sha256:x",
                       .runs_for_ever = [] { return std::vector<std::string>{"run"}; },
                       .exit_with = [&](const std::string& id, int code) { fake.exit(id, code); }});
}

TEST_CASE_METHOD(TestWorld, "cri: the real runtime conforms") {
  run_cri_conformance({.runtime = &runtime(),
                       .log_dir = dir + "/log/conformance",
                       .cgroup_parent = group,
                       .image_id = "sha256:guest",
                       .runs_for_ever = [] { return std::vector<std::string>{"/bin/guest", "gate"}; },
                       .exit_with =
                           [&](const std::string& id, int code) {
                             const auto done = runtime().exec_sync(
                                 id, {"/bin/guest", "write", "/tmp/gate", std::to_string(code)}, seconds(20));
                             if (!done) FAIL(done.error().message);
                           }});
}

}  // namespace appliance::runtime::cri
