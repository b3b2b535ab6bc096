// Keeps the routes to the pods of the other nodes as the Node objects say: whoever has a pod range and an InternalIP.
// plan_peers() is pure; one thread applies, so that handlers of the informer stay quick.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "orchestrator/client/client.h"
#include "orchestrator/podnet/podnet.h"

namespace appliance::orchestrator::kubelet {

// One peer per node but `self`; nodes without a range or an address are left out (they get one soon). By name.
std::vector<podnet::Peer> peers_of(const std::vector<client::ObjectPtr>& nodes, std::string_view self);

class PeerRoutes {
 public:
  PeerRoutes(std::string node, client::InformerSource& informers, podnet::PodNet& net, base::Log log)
      : node_(std::move(node)), informers_(informers), net_(net), log_(std::move(log)) {}
  ~PeerRoutes() { stop(); }
  PeerRoutes(const PeerRoutes&) = delete;
  PeerRoutes& operator=(const PeerRoutes&) = delete;
  void start();
  void stop();  // idempotent; routes stay

 private:
  void run();
  const std::string node_;
  client::InformerSource& informers_;
  podnet::PodNet& net_;
  const base::Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool dirty_ = false;     // GUARDED_BY(mutex_)
  bool stopping_ = false;  // GUARDED_BY(mutex_)
  std::unique_ptr<client::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace appliance::orchestrator::kubelet
