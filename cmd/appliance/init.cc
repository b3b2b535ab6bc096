// appliance init: the first process of a machine whose kernel boots from this binary; not for people. See
// node/init/first_process.h. Flags come from the kernel's command line, behind `--`.
#include <unistd.h>

#include "base/fs.h"
#include "cmd/appliance/node_flags.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"
#include "node/init/first_process.h"
#include "node/init/machine.h"
#include "node/version.h"

namespace appliance::cmd {
namespace {

constexpr const char* kModuleList = "/lib/modules/load";
constexpr const char* kDefaultHostname = "appliance";

Result<> prepare(const base::Log& log, const std::string& hostname) {
  TRY(node::init::mount_machine());
  for (const auto& problem : node::init::load_modules(kModuleList))
    log.warn("a module was not loaded, what needs it will say so", {{"error", problem}});
  TRY(node::init::raise_limits());
  TRY(node::init::set_hostname(hostname));
  return node::init::loopback_up();
}

}  // namespace

int init(Argv argv) {
  Args args("init", "the first process of a machine that boots from this binary",
            {"on a kernel's command line: rdinit=/init console=ttyS0 -- --no-demo"});
  NodeFlags flags(args);
  node::init::FirstProcess first;
  std::string hostname = kDefaultHostname;
  args.option("--hostname", hostname, "the machine's name (appliance)");
  args.option("--server-log", first.server_log, "where the server's lines go: a file or a device (the data folder)");
  args.flag("--console-verbs", first.console_verbs, "each line on the console is a verb of this binary");
  if (auto code = args.parse(argv)) return *code;
  if (getpid() != 1)
    return report(Error{.code = Code::kFailedPrecondition,
                        .message = "init: not the first process of a machine",
                        .errno_value = 0,
                        .hint = "a kernel starts it: rdinit=/init; on a running machine: appliance up"});
  const base::SystemClock clock;
  const base::Log log(
      std::make_shared<base::LogSink>(STDERR_FILENO, base::LogLevel::kInfo, base::LogFormat::kText, clock));
  log.info("booting", {{"version", node::version().appliance}});
  if (auto ready = prepare(log, hostname); !ready) return report("init", ready.error());
  const auto config = flags.config(args);
  if (!config) return report("init", config.error());
  if (first.server_log.empty()) {
    if (auto made = base::make_dirs(config->data_dir + "/log", 0755); !made) return report("init", made.error());
    first.server_log = config->server_log();
  }
  first.server_flags = flags.given(args);
  return report("init", node::init::run_first_process(first, log).error());
}

}  // namespace appliance::cmd
