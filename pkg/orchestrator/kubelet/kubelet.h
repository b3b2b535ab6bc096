// The node agent: makes the pods that are bound to this node run, and says how they are.
//
//   Kubelet kubelet({.node_name = "n1", .node_ip = "192.0.2.1", ...}, client, informers, runtime, net, clock, random,
//   log, metrics); TRY(kubelet.start());          // adopts what runs, watches, registers the Node
//   server.set_streams(kubelet.streams());
//   kubelet.stop();                // containers go on
//
// start() adopts running sandboxes and containers by their labels without touching them. All pods are torn down whose
// object is gone from the API, but never before the informer is synced and a GET has confirmed it.
// Threads: a few workers for pods (kWorkers), one each for events, probes and the node; waiting work in an elastic
// pool.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/node_stats.h"
#include "orchestrator/client/node_streams.h"
#include "orchestrator/podnet/podnet.h"
#include "runtime/cri/cri.h"

namespace appliance::orchestrator::kubelet {

struct Options {
  std::string node_name;
  std::string node_ip;
  std::string data_dir;  // pods/<uid> is below it
  std::string run_dir;
  std::string pod_log_root = "/var/log/pods";
  std::string container_log_links = "/var/log/containers";  // "" = no links
  std::string cgroup_parent = "kubepods";
  std::string cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string host_resolv_conf = "/etc/resolv.conf";
  std::string pod_cidr;  // of this node, for the Node object; "" = left to a controller
  std::string version = "v1.33.0+appliance";
  int kubelet_port = 10250;
  int pods_max = 110;
  int workers = 8;                          // pods that are worked on at once
  std::chrono::seconds lease_duration{40};  // renewed at a quarter of it
  bool register_node = true;
};

class Kubelet {
 public:
  Kubelet(Options options, client::Client& client, client::InformerSource& informers, runtime::cri::Runtime& runtime,
          podnet::PodNet& net, const base::Clock& clock, base::Random& random, base::Log log, base::Metrics& metrics);
  ~Kubelet();  // stop()
  Kubelet(const Kubelet&) = delete;
  Kubelet& operator=(const Kubelet&) = delete;

  Result<> start();
  void stop();  // idempotent; nothing of the kubelet runs after it, all containers do
  // For `down`: stops every pod of this node within the deadline (their own grace inside it), gives back their
  // sandboxes and networks. Objects stay in the API. Call between start() and stop().
  Result<> stop_all_pods(std::chrono::seconds deadline);
  client::NodeStreams& streams();
  client::NodeStats& stats();
  [[nodiscard]] bool node_ready() const;  // the Node object says Ready
  void poke();                            // the clock was moved (tests)

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::orchestrator::kubelet
