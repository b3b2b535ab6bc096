// Is this machine fit? Kernel, cgroups, ports, disk, clock: one line each; a line that fails names the remedy.
#pragma once

#include <string>
#include <vector>

#include "node/config/config.h"

namespace appliance::node {

struct CheckLine {
  enum class State : unsigned char { kOk, kWarning, kFailed } state = State::kOk;
  std::string name;
  std::string detail;
  std::string remedy;  // when not ok
};

// Probes by doing (makes and removes scratch namespaces and mounts in a child); `running`: our own server holds the
// ports.
std::vector<CheckLine> check_machine(const Config& config, bool running);
// The part that `up` and `join` run before they start a server: root, ports, cgroups. Fast.
std::vector<CheckLine> check_start(const Config& config, bool worker = false);

// "nginx (pid 123)" that listens on this TCP port, "" when nobody does; "another process" when it cannot be seen.
std::string port_holder(int port);

}  // namespace appliance::node
