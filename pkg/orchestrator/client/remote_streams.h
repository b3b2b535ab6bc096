// Logs and exec of pods on other nodes: the API server's side of the kubelet API. Which node a pod is on is told by the
// pods informer, its address by the nodes informer (status.addresses InternalIP, daemonEndpoints port).
//
//   auto streams = make_stream_router({.local_node = "n1", .local = &kubelet.streams(), .credentials = {...}},
//   informers, loop); api.set_node_streams(streams.get());
//
// The kubelet is asked as kube-apiserver would: GET /containerLogs/NS/POD/CONTAINER?follow=…, WebSocket
// /exec/NS/POD/CONTAINER?command=… with v5.channel.k8s.io. Its serving certificate must be signed by `ca_pem` and carry
// the node's name (system:node:NAME, as its common name) and address. Calls return at once: what keeps a node from
// answering comes through sink->finish() and peer->on_error() as kUnavailable `node "n2" does not answer: …`.
//
// The router goes before the loop stops and before `local`, after who calls it. Its destructor ends all streams.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "net/loop/loop.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::client {

struct StreamCredentials {
  std::string ca_pem;
  std::string certificate_pem;  // of kube-apiserver-kubelet-client, in system:masters
  std::string key_pem;
};
struct StreamRouterOptions {
  std::string local_node;
  NodeStreams* local = nullptr;
  StreamCredentials credentials;
  base::Log log;
};
std::unique_ptr<NodeStreams> make_stream_router(StreamRouterOptions options, InformerSource& informers,
                                                net::Loop& loop);

}  // namespace appliance::orchestrator::client
