// ApiServer: the Kubernetes API over the store, as one component. The composition root makes the TLS listener and hands
// every exchange to handler(); controllers, scheduler, kubelet and proxy of this process take client_as() and
// informers().
//
//   auto server = TRY(ApiServer::create({.kv = &kv, .clock = &clock, .random = &random, ...}));
//   TRY(server->start());                      // watch cache in step, bootstrap objects written
//   auto listener = net::http::Server::listen(loop, options, server->handler());
//   ...
//   listener->stop();                          // first, so that no new exchange comes
//   server->stop();
//
// create() touches nothing; start() blocks (pool threads and main only); all else is thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "orchestrator/apiserver/options.h"
#include "orchestrator/apiserver/user.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator::apiserver {

class ApiServer {
 public:
  virtual ~ApiServer() = default;  // stop()
  static Result<std::unique_ptr<ApiServer>> create(Options options);

  // Errors: kUnavailable and whatever the store says. After an error the server is to be destroyed.
  virtual Result<> start() = 0;
  virtual void stop() = 0;  // idempotent; returns when nothing of the server runs. Streams end.
  [[nodiscard]] virtual bool ready() const = 0;

  [[nodiscard]] virtual net::http::Handler handler() = 0;
  // A client of this process with that identity: `system:node:n1` in `system:nodes`, or internal_user(). The server
  // keeps it.
  virtual client::Client& client_as(const std::string& user, const std::vector<std::string>& groups) = 0;
  virtual client::Client& internal_client() = 0;  // system:apiserver, of system:masters: controllers and scheduler
  virtual client::InformerSource& informers() = 0;
  virtual void set_node_streams(client::NodeStreams* streams) = 0;  // null: exec and logs answer 503
  virtual void set_node_stats(client::NodeStats* stats) = 0;        // null: nobody knows what nodes use
  [[nodiscard]] virtual int64_t store_revision() const = 0;         // what the watch cache has reached
};

}  // namespace appliance::orchestrator::apiserver
