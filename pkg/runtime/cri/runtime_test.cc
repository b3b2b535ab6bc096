// The real runtime, for real: root, namespaces, control groups, overlay.
#include "runtime/cri/runtime.h"

#include <signal.h>
#include <catch2/catch.hpp>

#include <filesystem>

#include "base/process.h"
#include "base/strings.h"
#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
}  // namespace

TEST_CASE_METHOD(TestWorld, "runtime: a container runs to its end, and its output is a CRI log") {
  const auto p = pod();
  const auto id = start(p, config("hello", {"echo", "hello", "world"}));
  const auto status = wait_exit(id);
  CHECK(status.exit_code == 0);
  CHECK(status.reason == "Completed");
  CHECK(status.finished >= status.started);
  const std::string log = log_text(id);
  INFO(log);
  REQUIRE(log.size() > 30);
  CHECK(log.substr(30) == " stdout F hello world\n");
  CHECK(base::parse_rfc3339(log.substr(0, 30)));
}

TEST_CASE_METHOD(TestWorld, "runtime: exit codes and signals are told as they were") {
  const auto p = pod();
  CHECK(wait_exit(start(p, config("seven", {"exit", "7"}))).exit_code == 7);
  const auto id = start(p, config("killed", {"deaf"}));
  wait_log(id, "ready");
  REQUIRE(runtime().stop_container(id, milliseconds(100)));
  const auto status = wait_exit(id);
  CHECK(status.exit_code == 137);
  CHECK(status.signal == SIGKILL);
  CHECK(status.reason == "Error");
}

TEST_CASE_METHOD(TestWorld, "runtime: exec runs beside the container's process and gives output and code") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  wait_log(id, "ready");
  const auto result = runtime().exec_sync(id, {"/bin/guest", "echo", "inside"}, seconds(10));
  if (!result) FAIL(result.error().message);
  CHECK(result->stdout_text == "inside\n");
  CHECK(result->exit_code == 0);
  CHECK(runtime().exec_sync(id, {"guest", "exit", "9"}, seconds(10)).value().exit_code == 9);
  CHECK(runtime().exec_sync(id, {"/bin/guest", "err", "oops"}, seconds(10)).value().stderr_text == "oops\n");
  const auto slow = runtime().exec_sync(id, {"/bin/guest", "deaf"}, milliseconds(200));
  REQUIRE_FALSE(slow);
  CHECK(slow.error().code == Code::kDeadlineExceeded);
  const auto missing = runtime().exec_sync(id, {"nosuch"}, seconds(10));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "exec: \"nosuch\": executable file not found in $PATH");
}

TEST_CASE_METHOD(TestWorld,
                 "runtime: exec finds the container's root also when its first process made itself another") {
  const auto p = pod();
  const auto id = start(p, config("jailed", {"jail", "/tmp/jail"}));
  wait_log(id, "ready");
  const auto result = runtime().exec_sync(id, {"/bin/guest", "echo", "outside"}, seconds(10));
  if (!result) FAIL(result.error().message);
  CHECK(result->stdout_text == "outside\n");
}

// Goal: exec enters the container's root and not its mount namespace's, which is the machine's own where that machine
// is a chroot. Method: this program runs the test above again, in a mount namespace where it is one.
TEST_CASE_METHOD(TestWorld, "runtime: exec finds the container's root also where the machine is a chroot") {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string script = "set -e; mount --make-rprivate /; mkdir " + dir + "/machine; mount --rbind / " + dir +
                             "/machine; exec chroot " + dir + "/machine " + self +
                             " 'runtime: exec runs beside the container*'";
  auto child = base::Process::spawn({.program = "/usr/bin/unshare", .argv = {"unshare", "-m", "sh", "-c", script}});
  REQUIRE(child);
  CHECK(child->wait(seconds(120)).value().ok());
}

// fsopen's strings end at 255 bytes, and kernels before 6.8 know no lowerdir+: then the root is mounted the classic
// way.
TEST_CASE_METHOD(TestWorld, "runtime: a root whose paths are long is mounted all the same") {
  auto deep = options();
  deep.data_dir += "/" + std::string(120, 'd') + "/" + std::string(120, ':');
  auto opened = open_runtime(deep, images());
  REQUIRE(opened);
  auto& r = **opened;
  const auto p = r.run_sandbox(pod_config("deep")).value();
  const auto id = r.create_container(p, config("hello", {"write", "/tmp/x", "y"})).value();
  const auto started = r.start_container(id);
  if (!started) FAIL(started.error().message);
  REQUIRE(eventually([&] { return r.container_status(id)->state == ContainerState::kExited; }));
  CHECK(r.container_status(id)->exit_code == 0);
  REQUIRE(r.remove_sandbox(p));
}

}  // namespace appliance::runtime::cri
