// The kubelet API (port 10250): what other machines ask of this node. Mutual TLS is the listener's; who may ask is
// decided here, from the verified client certificate: members of system:masters alone.
//
//   auto listener = net::http::Server::listen(loop, {.port = 10250, .tls = tls}, kubelet_api_handler(kubelet.streams(),
//   {.metrics = &metrics, .log = log}));
//   ...
//   listener->stop();   // then drop the listener, and with it the handler, before `streams` goes
//
//   GET /containerLogs/NS/POD/CONTAINER?follow&previous&timestamps&tailLines&sinceSeconds&sinceTime&limitBytes
//   GET /exec/NS/POD/CONTAINER?command=…&input&output&error&tty   WebSocket, v5.channel.k8s.io or v4; /attach likewise
//   GET /stats/summary   what the node and its pods use, as a kubelet answers it (client/stats_summary.h)
//   GET /healthz · GET /metrics
// Errors are plain text with the status that a kubelet gives (404 unknown pod, 400 bad query, 401 no certificate, 403
// wrong identity). What goes wrong with an exec after its upgrade (an unknown pod as well) comes on the error channel.
// Threads: kubelet-api, 0 to kApiThreadsMax, for starting streams; none while nobody asks.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/http/server.h"
#include "orchestrator/client/node_stats.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::kubelet {

inline constexpr size_t kApiThreadsMax = 16;  // streams that start at this moment, and execs that wait for their input

struct KubeletApiOptions {
  base::Metrics* metrics = nullptr;    // may be null: /metrics is then 404
  const base::Clock* clock = nullptr;  // for sinceSeconds; null: the system's
  base::Log log;
  client::NodeStats* stats = nullptr;  // may be null: /stats/summary is then 404
  std::string node{};                  // whose
};
net::http::Handler kubelet_api_handler(client::NodeStreams& streams, KubeletApiOptions options);

}  // namespace appliance::orchestrator::kubelet
