#include "cmd/appliance/worker_steps.h"

#include "cmd/appliance/control_client.h"
#include "cmd/appliance/server_process.h"
#include "cmd/appliance/systemd.h"
#include "node/check/check.h"

namespace appliance::cmd {
namespace {

constexpr int kReadyRounds = 4;  // of 30 s each

Result<> wait_ready(ControlClient& client, const node::Config& config) {
  const auto server = server_pidfd(config);
  for (int round = 0; round < kReadyRounds; ++round) {
    const auto done = client.call("GET", "/control/wait?for=node");
    if (done) return {};
    if (done.error().code != Code::kDeadlineExceeded) return fail(with_server_log(config, server, done.error()));
  }
  return fail(Error{.code = Code::kDeadlineExceeded,
                    .message = "node " + config.node_name + " is not Ready after two minutes",
                    .errno_value = 0,
                    .hint = "appliance status says what is wrong"});
}

}  // namespace

Result<bool> run_worker(const node::Config& config, const std::vector<std::string>& flags, Steps& steps) {
  ControlClient client(config);
  const bool running = client.alive();
  if (running) {
    steps.skip("worker", "runs already");
  } else {
    for (const auto& line : node::check_start(config, true))
      if (line.state == node::CheckLine::State::kFailed)
        return fail(Error{.code = Code::kFailedPrecondition,
                          .message = line.name + ": " + line.detail,
                          .errno_value = 0,
                          .hint = line.remedy});
    const bool by_unit = unit_serves(config);
    steps.begin(by_unit ? "worker started by systemd" : "worker started");
    TRY(by_unit ? start_unit() : start_server(config, flags, [](std::string_view) {}));
    steps.done();
  }
  steps.begin("node " + config.node_name + " is Ready");
  TRY(wait_ready(client, config));
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
