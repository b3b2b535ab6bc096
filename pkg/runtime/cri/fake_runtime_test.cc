#include "runtime/cri/fake_runtime.h"

#include <catch2/catch.hpp>

#include "runtime/cri/fake_image_store.h"

namespace appliance::runtime::cri {
namespace {

struct Fixture {
  base::ManualClock clock;
  FakeRuntime runtime{clock, [] {
                        auto images = std::make_unique<FakeImageStore>();
                        image::Image image;
                        image.id = "sha256:aa";
                        image.repo_tags = {"docker.io/library/web:1"};
                        images->add_local(image, {"/layer"});
                        return images;
                      }()};
  std::string pod = runtime
                        .run_sandbox([] {
                          SandboxConfig config;
                          config.name = "p";
                          config.uid = "u";
                          return config;
                        }())
                        .value();
  std::string add(const std::string& name) {
    ContainerConfig config;
    config.name = name;
    config.image_id = "sha256:aa";
    return runtime.create_container(pod, config).value();
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "fake runtime: a container runs until told to exit, and says so by an event") {
  std::vector<std::string> events;
  runtime.on_event([&](const std::string& id) { events.push_back(id); });
  const auto id = add("web");
  REQUIRE(runtime.start_container(id));
  CHECK(runtime.container_status(id)->state == ContainerState::kRunning);
  runtime.exit(id, 3);
  CHECK(runtime.container_status(id)->exit_code == 3);
  CHECK(runtime.container_status(id)->reason == "Error");
  CHECK(events == std::vector<std::string>{pod, pod});
}

TEST_CASE_METHOD(Fixture, "fake runtime: a planned failure is answered once, and a failed start is an exit") {
  runtime.fail_next("start_container", Error{Code::kInternal, "mount /data: no such file", 0, {}});
  const auto id = add("web");
  const auto started = runtime.start_container(id);
  REQUIRE_FALSE(started);
  CHECK(started.error().message == "mount /data: no such file");
  CHECK(runtime.container_status(id)->reason == "ContainerCannotRun");
  CHECK(runtime.start_container(add("other")));
}

TEST_CASE_METHOD(Fixture, "fake runtime: exec answers by script") {
  const auto id = add("web");
  REQUIRE(runtime.start_container(id));
  runtime.script_exec([](const std::string&, const std::vector<std::string>& command) -> Result<ExecResult> {
    return ExecResult{.exit_code = 7, .stdout_text = command.at(0), .stderr_text = {}};
  });
  const auto result = runtime.exec_sync(id, {"date"}, std::chrono::seconds(1));
  REQUIRE(result);
  CHECK(result->exit_code == 7);
  CHECK(result->stdout_text == "date");
  const auto process = runtime.exec(id, {.command = {"date"}});
  REQUIRE(process);
  CHECK(runtime.wait_exec(process->id).value() == 7);
  CHECK_FALSE(runtime.wait_exec(process->id));
}

}  // namespace appliance::runtime::cri
