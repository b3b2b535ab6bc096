// The control socket's own paths, /control/…: what the command line asks the server of its machine. HTTP on a unix
// socket that only root may open (0600 in a folder of root). Everything else on that socket is the Kubernetes API, as
// the admin.
//
// GET /control/ping · GET /control/status · GET /control/wait?for=node (answers when the node is Ready, or 504)
// POST /control/stop {"pods":bool} · /control/images… · /control/store/{status,range,put,del,watch}
// GET /control/tokens · POST /control/tokens {"ttl_seconds":int,"role":"worker","description":""} answers with the
// token, once · DELETE /control/tokens?id=ID
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"
#include "net/http/server.h"
#include "node/config/config.h"
#include "node/server.h"
#include "orchestrator/client/client.h"
#include "runtime/image/image_store.h"
#include "store/kv.h"

namespace appliance::node {

struct ControlDeps {
  const Config& config;
  store::Kv* kv;  // null on a worker: the store is on the servers
  orchestrator::client::InformerSource& informers;
  net::http::Handler api;                               // the API server's handler; empty on a worker
  std::function<runtime::image::ImageStore*()> images;  // null until the runtime is up
  std::function<bool()> node_ready;
  std::function<void(StopKind)> stop;
  base::Executor& blocking;
  orchestrator::client::Client& client;  // as the cluster's admin
  const std::string& ca_pem;             // what join tokens pin
  const base::Clock& clock;
  base::Random& random;
  std::string api_url{};                   // where the cluster's API is
  std::function<std::string()> problem{};  // of this machine with its cluster, in words; empty: none
  std::function<bool()> stopping{};        // whoever waits for something is sent away then
};

net::http::Handler control_handler(ControlDeps deps);

// The image of the binary itself.
inline constexpr std::string_view kDemoImage = "docker.io/appliance/demo:latest";

}  // namespace appliance::node
