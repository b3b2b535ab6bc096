// One exec on another node: a WebSocket to its kubelet, spoken from the client's side (remote_command.h).
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "net/http/server.h"
#include "net/loop/loop.h"
#include "orchestrator/client/node_streams.h"
#include "orchestrator/client/node_target.h"

namespace appliance::orchestrator::client {

// Held by the session's handle and the socket's handlers. Output goes to the peer on loop threads; while the peer has
// more than kSinkHighWater of it waiting the node is not read from. Input that comes before the node answered waits.
class RemoteExec final : public std::enable_shared_from_this<RemoteExec> {
 public:
  RemoteExec(net::Loop& loop, NodeTarget target, std::shared_ptr<ExecPeer> peer)
      : loop_(loop), target_(std::move(target)), peer_(std::move(peer)) {}

  void start(const ExecRequest& request);
  bool send(std::string message);  // any thread; false: nobody reads any more
  [[nodiscard]] size_t bytes_queued() const;
  void drop();  // any thread; the peer hears no more, the connection closes

 private:
  void on_opened(Result<std::shared_ptr<net::http::WebSocket>> opened);
  void on_message(std::string message);
  void on_close();
  void pause();
  void look_again();
  void fail_with(const Error& error);
  std::shared_ptr<ExecPeer> peer() const;
  std::shared_ptr<ExecPeer> take_peer();  // for the last call, which only one gets

  net::Loop& loop_;
  const NodeTarget target_;
  mutable std::mutex mutex_;  // all below
  std::shared_ptr<ExecPeer> peer_;
  std::shared_ptr<net::http::WebSocket> socket_;  // null before the node answered, and after the end
  std::deque<std::string> early_;                 // bounded by who writes: it looks at bytes_queued()
  size_t early_bytes_ = 0;
  bool ended_ = false;
  std::unique_ptr<net::Loop::Timer> timer_;
};

// GET /exec/NS/POD/CONTAINER?command=…
std::string kubelet_exec_path(const ExecRequest& request);

std::shared_ptr<ExecSession> make_remote_session(std::shared_ptr<RemoteExec> exec);

}  // namespace appliance::orchestrator::client
