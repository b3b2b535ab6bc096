// What of this machine's own firewall stops pods: made-up packets of pods are walked through the rules that are there.
// A packet passes every base chain of a hook: our accept cannot overrule another table's drop.
#pragma once

#include "orchestrator/podnet/firewall.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::podnet {

struct DiagnoseOptions {
  std::string cluster_cidr = "10.42.0.0/16";
  std::string node_ip = "127.0.0.1";
  int api_port = 6443;
};

// In words, each with its remedy; empty: nothing stops pods. Pure.
Result<std::vector<std::string>> diagnose(const Firewall& firewall, const DiagnoseOptions& options);
// The same of this network namespace.
Result<std::vector<std::string>> diagnose(const DiagnoseOptions& options);

}  // namespace appliance::orchestrator::podnet
