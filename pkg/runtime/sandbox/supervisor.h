// The server's side of a pod's supervisor: starting one, and asking it (runtime/stage/protocol.h).
//
//   int pid = TRY(spawn_supervisor({.stage = memfd, .pod_dir = dir, .plan = plan, .procs = ...}));
//   SupervisorClient client(dir);
//   auto reply = TRY(client.call(request, fds, 10s));
//
// The supervisor is spawned with posix_spawn (the threaded server never runs code after a fork), goes into the
// background by itself and is found again through its socket. SupervisorClient is a value: a path; every call is its
// own connection.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "runtime/stage/protocol.h"

namespace appliance::runtime::sandbox {

struct SpawnOptions {
  int stage_fd = -1;       // stage_memfd()
  std::string plan;        // PlanKind::kSandbox
  std::vector<int> procs;  // cgroup.procs of the groups that the supervisor lives in
  std::chrono::milliseconds deadline{10'000};
};
// The pid of the supervisor, which then serves <pod-dir>/sock. Errors name the step that failed.
Result<int> spawn_supervisor(const SpawnOptions& options);

struct Answer {
  stage::Reply reply;
  base::Fd fd;  // a terminal, when one came along
};

class SupervisorClient {
 public:
  explicit SupervisorClient(std::string pod_dir) : pod_dir_(std::move(pod_dir)) {}
  // kUnavailable when nobody listens; kDeadlineExceeded; a refused request is an Error with the supervisor's text and
  // errno.
  [[nodiscard]] Result<Answer> call(const stage::Request& request, const std::vector<int>& fds,
                                    std::chrono::milliseconds deadline) const;
  // A connection on which the request was sent; answers are read by receive().
  [[nodiscard]] Result<base::Fd> send(const stage::Request& request, const std::vector<int>& fds) const;

 private:
  std::string pod_dir_;
};

// Waits at most `deadline` for one message; a negative deadline waits for ever. kUnavailable at end of file.
Result<Answer> receive(int socket, std::chrono::milliseconds deadline);
// A refused request as an Error.
Result<> check(const stage::Reply& reply);

stage::Request make_request(stage::Verb verb, const std::string& id = {}, int number = 0);

}  // namespace appliance::runtime::sandbox
