// A cluster on one machine to try things with: what it is (a file), and its network (a bridge, one network namespace a
// node). What runs in the namespaces is the caller's.
//
//   auto cluster = TRY(plan_dev_cluster({.name = "x", .nodes = 3}, taken_networks));
//   TRY(write_dev_cluster(cluster));      // first, so that what a kill left can be removed by name
//   TRY(make_segment(cluster));           // idempotent
//   TRY(remove_segment(cluster));         // idempotent
//
// Nodes are NAME-1, NAME-2, … with the addresses .11, .12, … of a /24 out of 10.88.0.0/16; the machine itself is .1,
// the gateway. Files: /var/lib/appliance-dev/NAME/{cluster.json,kubeconfig,node-1/…}, /run/appliance-dev/NAME/node-1/….
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/netlink/ip.h"

namespace appliance::node {

inline constexpr int kDevNodesMax = 50;

struct DevNode {
  std::string name;
  std::string ip;
};
struct DevCluster {
  std::string name;
  net::netlink::Cidr network;
  std::vector<DevNode> nodes;
  std::vector<std::string> flags;  // of the server, beside those that every node gets

  [[nodiscard]] std::string data_root() const { return "/var/lib/appliance-dev/" + name; }
  [[nodiscard]] std::string run_root() const { return "/run/appliance-dev/" + name; }
  [[nodiscard]] std::string kubeconfig() const { return data_root() + "/kubeconfig"; }
  [[nodiscard]] std::string data_dir(size_t i) const { return data_root() + "/node-" + std::to_string(i + 1); }
  [[nodiscard]] std::string run_dir(size_t i) const { return run_root() + "/node-" + std::to_string(i + 1); }
  [[nodiscard]] std::string netns(size_t i) const { return run_dir(i) + ".netns"; }
  [[nodiscard]] std::string bridge() const;  // <= 15 characters, by a hash of the name
  [[nodiscard]] net::netlink::Ipv4 gateway() const { return {network.base.value + 1}; }  // the machine itself
};

struct DevClusterWish {
  std::string name;
  int nodes = 1;
};
// The first free network of 10.88.0.0/16. kInvalidArgument names the flag; kResourceExhausted. Pure.
Result<DevCluster> plan_dev_cluster(const DevClusterWish& wish, const std::vector<net::netlink::Cidr>& taken);

Result<std::optional<DevCluster>> read_dev_cluster(const std::string& name);  // nullopt: there is none
Result<> write_dev_cluster(const DevCluster& cluster);
Result<std::vector<std::string>> list_dev_clusters();
Result<std::vector<net::netlink::Cidr>> networks_in_use();  // routes of this machine, and clusters that are down

Result<> make_segment(const DevCluster& cluster);
Result<> remove_segment(const DevCluster& cluster);

}  // namespace appliance::node
