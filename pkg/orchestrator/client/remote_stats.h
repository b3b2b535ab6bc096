// What nodes use, by the node's name: this machine's kubelet, or another's over HTTPS (GET /stats/summary), whose
// address and number of cores the nodes informer tells.
//
//   auto stats = make_stats_router({.local_node = "n1", .local = &kubelet.stats(), .credentials = {...}}, informers);
//   api.set_node_stats(stats.get());
//
// Who is asked, and as whom, is as in remote_streams.h. What keeps a node from answering is kUnavailable `node "n2"
// does not answer: …`, at most kStatsDeadline and a connection attempt late. Threads: node-stats, 0 to
// kStatsThreadsMax; none while nobody asks. The router goes before `local` and the informers, after who calls it; its
// destructor answers what is under way with kUnavailable.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "orchestrator/client/client.h"
#include "orchestrator/client/node_stats.h"
#include "orchestrator/client/remote_streams.h"

namespace appliance::orchestrator::client {

inline constexpr size_t kStatsThreadsMax = 8;  // nodes that are asked at this moment; an answer takes milliseconds
inline constexpr std::chrono::milliseconds kStatsDeadline{3000};
inline constexpr size_t kStatsBytesMax = 4U << 20U;  // 110 pods are 40 KB

struct StatsRouterOptions {
  std::string local_node;
  NodeStats* local = nullptr;
  StreamCredentials credentials;
};
std::unique_ptr<NodeStats> make_stats_router(StatsRouterOptions options, InformerSource& informers);

}  // namespace appliance::orchestrator::client
