// What a machine that joined knows about its cluster: <data-dir>/cluster.json and its keys under <data-dir>/pki. The
// file is written last: a machine is a member when it is there, and whole.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/json/json.h"
#include "node/config/config.h"
#include "orchestrator/client/rest.h"

namespace appliance::node {

struct Membership {
  std::string server;  // "https://192.0.2.1:6443"
  std::string ca_sha256;
  std::string node_name;
  std::string node_ip;
  std::string cluster_cidr;
  std::string service_cidr;
  std::string cluster_dns;
  std::string cluster_domain;
  std::string pod_cidr;        // "" until the cluster has given this node one
  int64_t grace_seconds = 40;  // a node silent for so long is NotReady: it must say something more often
};

// The ConfigMap of kube-system that says what the cluster is; servers write it, joining machines and nodes read it.
orchestrator::client::ObjectKey cluster_facts_key();
// What the map does not say stays as it was known.
void read_facts(const json::Value& config_map, Membership& out);
json::Value facts_map(const Config& config, const std::string& version);

// nullopt: this machine joined no cluster. kDataLoss: the file is damaged, with the remedy.
Result<std::optional<Membership>> read_membership(const Config& config);
Result<> write_membership(const Config& config, const Membership& membership);
Result<> remove_membership(const Config& config);  // and the keys that belong to it; idempotent

// What the cluster says overrides what a flag said: a worker's networks are not its own choice.
void apply_membership(Config& config, const Membership& membership);

// <data-dir>/pki of a worker: ca.crt, node.key and node.crt (client, system:node:NAME), kubelet.key and kubelet.crt
// (serving).
struct NodeKeys {
  std::string ca_pem;
  std::string node_key_pem;
  std::string node_pem;
  std::string kubelet_key_pem;
  std::string kubelet_pem;  // "" until it was issued
};
Result<NodeKeys> read_node_keys(const Config& config);

// How this node talks to its cluster; the caller may set a deadline.
orchestrator::client::HttpsOptions https_options(const Membership& membership, const NodeKeys& keys);

}  // namespace appliance::node
