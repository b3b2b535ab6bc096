// appliance server: the node in the foreground. Type=notify for systemd: READY when the API serves.
#include <sys/resource.h>
#include <unistd.h>

#include <malloc.h>
#include <csignal>

#include "base/executor.h"
#include "cmd/appliance/node_flags.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/systemd.h"
#include "cmd/appliance/verbs.h"
#include "node/server.h"
#include "node/version.h"

namespace appliance::cmd {
namespace {

// Signals are read from a descriptor by one thread: block them before any other thread exists.
void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);  // what the hard limit gives is all that can be had
}

}  // namespace

int server(Argv argv) {
  Args args("server", "runs the server in the foreground (for systemd); up is the friendlier way",
            {"appliance server", "appliance server --data-dir /srv/a --run-dir /run/a --https-listen-port 7443"});
  NodeFlags flags(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = flags.config(args);
  if (!config) return report("server", config.error());
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "server: must run as root: it makes namespaces, mounts and network links",
                        .errno_value = 0,
                        .hint = "sudo appliance server"});
  base::set_thread_name("appliance");  // we were started as /proc/self/exe, and ps should say who we are
  block_signals();
  raise_file_limit();
  mallopt(M_ARENA_MAX, 4);  // freed documents must go back: see docs/architecture.md, memory
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
  const base::SystemClock clock;
  base::SystemRandom random;
  const base::Log log(std::make_shared<base::LogSink>(
      STDERR_FILENO, *base::parse_log_level(config->log_level),
      config->log_format == "json" ? base::LogFormat::kJson : base::LogFormat::kText, clock));
  if (auto entered = enter_unit_subgroup(); !entered)
    log.warn("stays in the unit's own control group", {{"error", entered.error()}});
  log.info("starting",
           {{"version", node::version().appliance}, {"node", config->node_name}, {"data_dir", config->data_dir}});
  auto server = node::Server::start(*config, clock, random, log);
  if (!server) {
    log.error("could not start", {{"error", server.error()}, {"hint", server.error().hint}});
    return report("server", server.error());
  }
  const auto kind = (*server)->wait();
  log.info("stopping", {{"pods", kind == node::StopKind::kPods ? "stop" : "go on"}});
  const auto stopped = (*server)->stop(kind);
  log.info("stopped");
  if (kind == node::StopKind::kPods && started_by_systemd()) return kStoppedOnRequest;
  return stopped ? kDone : kFailed;
}

}  // namespace appliance::cmd
