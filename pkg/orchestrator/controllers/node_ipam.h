// Gives each node its range of pod addresses (spec.podCIDR): the lowest free subnet of the cluster's network. A node
// keeps its range for as long as its object lives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/controllers/reconciler.h"

namespace appliance::orchestrator::controllers {

struct NodeIpamOptions {
  std::string cluster_cidr = "10.42.0.0/16";
  int node_bits = 24;  // the size of a node's range
  // Ranges that a node uses whatever its object says: a server's own, chosen before there is an API. They are for that
  // node alone, also while its object is deleted.
  struct Reserved {
    std::string node_name;
    std::string cidr;
  };
  std::vector<Reserved> reserved{};
};

// The lowest subnet that overlaps none of `taken`. Pure. kResourceExhausted: the network is full, with the remedy.
Result<std::string> free_subnet(const NodeIpamOptions& options, const std::vector<std::string>& taken);

// The range for this node: its reserved one, or the lowest that is neither `taken` nor another's reserved one. Pure.
Result<std::string> range_for(const NodeIpamOptions& options, const std::string& node_name,
                              std::vector<std::string> taken);

std::unique_ptr<Reconciler> make_node_ipam_controller(NodeIpamOptions options);

}  // namespace appliance::orchestrator::controllers
