// appliance down: stops pods and server, keeps the data.
#include <unistd.h>

#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/server_process.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

int down(Argv argv) {
  bool keep_pods = false;
  Args args("down", "stops pods and server, keeps data", {"sudo appliance down", "sudo appliance down --keep-pods"});
  args.flag("--keep-pods", keep_pods, "stop the server alone: pods go on, the next up finds them");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = target.config();
  if (!config) return report("down", config.error());
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "down: must run as root",
                        .errno_value = 0,
                        .hint = "sudo appliance down"});
  Steps steps;
  steps.begin(keep_pods ? "server stopped, pods go on" : "pods and server stopped");
  const auto stopped = stop_whoever(*config, {.keep_pods = keep_pods});
  if (!stopped) {
    print("\n");
    return report("down", stopped.error());
  }
  steps.done();
  if (!*stopped) {
    print("\nNothing to do: no server runs (" + config->control_socket() + ").\n");
    return kDone;
  }
  print("\nThe data is kept in " + config->data_dir + ". Go on with: appliance up\n");
  return kDone;
}

}  // namespace appliance::cmd
