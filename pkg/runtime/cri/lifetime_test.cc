// Pods outlive the server; groups, logs and what is left when a pod goes.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "base/fs.h"
#include "base/strings.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string read_until(int fd, const std::string& end) {
  std::string out;
  char buffer[4096];
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  while (out.find(end) == std::string::npos && poll(&wait, 1, 20'000) > 0) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n <= 0) break;
    out.append(buffer, static_cast<size_t>(n));
  }
  return out;
}

// The numbers 0, 1, 2 … one per line, none missing.
size_t check_sequence(const std::string& text) {
  size_t next = 0;
  for (const auto line : base::split(text, '\n')) {
    if (line.empty()) continue;
    if (base::parse_int<size_t>(line) != next) FAIL("line " << next << " is '" << line << "'");
    ++next;
  }
  return next;
}

}  // namespace

// Goal: a server killed by SIGKILL loses nothing. Method: a process opens the runtime and starts a container that
// counts and one that ends when told; it is killed; the second ends while nobody is there; then we open the runtime.
TEST_CASE_METHOD(TestWorld, "runtime: kill -9 of the server loses no container, no log line and no exit code") {
  close();
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(base::make_dirs(dir + "/vol", 0755));
  REQUIRE(mkfifo((dir + "/vol/gate").c_str(), 0600) == 0);
  const pid_t server = fork();
  REQUIRE(server >= 0);
  if (server == 0) {
    auto opened = open_runtime(options(), images());
    if (!opened) _exit(1);
    auto& r = **opened;
    auto pod = r.run_sandbox(pod_config("p"));
    if (!pod) _exit(2);
    std::string line = *pod;
    for (auto c : {config("counter", {"count"}), config("ender", {"cat", "/vol/gate"})}) {
      c.mounts = {{.host_path = dir + "/vol", .container_path = "/vol"}};
      auto id = r.create_container(*pod, c);
      if (!id || !r.start_container(*id)) _exit(3);
      line += ' ' + *id + ' ' + std::to_string(r.container_status(*id)->pid);
    }
    line += '\n';
    (void)!write(ends[1], line.data(), line.size());
    for (;;) pause();
  }
  ::close(ends[1]);
  const std::string line = read_until(ends[0], "\n");
  ::close(ends[0]);
  REQUIRE(kill(server, SIGKILL) == 0);
  REQUIRE(waitpid(server, nullptr, 0) == server);
  const auto words = base::split(base::trim(line), ' ');
  REQUIRE(words.size() == 5);
  const int gate =
      ::open((dir + "/vol/gate").c_str(), O_WRONLY | O_CLOEXEC);  // the container has it open: it ends when we close
  REQUIRE(gate >= 0);
  REQUIRE(write(gate, "bye\n", 4) == 4);
  ::close(gate);
  REQUIRE(eventually([&] { return kill(std::stoi(std::string(words[4])), 0) != 0; }));

  open();
  const std::string counter(words[1]);
  const auto pods = runtime().list_sandboxes().value();
  REQUIRE(pods.size() == 1);
  CHECK(pods[0].id == words[0]);
  CHECK(pods[0].state == SandboxState::kReady);
  const auto status = runtime().container_status(counter).value();
  CHECK(status.state == ContainerState::kRunning);
  CHECK(std::to_string(status.pid) == words[2]);
  const auto ended = wait_exit(std::string(words[3]));
  CHECK(ended.exit_code == 0);
  CHECK(output(std::string(words[3])) == "bye\n");
  const auto again = runtime().exec_sync(counter, {"/bin/guest", "echo", "still here"}, seconds(20));
  REQUIRE(again);
  CHECK(again->stdout_text == "still here\n");
  const size_t before = output(counter).size();
  REQUIRE(eventually([&] { return output(counter).size() > before + 100; }));
  REQUIRE(runtime().stop_container(counter, milliseconds(0)));
  CHECK(check_sequence(output(counter)) > 20);
}

TEST_CASE_METHOD(TestWorld, "runtime: a supervisor that dies takes its containers along, and they are told as 255") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  const int pid = runtime().container_status(id)->pid;
  REQUIRE(kill(runtime().sandbox_status(p)->supervisor_pid, SIGKILL) == 0);
  const auto status = wait_exit(id);
  CHECK(status.exit_code == 255);
  CHECK(status.message == "the pod's supervisor died");
  CHECK(runtime().sandbox_status(p)->state == SandboxState::kNotReady);
  CHECK(eventually([&] { return kill(pid, 0) != 0; }));
}

TEST_CASE_METHOD(TestWorld, "runtime: memory and process limits hold, and a kill for memory says so") {
  const auto p = pod();
  auto c = config("eater", {"eat", "256"});
  c.resources.memory_limit_bytes = 32 << 20;
  const auto status = wait_exit(start(p, c));
  CHECK(status.exit_code == 137);
  CHECK(status.reason == "OOMKilled");
  c = config("forker", {"fork", "100"});
  c.resources.pids_max = 20;
  CHECK(run(p, c) == "Resource temporarily unavailable\n");
  c = config("stats", {"wait"});
  c.resources = {.cpu_shares = 512, .cpu_quota_us = 50'000, .cpu_period_us = 100'000, .memory_limit_bytes = 64 << 20};
  const auto id = start(p, c);
  wait_log(id, "ready");
  const auto stats = runtime().container_stats(id).value();
  CHECK(stats.memory_usage_bytes > 0);
  CHECK(stats.cpu_usage_ns > 0);
  const auto of_pod = runtime().sandbox_stats(p).value();  // its supervisor and the other containers too
  CHECK(of_pod.memory_usage_bytes >= stats.memory_usage_bytes);
  CHECK(of_pod.cpu_usage_ns >= stats.cpu_usage_ns);
  CHECK(runtime().sandbox_stats("none").error().code == Code::kNotFound);
}

TEST_CASE_METHOD(TestWorld, "runtime: exec on a terminal knows its size, is resized and gives its code") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  ExecOptions options;
  options.command = {"/bin/guest", "tty"};
  options.tty = true;
  options.width = 101;
  options.height = 43;
  auto process = runtime().exec(id, options);
  if (!process) FAIL(process.error().message);
  CHECK(read_until(process->tty.get(), "\n") == "101x43 /dev/pts/0\r\n");
  REQUIRE(runtime().resize(process->id, 80, 24));
  REQUIRE(write(process->tty.get(), "hello\n", 6) == 6);
  CHECK(read_until(process->tty.get(), "got hello\r\n").find("80x24 got hello") != std::string::npos);
  REQUIRE(write(process->tty.get(), "quit\n", 5) == 5);
  CHECK(runtime().wait_exec(process->id).value() == 5);
}

TEST_CASE_METHOD(TestWorld, "runtime: closing an exec's terminal hangs up the process") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  ExecOptions options;
  options.command = {"/bin/guest", "tty"};
  options.tty = true;
  auto process = runtime().exec(id, options);
  REQUIRE(process);
  CHECK(read_until(process->tty.get(), "\n") == "0x0 /dev/pts/0\r\n");
  process->tty.reset();
  CHECK(runtime().wait_exec(process->id).value() == 128 + SIGHUP);
}

TEST_CASE_METHOD(TestWorld, "runtime: created, failed and ended containers are the same after a restart") {
  const auto p = pod();
  const auto created = runtime().create_container(p, config("created", {"wait"})).value();
  const auto ended = start(p, config("ended", {"exit", "4"}));
  (void)wait_exit(ended);
  auto bad = config("bad", {});
  bad.command = {"nosuch"};
  const auto failed = runtime().create_container(p, bad).value();
  REQUIRE_FALSE(runtime().start_container(failed));
  close();
  open();
  CHECK(runtime().container_status(created)->state == ContainerState::kCreated);
  CHECK(runtime().container_status(ended)->exit_code == 4);
  CHECK(runtime().container_status(failed)->reason == "ContainerCannotRun");
  CHECK(runtime().container_status(failed)->message == "exec: \"nosuch\": executable file not found in $PATH");
  REQUIRE(runtime().start_container(created));
  CHECK(runtime().container_status(created)->state == ContainerState::kRunning);
}

TEST_CASE_METHOD(TestWorld, "runtime: exec with standard input ends when it is closed") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  ExecOptions options;
  options.command = {"/bin/guest", "cat"};
  options.stdin_open = true;
  auto process = runtime().exec(id, options);
  REQUIRE(process);
  REQUIRE(write(process->stdin_fd.get(), "through\n", 8) == 8);
  process->stdin_fd.reset();
  CHECK(read_until(process->stdout_fd.get(), "\n") == "through\n");
  CHECK(runtime().wait_exec(process->id).value() == 0);
}

TEST_CASE_METHOD(TestWorld, "runtime: a log is rotated at 10 MiB and stays byte exact over its files") {
  const auto p = pod();
  const auto id = start(p, config("flood", {"flood", "9000000"}));  // 20 bytes of content make 60 of log: 27 MB
  CHECK(wait_exit(id).exit_code == 0);
  const std::string path = runtime().container_status(id)->log_path;
  std::string all;
  size_t files = 0;
  for (const auto* suffix : {".4", ".3", ".2", ".1", ""}) {
    const auto part = base::read_file(path + suffix, 64U << 20U);
    if (!part) continue;
    ++files;
    CHECK(part->size() <= (10U << 20U) + 17000);
    for (const auto line : base::split(*part, '\n')) {
      if (line.size() > 40) all.append(line.substr(40)).append("\n");
    }
  }
  CHECK(files == 3);
  CHECK(check_sequence(all) >= 9000000 / 20);
}

TEST_CASE_METHOD(TestWorld, "runtime: containers of a shared process namespace see each other and leave no orphans") {
  auto shared = pod_config("p");
  shared.share_process_namespace = true;
  const auto p = runtime().run_sandbox(shared).value();
  const auto first = start(p, config("first", {"wait"}));
  wait_log(first, "ready");
  CHECK(run(p, config("second", {"cat", "/proc/1/comm"})) == "pod-supervisor\n");
  const auto id = start(p, config("orphan", {"orphan"}));
  CHECK(wait_exit(id).exit_code == 3);
  const auto groups = cgroup::Hierarchies::detect().value();
  CHECK(eventually([&] { return groups.processes(group + "/podp/" + id).value_or(std::vector<int>{1}).empty(); }));
  CHECK(runtime().exec_sync(first, {"/bin/guest", "echo", "ok"}, seconds(20)).value().stdout_text == "ok\n");
}

TEST_CASE_METHOD(TestWorld, "runtime: a removed pod leaves no mount, group, folder or process") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  const int pid = runtime().container_status(id)->pid;
  const int supervisor = runtime().sandbox_status(p)->supervisor_pid;
  CHECK(base::read_file("/proc/self/mountinfo", 4U << 20U).value().find(dir) != std::string::npos);
  CHECK(access(runtime().sandbox_status(p)->netns_path.c_str(), F_OK) == 0);
  REQUIRE(runtime().remove_sandbox(p));
  REQUIRE(runtime().remove_sandbox(p));
  CHECK(base::read_file("/proc/self/mountinfo", 4U << 20U).value().find(dir) == std::string::npos);
  auto fs = base::make_real_fs();
  CHECK(fs->list(dir + "/run/pods").value().empty());
  CHECK(fs->list(dir + "/run/netns").value().empty());
  CHECK(fs->list(dir + "/data/containers").value().empty());
  const auto groups = cgroup::Hierarchies::detect().value();
  CHECK(access((groups.unified_root() + '/' + group).c_str(), F_OK) != 0);
  for (const auto& controller : groups.controllers()) CHECK(access((controller.root + '/' + group).c_str(), F_OK) != 0);
  CHECK(eventually([&] { return kill(pid, 0) != 0; }));
  CHECK(eventually([&] {
    const auto state = base::read_file("/proc/" + std::to_string(supervisor) + "/stat", 4096);
    return !state || state->find(") Z ") != std::string::npos;
  }));
}

TEST_CASE_METHOD(TestWorld, "runtime: a supervisor is small") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  wait_log(id, "ready");
  const auto text =
      base::read_file("/proc/" + std::to_string(runtime().sandbox_status(p)->supervisor_pid) + "/smaps_rollup", 65536)
          .value();
  const size_t at = text.find("\nPss:");
  REQUIRE(at != std::string::npos);
  const std::string number = text.substr(at + 5, text.find('k', at) - at - 5);
  const auto pss = base::parse_int<int>(base::trim(number));
  REQUIRE(pss);
  INFO("PSS " << *pss << " kB");
  CHECK(*pss < 200);
}

}  // namespace appliance::runtime::cri
