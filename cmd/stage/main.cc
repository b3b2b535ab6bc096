// stage: the supervisor of a pod and the first process of its containers. Started by the server as
//   stage supervisor N      descriptors: 3 channel, 4 plan, 5 … 5+N-1 cgroup.procs of the supervisor's groups
// It goes into the background by itself; everything else comes over the pod's socket. Nothing here is for people.
#include <string.h>
#include <sys/stat.h>

#include "stage/supervisor.h"

// What libstdc++'s string_view::substr calls for a position past the end: a bug of ours, so the process ends at once.
namespace std {
void __throw_out_of_range_fmt(const char*, ...) { __builtin_trap(); }
}  // namespace std

int main(int argc, char** argv) {
  using namespace appliance::stage;
  uint32_t count = 0;
  if (argc != 3 || strcmp(argv[1], "supervisor") != 0 || !parse_id(argv[2], count) || count > 16) {
    static const char kText[] = "stage is a part of appliance and is not started by hand\n";
    (void)!write(2, kText, sizeof kText - 1);
    return 2;
  }
  if (close_range(5 + count, ~0U, 0) != 0) return 1;
  for (unsigned fd = 3; fd < 5 + count; ++fd) fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  // Away from the server: its own session, and a parent that outlives the server.
  const pid_t pid = fork();
  if (pid != 0) _exit(pid < 0 ? 1 : 0);
  setsid();
  umask(022);
  int procs[16];
  for (unsigned i = 0; i < count; ++i) procs[i] = static_cast<int>(5 + i);
  run_supervisor(3, 4, procs, count);
}
