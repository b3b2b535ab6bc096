// What a container may not do, seen from inside.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "base/fs.h"
#include "base/strings.h"
#include "runtime/cri/world_for_tests.h"

namespace appliance::runtime::cri {
namespace {
using std::chrono::seconds;

std::string field(const std::string& status, const std::string& name) {
  for (const auto line : base::split(status, '\n')) {
    if (line.starts_with(name + ":")) return std::string(base::trim(line.substr(name.size() + 1)));
  }
  return "(none)";
}

// "soft hard" of a line of /proc/PID/limits.
std::string limit(const std::string& text, const std::string& name) {
  for (const auto line : base::split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    std::string out;
    for (const auto word : base::split(line.substr(name.size()), ' ')) {
      if (!word.empty() && out.find(' ') == out.npos) out += (out.empty() ? "" : " ") + std::string(word);
    }
    return out;
  }
  return "(none)";
}
}  // namespace

TEST_CASE_METHOD(TestWorld, "runtime: a container has the default capabilities, no new privileges and a filter") {
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  wait_log(id, "ready");
  const auto guest = [&](std::vector<std::string> args) {
    args.insert(args.begin(), "/bin/guest");
    const auto result = runtime().exec_sync(id, args, seconds(20));
    if (!result) FAIL(result.error().message);
    return std::string(base::trim(result->stdout_text));
  };
  const std::string own =
      runtime().exec_sync(id, {"/bin/guest", "cat", "/proc/1/status"}, seconds(20)).value().stdout_text;
  const std::string execed =
      runtime().exec_sync(id, {"/bin/guest", "cat", "/proc/self/status"}, seconds(20)).value().stdout_text;
  for (const auto& status : {own, execed}) {
    INFO(status);
    CHECK(field(status, "CapEff") == "00000000a80425fb");
    CHECK(field(status, "CapBnd") == "00000000a80425fb");
    CHECK(field(status, "CapInh") == "0000000000000000");
    CHECK(field(status, "CapAmb") == "0000000000000000");
    CHECK(field(status, "NoNewPrivs") == "1");
    CHECK(field(status, "Seccomp") == "2");
  }
  const std::string refused = "Operation not permitted";
  CHECK(guest({"call", "unshare"}) == refused);
  CHECK(guest({"call", "clone"}) == refused);
  CHECK(guest({"call", "clone3"}) == "Function not implemented");
  CHECK(guest({"call", "mount"}) == refused);
  CHECK(guest({"call", "vsock"}) == refused);
  CHECK(guest({"call", "keyctl"}) == refused);
  CHECK(guest({"call", "personality"}) == refused);
  CHECK(guest({"call", "inet"}) == "ok");
  CHECK(guest({"call", "mknod"}) == refused);  // the node is made, the device filter refuses to open it
  CHECK(guest({"open", "/proc/sys/kernel/hostname"}) == "Read-only file system");
  CHECK(guest({"open", "/sys/kernel/profiling"}) != "ok");
  // Covered by /dev/null; not every kernel has each of them.
  for (const auto* path : {"/proc/timer_list", "/proc/kcore", "/proc/keys", "/proc/interrupts"}) {
    if (access(path, F_OK) == 0) CHECK(guest({"cat", path}).empty());
  }
  CHECK(guest({"write", "/sys/fs/cgroup/cgroup.procs", "1"}) != "ok");
  CHECK(guest({"open", "/dev/null"}) == "ok");
  CHECK(guest({"write", "/tmp/x", "y"}) == "ok");
  CHECK(guest({"ls", "/proc/self/fd"}).find("\n4") == std::string::npos);  // ., .., 0, 1, 2 and the folder itself
  CHECK(guest({"pid"}) != "1");
}

TEST_CASE_METHOD(TestWorld, "runtime: the user is resolved in the container's own files, its groups with it") {
  const auto p = pod();
  auto c = config("byname", {"id"});
  c.security.run_as_username = "web";
  c.security.supplemental_groups = {3000};
  c.working_dir = "/data/deep";
  CHECK(run(p, c) == "uid=1000 gid=1001 groups=2000,3000 cwd=/data/deep home=/home/web\n");
  c = config("byid", {"id"});
  c.security.run_as_user = 4242;
  c.security.run_as_group = 4343;
  CHECK(run(p, c) == "uid=4242 gid=4343 groups= cwd=/ home=/\n");
  c = config("bygroup", {"id"});
  c.security.run_as_username = "1000:extra";
  CHECK(run(p, c) == "uid=1000 gid=2000 groups=2000 cwd=/ home=/home/web\n");
  c = config("nobody", {"id"});
  c.security.run_as_username = "nosuch";
  const auto id = runtime().create_container(p, c).value();
  const auto started = runtime().start_container(id);
  REQUIRE_FALSE(started);
  CHECK(started.error().message == "unable to find user nosuch: no matching entries in passwd file");
  CHECK(runtime().container_status(id)->reason == "ContainerCannotRun");
  c = config("unprivileged", {"cat", "/proc/self/status"});
  c.security.run_as_user = 1000;
  CHECK(field(run(p, c), "CapEff") == "0000000000000000");
}

TEST_CASE_METHOD(TestWorld, "runtime: capabilities are added and dropped, privileged has the devices") {
  const auto p = pod();
  auto c = config("none", {"cat", "/proc/self/status"});
  c.security.drop_capabilities = {"ALL"};
  c.security.add_capabilities = {"NET_ADMIN"};
  CHECK(field(run(p, c), "CapEff") == "0000000000001000");
  c = config("odd", {"id"});
  c.security.add_capabilities = {"FLY"};
  const auto id = runtime().create_container(p, c).value();
  CHECK(runtime().start_container(id).error().message == "unknown capability FLY");
  c = config("privileged", {"call", "mount"});
  c.security.privileged = true;
  CHECK(run(p, c) == "ok\n");
}

TEST_CASE_METHOD(TestWorld, "runtime: volumes are mounted as asked, and a missing one says which") {
  const auto p = pod();
  REQUIRE(base::make_dirs(dir + "/vol", 0755));
  REQUIRE(base::write_file(dir + "/vol/file", "from the host"));
  auto c = config("rw", {"write", "/data/a/new", "written"});
  c.mounts = {{.host_path = dir + "/vol", .container_path = "/data/a"}};
  CHECK(run(p, c) == "ok\n");
  CHECK(base::read_file(dir + "/vol/new").value() == "written");
  c = config("ro", {"write", "/data/a/new", "again"});
  c.mounts = {{.host_path = dir + "/vol", .container_path = "/data/a", .readonly = true}};
  CHECK(run(p, c) == "Read-only file system\n");
  c = config("file", {"cat", "/etc/special"});
  c.mounts = {{.host_path = dir + "/vol/file", .container_path = "/etc/special"}};
  CHECK(run(p, c) == "from the host");
  c = config("readonlyroot", {"write", "/tmp/x", "y"});
  c.security.readonly_rootfs = true;
  CHECK(run(p, c) == "Read-only file system\n");
  const auto fails = [&](const std::string& name, const std::string& from, const std::string& to) {
    auto bad = config(name, {"id"});
    bad.mounts = {{.host_path = from, .container_path = to}};
    const auto started = runtime().start_container(runtime().create_container(p, bad).value());
    REQUIRE_FALSE(started);
    return started.error().message;
  };
  CHECK(fails("missing", dir + "/nosuch", "/data") == "open " + dir + "/nosuch: No such file or directory");
  CHECK(fails("proc", dir + "/vol", "/proc/sys") == "mount /proc/sys: Operation not permitted");
  CHECK(fails("relative", dir + "/vol", "data") == "mount path must be absolute and not the root: 'data'");
}

TEST_CASE_METHOD(TestWorld,
                 "runtime: an image whose /dev or /proc is a symbolic link is refused, and the host stays as it is") {
  const auto p = pod();
  REQUIRE(base::make_dirs(dir + "/outside", 0755));
  REQUIRE(symlink((dir + "/outside").c_str(), (layer + "/dev").c_str()) == 0);
  const auto id = runtime().create_container(p, config("evil", {"id"})).value();
  const auto started = runtime().start_container(id);
  REQUIRE_FALSE(started);
  CHECK(started.error().message.find("mount /dev") == 0);
  CHECK(base::make_real_fs()->list(dir + "/outside").value().empty());
  // A link on the way to a mount is followed inside the root only.
  REQUIRE(unlink((layer + "/dev").c_str()) == 0);
  REQUIRE(symlink(dir.c_str(), (layer + "/escape").c_str()) == 0);
  auto c = config("escape", {"ls", "/escape"});
  c.mounts = {{.host_path = dir + "/outside", .container_path = "/escape/outside/made"}};
  const auto other = runtime().create_container(p, c).value();
  (void)runtime().start_container(other);  // what counts is the host
  CHECK(base::make_real_fs()->list(dir + "/outside").value().empty());
}

TEST_CASE_METHOD(TestWorld, "runtime: process limits are the usual ones, whatever the server's own are") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit raised{before.rlim_max, before.rlim_max};  // as the server does
  REQUIRE(setrlimit(RLIMIT_NOFILE, &raised) == 0);
  const auto p = pod();
  const auto id = start(p, config("main", {"wait"}));
  wait_log(id, "ready");
  const std::string hard = std::to_string(std::min<rlim_t>(before.rlim_max, 524'288));
  for (const auto* process : {"/proc/1/limits", "/proc/self/limits"}) {
    const std::string text = runtime().exec_sync(id, {"/bin/guest", "cat", process}, seconds(20)).value().stdout_text;
    INFO(text);
    CHECK(limit(text, "Max open files") == "1024 " + hard);
    CHECK(limit(text, "Max core file size").starts_with("0 "));
  }
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
}

}  // namespace appliance::runtime::cri
