// A child process, held by a descriptor (pidfd) instead of a number that the kernel may give to another one.
//
//   auto child = TRY(Process::spawn({.program = "/usr/bin/mkfs.erofs", .argv = {"mkfs.erofs", image, dir},
//                                    .fds = {{log.get(), 1}, {log.get(), 2}}}));
//   const auto end = TRY(child.wait(10s));      // kDeadlineExceeded: it still runs
//   if (!end.ok()) return fail(Code::kInternal, "mkfs.erofs: " + end.text());
//
// The child has exactly the descriptors that it is handed (0, 1 and 2 that are not named are /dev/null), no blocked and
// no ignored signals. It is made by posix_spawn: nothing of ours runs between fork and exec, so that a process with
// threads may do it. A program that can't be started is an error of spawn(), with its errno.
//
// A Process that is destroyed while its child runs kills it with SIGKILL and reaps it, so that no error path leaves a
// stray behind; leave() lets it go on alone. Its own children are not touched. Not thread-safe. Whoever uses this must
// not ignore SIGCHLD and not wait for any child (-1): the kernel or that call would take the exit status away.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::base {

// A second descriptor of the same open file, close-on-exec, numbered `at_least` or higher.
Result<Fd> duplicate(int fd, int at_least = 0);

struct ProcessEnd {
  int exit_code = 0;  // 0 when a signal ended it
  int signal = 0;     // 0 when it ended by itself
  [[nodiscard]] bool ok() const { return exit_code == 0 && signal == 0; }
  [[nodiscard]] std::string text() const;  // "exit code 3", "signal 9"
};

struct SpawnOptions {
  struct HandedFd {
    int fd;  // ours; stays open here
    int as;  // the number it has in the child
  };
  std::string program;                            // a path; no search. Relative: to cwd
  std::vector<std::string> argv;                  // with argv[0]
  std::optional<std::vector<std::string>> env{};  // "NAME=value"; nothing = ours
  std::vector<HandedFd> fds{};
  std::string cwd{};  // "" = ours
  bool new_session = false;
};

class Process {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;  // nothing = for ever

  // kNotFound, kPermissionDenied, ...: the program or the folder; kInvalidArgument: no argv, a NUL byte in a word, a
  // descriptor's number twice, below 0 or above 1023.
  static Result<Process> spawn(const SpawnOptions& options);
  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }          // for people and files; not for kill()
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }  // readable when it ended; -1 after wait() or leave()
  // How it ended; reaps it. The same answer again when asked again. kDeadlineExceeded: it runs on.
  // kFailedPrecondition after leave().
  Result<ProcessEnd> wait(Timeout timeout = {});
  Result<> signal(int number);  // kNotFound when it ended, even if nobody has waited yet
  void leave();                 // it goes on without us; when it ends, who reaps it is our parent's business

 private:
  Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  void kill_and_reap();
  pid_t pid_;
  Fd pidfd_;
  std::optional<ProcessEnd> end_;
};

// For processes that are not our children: a descriptor of the one that has this number now (kNotFound: none), and
// waiting for its end, of which nothing more can be known.
Result<Fd> open_pidfd(pid_t pid);
Result<> wait_for_end(const Fd& pidfd, Process::Timeout timeout = {});  // kDeadlineExceeded: it still runs

}  // namespace appliance::base
