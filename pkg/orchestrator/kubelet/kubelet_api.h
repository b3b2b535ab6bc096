// The kubelet API (port 10250): what other machines ask of this node. Mutual TLS is the listener's; who may ask is
// decided here, from the verified client certificate: members of system:masters alone.
//
//   auto listener = net::http::Server::listen(loop, {.port = 10250, .tls = tls}, kubelet_api_handler(kubelet.streams(),
//   {.healthy = …, .metrics = …}));
//
//   GET /containerLogs/NS/POD/CONTAINER?follow&previous&timestamps&tailLines&sinceSeconds&sinceTime&limitBytes
//   GET /exec/NS/POD/CONTAINER?command=…&input&output&error&tty   WebSocket, v5.channel.k8s.io or v4
//   GET /healthz · GET /metrics
// Errors are plain text with the status that a kubelet gives (404 unknown pod, 400 bad query, 403 wrong identity).
#pragma once

#include <functional>

#include "base/log.h"
#include "base/metrics.h"
#include "net/http/server.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::kubelet {

struct KubeletApiOptions {
  base::Metrics* metrics = nullptr;  // may be null: /metrics is then 404
  base::Log log;
};
net::http::Handler kubelet_api_handler(client::NodeStreams& streams, KubeletApiOptions options);

}  // namespace appliance::orchestrator::kubelet
