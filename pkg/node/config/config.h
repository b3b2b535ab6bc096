// Configuration of a node: the flags of `up` and `server`, the same names in the file and the environment.
//
// Precedence: flag, then environment (APPLIANCE_DATA_DIR for --data-dir), then file (data-dir: …), then default.
// One table of options (options()) drives all three and --help, so they cannot drift apart.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace appliance::node {

struct Config {
  std::string data_dir = "/var/lib/appliance";
  std::string run_dir = "/run/appliance";
  std::string config = "/etc/appliance/config.yaml";
  std::string node_name;  // default: the host's name, lower case
  std::string node_ip;    // default: source address of the default route, else 127.0.0.1
  std::string bind_address = "0.0.0.0";
  int https_listen_port = 6443;
  int store_client_port = 2379;
  int store_peer_port = 2380;
  int kubelet_port = 10250;
  std::string cluster_cidr = "10.42.0.0/16";
  std::string service_cidr = "10.43.0.0/16";
  std::string cluster_dns = "10.43.0.10";
  std::string cluster_domain = "cluster.local";
  std::string service_node_port_range = "30000-32767";
  std::vector<std::string> tls_san;
  std::string datastore_endpoint;
  std::string write_kubeconfig;
  std::string kubeconfig_mode = "0600";
  std::string log_level = "info";
  std::string log_format = "text";
  int node_monitor_grace_period_seconds = 40;
  int default_unreachable_toleration_seconds = 300;
  bool no_demo = false;
  std::vector<std::string> registry_mirrors;  // "docker.io=http://127.0.0.1:5000"

  [[nodiscard]] bool default_dirs() const { return data_dir == "/var/lib/appliance"; }
  [[nodiscard]] std::string store_dir() const { return data_dir + "/store"; }
  [[nodiscard]] std::string images_dir() const { return data_dir + "/images"; }
  [[nodiscard]] std::string pods_dir() const { return data_dir + "/pods"; }
  [[nodiscard]] std::string pki_dir() const { return data_dir + "/pki"; }
  [[nodiscard]] std::string pod_log_dir() const { return default_dirs() ? "/var/log/pods" : data_dir + "/log/pods"; }
  [[nodiscard]] std::string container_log_dir() const {
    return default_dirs() ? "/var/log/containers" : data_dir + "/log/containers";
  }
  [[nodiscard]] std::string server_log() const { return data_dir + "/log/server.log"; }
  [[nodiscard]] std::string control_socket() const { return run_dir + "/control.sock"; }
  [[nodiscard]] std::string pid_file() const { return run_dir + "/server.pid"; }
  [[nodiscard]] std::string admin_kubeconfig() const { return data_dir + "/admin.kubeconfig"; }
  [[nodiscard]] std::string kubeconfig_note() const { return data_dir + "/kubeconfig-folder"; }
  [[nodiscard]] std::string cgroup_parent() const;  // kubepods, or kubepods-<hash of the run folder>
};

struct Option {
  std::string name;  // "data-dir"
  std::string help;  // one line, with the default
  enum class Kind : unsigned char { kText, kInt, kSeconds, kBool, kList } kind = Kind::kText;
  std::function<Result<>(Config&, const std::string& value)> set;  // lists append
  std::function<std::string(const Config&)> get;                   // the value as set() takes it; lists joined by ','
};
const std::vector<Option>& options();

// What the file says, in its order. kInvalidArgument names the line's key: `config.yaml: data-dirr: no such option`.
Result<> apply_file(Config& config, const std::string& path, bool must_exist);
Result<> apply_environment(Config& config);
// Checks what belongs together and fills the defaults that depend on the machine (node name, node address).
Result<> complete(Config& config);

}  // namespace appliance::node
