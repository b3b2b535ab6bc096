// The server as a process of this machine, for the verbs that start and stop it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/appliance/control_client.h"
#include "node/config/config.h"

namespace appliance::cmd {

// Is this machine fit for a start? The first line of node::check_start() that is not, with its remedy.
Result<> fit_to_start(const node::Config& config, bool worker = false);

// Starts `appliance server` with these flags in a session of its own, its log in <data-dir>/log/server.log. Returns
// when it said READY; an early end is an error with the last lines of the log.
Result<> start_server(const node::Config& config, const std::vector<std::string>& flags,
                      const std::function<void(std::string_view)>& on_status);

// Until the node of the running server is Ready. `who` is for the text of kDeadlineExceeded, after two minutes.
Result<> wait_ready(ControlClient& client, std::string_view who);

// A server that did not get to where we waited for it: lets its process end, if it is about to, and adds the end of its
// log to the error (under systemd: where its log is). `pidfd` is of server_pidfd(), taken before the wait.
Error with_server_log(const node::Config& config, const base::Fd& pidfd, Error error);
base::Fd server_pidfd(const node::Config& config);  // empty: none runs

// Asks the running server to stop and waits for its process to end (no limit: pods get their grace). kUnavailable when
// none runs.
Result<> stop_server(const node::Config& config, bool pods);

// The same whoever started the server, systemd or `up`: afterwards none runs, and none comes back by itself, at the
// next boot neither. Without keep_pods no pod runs, also when there was no server to stop them. False: there was
// nothing to do.
struct StopOptions {
  bool keep_pods = false;
};
Result<bool> stop_whoever(const node::Config& config, StopOptions options);

}  // namespace appliance::cmd
