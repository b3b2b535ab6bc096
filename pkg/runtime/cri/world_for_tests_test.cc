// The implementation of world_for_tests.h lives in a *_test.cc file, so that it is part of the test program alone.
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "base/fs.h"
#include "base/strings.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cri/fake_image_store.h"
#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {

bool eventually(const std::function<bool()>& predicate, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    (void)poll(nullptr, 0, 2);
  }
  return true;
}

TestWorld::TestWorld() {
  if (geteuid() != 0) FAIL("tests of the runtime need root");
  char name[] = "/tmp/appliance-cri-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  dir = name;
  REQUIRE(chmod(name, 0755) == 0);
  group = "appliance-test-" + dir.substr(dir.rfind('-') + 1);
  layer = dir + "/layer";
  for (const auto* sub : {"/bin", "/etc", "/tmp"}) REQUIRE(base::make_dirs(layer + sub, 0755));
  REQUIRE(chmod((layer + "/tmp").c_str(), 01777) == 0);
  const auto guest = base::read_file(std::string(APP_BINARY_DIR) + "/embedded/guest");
  REQUIRE(guest);
  REQUIRE(base::write_file(layer + "/bin/guest", *guest, 0755));
  REQUIRE(base::write_file(layer + "/etc/passwd",
                           "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web:/home/web:/bin/sh\n"));
  REQUIRE(base::write_file(layer + "/etc/group", "root:x:0:\nweb:x:1001:\nextra:x:2000:web,other\n"));
  open();
}

TestWorld::~TestWorld() {
  if (!runtime_) {
    auto again = open_runtime(options(), images());
    if (again) runtime_ = std::move(*again);
  }
  if (runtime_) {
    if (auto pods = runtime_->list_sandboxes()) {
      for (const auto& pod : *pods) (void)runtime_->remove_sandbox(pod.id);
    }
  }
  runtime_.reset();
  if (auto groups = cgroup::Hierarchies::detect()) (void)groups->remove(group, std::chrono::seconds(10));
  (void)base::remove_tree(dir);
}

RuntimeOptions TestWorld::options() const {
  return {.run_dir = dir + "/run", .data_dir = dir + "/data", .cgroup_parent = group, .clock = &clock_, .log = {}};
}

std::unique_ptr<image::ImageStore> TestWorld::images() const {
  auto out = std::make_unique<FakeImageStore>();
  image::Image image;
  image.id = "sha256:guest";
  image.repo_tags = {"docker.io/library/guest:latest"};
  out->add_local(image, {layer});
  return out;
}

void TestWorld::open() {
  auto opened = open_runtime(options(), images());
  if (!opened) FAIL(opened.error().message);
  runtime_ = std::move(*opened);
}

void TestWorld::close() { runtime_.reset(); }

SandboxConfig TestWorld::pod_config(const std::string& name) const {
  SandboxConfig config;
  config.name = name;
  config.namespace_ = "default";
  config.uid = name + "-uid";
  config.hostname = name;
  config.log_dir = dir + "/log/" + name;
  config.cgroup_parent = group + "/pod" + name;
  return config;
}

std::string TestWorld::pod(const std::string& name) {
  auto id = runtime_->run_sandbox(pod_config(name));
  if (!id) FAIL(id.error().message);
  return *id;
}

ContainerConfig TestWorld::config(const std::string& name, std::vector<std::string> guest_args) const {
  ContainerConfig out;
  out.name = name;
  out.image_id = "sha256:guest";
  out.command = {"/bin/guest"};
  out.command.insert(out.command.end(), guest_args.begin(), guest_args.end());
  out.log_path = name + "/0.log";
  return out;
}

std::string TestWorld::start(const std::string& pod, const ContainerConfig& config) {
  auto id = runtime_->create_container(pod, config);
  if (!id) FAIL(id.error().message);
  auto started = runtime_->start_container(*id);
  if (!started) FAIL(started.error().message);
  return *id;
}

ContainerStatus TestWorld::wait_exit(const std::string& id) {
  ContainerStatus status;
  REQUIRE(eventually([&] {
    status = runtime_->container_status(id).value();
    return status.state == ContainerState::kExited;
  }));
  return status;
}

std::string TestWorld::log_text(const std::string& id) {
  const auto status = runtime_->container_status(id).value();
  return base::read_file(status.log_path, 64U << 20U).value_or("");
}

std::string TestWorld::output(const std::string& id) {
  std::string out;
  const std::string text = log_text(id);
  for (const auto line : base::split(text, '\n')) {
    const size_t at = line.find(" stdout ");
    if (at == line.npos) continue;
    out.append(line.substr(at + 10));
    if (line[at + 8] == 'F') out += '\n';
  }
  return out;
}

void TestWorld::wait_log(const std::string& id, const std::string& text) {
  REQUIRE(eventually([&] { return log_text(id).find(text) != std::string::npos; }));
}

std::string TestWorld::run(const std::string& pod, ContainerConfig config) {
  const auto id = start(pod, config);
  (void)wait_exit(id);
  std::string out = output(id);
  REQUIRE(runtime_->remove_container(id));
  REQUIRE(unlink((dir + "/log/" + runtime_->sandbox_status(pod)->config.name + '/' + config.log_path).c_str()) == 0);
  return out;
}

}  // namespace appliance::runtime::cri
