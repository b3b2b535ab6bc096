#include "orchestrator/kubelet/peer_routes.h"

#include <chrono>

#include "base/executor.h"
#include "orchestrator/api/facts.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr std::chrono::seconds kRetry{2};

}  // namespace

std::vector<podnet::Peer> peers_of(const std::vector<client::ObjectPtr>& nodes, std::string_view self) {
  std::vector<podnet::Peer> out;
  for (const auto& node : nodes) {
    if (node->key.name == self) continue;
    const auto document = node->document();
    podnet::Peer peer{.node = node->key.name,
                      .pod_cidr = std::string(json::string_at(document, {"spec", "podCIDR"})),
                      .node_ip = std::string(api::internal_ip(document))};
    if (!peer.pod_cidr.empty() && !peer.node_ip.empty()) out.push_back(std::move(peer));
  }
  return out;
}

void PeerRoutes::start() {
  thread_ = std::thread([this] { run(); });
  subscription_ = informers_.informer("nodes").subscribe([this](const client::Notice&) {
    const std::lock_guard lock(mutex_);
    dirty_ = true;
    wake_.notify_one();
  });
}

void PeerRoutes::stop() {
  subscription_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PeerRoutes::run() {
  base::set_thread_name("routes");
  std::vector<std::string> applied;
  std::string told;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return dirty_ || stopping_; });
      if (stopping_) return;
      dirty_ = false;
    }
    const auto& nodes = informers_.informer("nodes");
    if (nodes.revision() <= 0) continue;  // nothing is known yet: that is not the same as no peers
    const auto peers = peers_of(nodes.list(), node_);
    std::vector<std::string> wanted;
    for (const auto& peer : peers) wanted.push_back(peer.node + ' ' + peer.pod_cidr + ' ' + peer.node_ip);
    if (wanted == applied) continue;
    if (auto done = net_.set_peers(peers); done) {
      log_.info("routes to other nodes set", {{"nodes", peers.size()}});
      applied = std::move(wanted);
      told.clear();
      continue;
    } else if (std::exchange(told, done.error().message) != done.error().message) {
      log_.warn("not every node's pods can be reached, trying again", {{"error", done.error()}});
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kRetry, [&] { return stopping_; });
    dirty_ = true;
  }
}

}  // namespace appliance::orchestrator::kubelet
