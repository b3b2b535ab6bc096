// The package's unit, appliance.service, for the verbs that start and stop the server.
//
//   if (unit_serves(config)) TRY(start_unit());      // instead of start_server()
//
// systemd is spoken to through its own program, systemctl: where the one is, the other is. Blocking.
// Sources: sd_booted(3), sd_notify(3), systemd.resource-control(5) "Delegate=".
#pragma once

#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "node/config/config.h"

namespace appliance::cmd {

inline constexpr const char* kUnit = "appliance.service";
// The server's exit status when the control socket asked it to stop its pods and itself: the unit's
// RestartPreventExitStatus= names it, so that Restart=always does not bring back what `down` has stopped.
inline constexpr int kStoppedOnRequest = 10;

// What the unit's server uses: the file and the defaults, no environment of a person's shell.
Result<node::Config> unit_config();
// systemd runs this machine, has the unit, and `config` means the unit's server: its run folder, not a second
// cluster's.
bool unit_serves(const node::Config& config);
// The option, if any, whose value the unit's server would not use. Options of `up` alone do not count, nor those that
// the caller says are kept elsewhere. Pure.
std::optional<std::string> differs_from_unit(const node::Config& wanted, const node::Config& unit,
                                             const std::set<std::string>& kept = {});
// The same as an error that says what to write into the file. Nothing to compare with: fine.
Result<> check_unit_config(const node::Config& wanted, const std::set<std::string>& kept = {});

// Starts the unit, returns when it is READY, and enables it for the next boot. A failed start is stopped again; the
// error has the end of its journal.
Result<> start_unit();
// Stops the server (pods go on, as with SIGTERM), whether it runs or waits for its restart.
Result<> stop_unit();
Result<> disable_unit();
bool unit_active();  // it runs, starts, or waits for its restart

// For the server at its start: into the group `server` below the unit's own, when systemd has delegated that (252 has
// no DelegateSubgroup=). Nothing happens elsewhere.
Result<> enter_unit_subgroup();
bool started_by_systemd();

}  // namespace appliance::cmd
