#include "base/process.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/fs.h"
#include "base/strings.h"

using namespace appliance;
using namespace appliance::base;
using namespace std::chrono_literals;

namespace {

constexpr auto kDeadline = 20'000ms;

struct Pipe {
  Pipe() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    out = Fd(fds[0]);
    in = Fd(fds[1]);
  }
  std::string read_to_end() {
    in.reset();
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(out.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<size_t>(n));
    return text;
  }
  Fd out;
  Fd in;
};

SpawnOptions shell(const std::string& script) { return {.program = "/bin/sh", .argv = {"sh", "-c", script}}; }

// What it wrote to its standard output; it must end well.
std::string output_of(SpawnOptions options) {
  Pipe pipe;
  options.fds.push_back({pipe.in.get(), 1});
  auto child = Process::spawn(options);
  REQUIRE(child);
  const auto text = pipe.read_to_end();
  const auto end = child->wait(kDeadline);
  REQUIRE(end);
  CHECK(end->text() == "exit code 0");
  return text;
}

// A child that runs until its standard input ends.
struct Waiting {
  Waiting() {
    auto made =
        Process::spawn({.program = "/bin/cat", .argv = {"cat"}, .fds = {{pipe.out.get(), 0}}, .new_session = true});
    REQUIRE(made);
    child = std::move(*made);
  }
  Pipe pipe;
  std::optional<Process> child;
};

bool reaped(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) == -1 && errno == ECHILD; }

}  // namespace

TEST_CASE("process: says how it ended, as often as it is asked") {
  auto three = Process::spawn(shell("exit 3"));
  REQUIRE(three);
  const auto end = three->wait(kDeadline);
  REQUIRE(end);
  CHECK(end->exit_code == 3);
  CHECK(end->signal == 0);
  CHECK_FALSE(end->ok());
  CHECK(end->text() == "exit code 3");
  CHECK(three->wait(0ms).value().exit_code == 3);
  CHECK(three->pidfd() == -1);
  auto killed = Process::spawn(shell("kill -USR1 $$"));
  REQUIRE(killed);
  CHECK(killed->wait(kDeadline).value().text() == "signal " + std::to_string(SIGUSR1));
  auto well = Process::spawn(shell(":"));
  REQUIRE(well);
  CHECK(well->wait().value().ok());
}

TEST_CASE("process: gets the words, the environment and the folder that it is given, and nothing else of them") {
  char dir[] = "/tmp/process_test.XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  CHECK(output_of({.program = "/bin/sh",
                   .argv = {"sh", "-c", R"(printf '%s|' "$0" "$@"; pwd)", "a b", "", "$HOME;'\""},
                   .env = {{"ONLY=this one"}},
                   .cwd = dir}) == std::string("a b||$HOME;'\"|") + dir + "\n");
  CHECK(output_of({.program = "/usr/bin/env", .argv = {"env"}, .env = {{"ONLY=this one", "B="}}}) ==
        "ONLY=this one\nB=\n");
  CHECK(output_of({.program = "/usr/bin/env", .argv = {"env"}, .env = std::vector<std::string>{}}).empty());
  REQUIRE(::setenv("PROCESS_TEST_OURS", "inherited", 1) == 0);
  CHECK(output_of(shell("echo $PROCESS_TEST_OURS")) == "inherited\n");
  (void)::unsetenv("PROCESS_TEST_OURS");
  CHECK(remove_tree(dir));
}

TEST_CASE("process: has the descriptors that it is handed under their numbers, and no other") {
  const int stray = ::dup2(2, 9);  // a descriptor of ours that is not close-on-exec
  REQUIRE(stray == 9);
  Pipe a;
  Pipe b;
  // The numbers cross over: what is a in us is b in the child.
  auto options = shell("echo to-a >&" + std::to_string(b.in.get()) + "; echo to-b >&" + std::to_string(a.in.get()));
  options.fds = {{a.in.get(), b.in.get()}, {b.in.get(), a.in.get()}};
  auto child = Process::spawn(options);
  REQUIRE(child);
  CHECK(a.read_to_end() == "to-a\n");
  CHECK(b.read_to_end() == "to-b\n");
  CHECK(child->wait(kDeadline).value().ok());

  Pipe list;
  Pipe other;
  auto ls = Process::spawn(
      {.program = "/bin/ls", .argv = {"ls", "/proc/self/fd"}, .fds = {{list.in.get(), 1}, {other.in.get(), 6}}});
  REQUIRE(ls);
  CHECK(list.read_to_end() == "0\n1\n2\n3\n6\n");  // 3 is the folder that ls reads
  CHECK(ls->wait(kDeadline).value().ok());
  CHECK(output_of({.program = "/bin/readlink", .argv = {"readlink", "/proc/self/fd/0", "/proc/self/fd/2"}}) ==
        "/dev/null\n/dev/null\n");
  ::close(stray);
}

TEST_CASE("process: starts with no blocked and no ignored signals, whatever ours are") {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  REQUIRE(::pthread_sigmask(SIG_BLOCK, &set, &before) == 0);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  const auto masks = output_of({.program = "/bin/grep", .argv = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}});
  (void)::signal(SIGPIPE, old);
  REQUIRE(::pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
  for (const std::string name : {"SigBlk:\t", "SigIgn:\t"}) {
    const size_t at = masks.find(name);
    REQUIRE(at != std::string::npos);
    constexpr unsigned long long kOfLibc = 3ULL << 31U;  // 32 and 33, which glibc lets nobody change
    CHECK((std::stoull(masks.substr(at + name.size()), nullptr, 16) & ~kOfLibc) == 0);
  }
}

TEST_CASE("process: waiting has a deadline, signals go through the pidfd and stop at the end") {
  Waiting waiting;
  auto& child = *waiting.child;
  CHECK(::getsid(child.pid()) == child.pid());
  const auto early = child.wait(1ms);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Code::kDeadlineExceeded);
  REQUIRE(child.signal(SIGTERM));
  CHECK(child.wait(kDeadline).value().signal == SIGTERM);
  const auto late = child.signal(SIGTERM);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::kNotFound);

  auto ended = Process::spawn(shell(":"));
  REQUIRE(ended);
  REQUIRE(wait_for_end(open_pidfd(ended->pid()).value(), kDeadline));
  CHECK(ended->signal(SIGTERM).error().code == Code::kNotFound);  // ended, not yet waited for
  CHECK(ended->wait(0ms).value().ok());
}

TEST_CASE("process: a dropped one is killed and reaped, by destruction and by assignment") {
  pid_t pid = 0;
  Fd watch;
  {
    Waiting waiting;
    pid = waiting.child->pid();
    watch = open_pidfd(pid).value();
    CHECK(wait_for_end(watch, 0ms).error().code == Code::kDeadlineExceeded);
  }
  CHECK(wait_for_end(watch, 0ms));
  CHECK(reaped(pid));

  Waiting first;
  Waiting second;
  const pid_t replaced = first.child->pid();
  const pid_t kept = second.child->pid();
  *first.child = std::move(*second.child);
  CHECK(reaped(replaced));
  CHECK(first.child->pid() == kept);
  CHECK(second.child->wait(0ms).error().code == Code::kFailedPrecondition);
  second.child.reset();  // owns nothing any more
  CHECK(first.child->wait(0ms).error().code == Code::kDeadlineExceeded);
}

TEST_CASE("process: one that is left goes on") {
  Waiting waiting;
  const pid_t pid = waiting.child->pid();
  const auto watch = open_pidfd(pid).value();
  waiting.child->leave();
  CHECK(waiting.child->wait(0ms).error().code == Code::kFailedPrecondition);
  CHECK(waiting.child->signal(SIGTERM).error().code == Code::kNotFound);
  waiting.child.reset();
  CHECK(wait_for_end(watch, 0ms).error().code == Code::kDeadlineExceeded);
  waiting.pipe.in.reset();  // the end of its input
  CHECK(wait_for_end(watch, kDeadline));
  CHECK(::waitpid(pid, nullptr, 0) == pid);
}

TEST_CASE("process: what can't be started is an error that keeps its errno, and leaves nothing behind") {
  const auto code = [](const SpawnOptions& options) {
    const auto child = Process::spawn(options);
    return child ? Code::kOk : child.error().code;
  };
  const auto missing = Process::spawn({.program = "/no/such/program", .argv = {"x"}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::kNotFound);
  CHECK(missing.error().errno_value == ENOENT);
  CHECK(missing.error().message == "start /no/such/program: No such file or directory");
  CHECK(code({.program = "/etc/passwd", .argv = {"x"}}) == Code::kPermissionDenied);
  CHECK(code({.program = "/bin/true", .argv = {"true"}, .cwd = "/no/such/folder"}) == Code::kNotFound);
  CHECK(code({.program = "/bin/true", .argv = {}}) == Code::kInvalidArgument);
  CHECK(code({.program = "/bin/true", .argv = {std::string("a\0b", 3)}}) == Code::kInvalidArgument);
  CHECK(code({.program = "/bin/true", .argv = {"true"}, .fds = {{1, 5}, {2, 5}}}) == Code::kInvalidArgument);
  CHECK(code({.program = "/bin/true", .argv = {"true"}, .fds = {{1, -1}}}) == Code::kInvalidArgument);
  CHECK(code({.program = "/bin/true", .argv = {"true"}, .fds = {{1, 1'000'000}}}) == Code::kInvalidArgument);
  const int closed = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
  CHECK(code({.program = "/bin/true", .argv = {"true"}, .fds = {{closed, 5}}}) != Code::kOk);
  CHECK(open_pidfd(1'000'000'000).error().code != Code::kOk);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("process: threads may spawn at the same time, and each gets its own answer") {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        auto child = Process::spawn(shell("exit " + std::to_string(t * 10 + i)));
        if (child && child->wait(kDeadline).value_or(ProcessEnd{.exit_code = -1}).exit_code == t * 10 + i) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 40);
}
