#include "cmd/appliance/worker_steps.h"

#include "cmd/appliance/server_process.h"
#include "cmd/appliance/systemd.h"

namespace appliance::cmd {
Result<bool> run_worker(const node::Config& config, const std::vector<std::string>& flags, Steps& steps) {
  ControlClient client(config);
  const bool running = client.alive();
  if (running) {
    steps.skip("worker", "runs already");
  } else {
    TRY(fit_to_start(config, true));
    const bool by_unit = unit_serves(config);
    steps.begin(by_unit ? "worker started by systemd" : "worker started");
    TRY(by_unit ? start_unit() : start_server(config, flags, [](std::string_view) {}));
    steps.done();
  }
  const std::string node = "node " + config.node_name;
  steps.begin(node + " is Ready");
  const auto server = server_pidfd(config);
  const auto ready = wait_ready(client, node);
  if (!ready && ready.error().code != Code::kDeadlineExceeded)
    return fail(with_server_log(config, server, ready.error()));
  TRY(ready);
  steps.done();
  return !running;
}

void print_worker(const node::Membership& membership, bool changed) {
  std::string out = "\n";
  if (!changed) out += "Nothing to do: everything is as it should be.\n\n";
  out += "A worker of              " + membership.server + " (pods " + membership.pod_cidr + ")\n";
  out += "What runs here           appliance status\n";
  out += "Stop it, keep the data   appliance down\n";
  out += "Take it out again        appliance leave\n";
  print(out);
}

}  // namespace appliance::cmd
