// exec and attach over a WebSocket, subprotocols v5.channel.k8s.io and v4.channel.k8s.io: binary messages whose first
// byte names the channel. The API server and the kubelet API serve it with ExecBridge; RemoteStreams speaks the other
// side of it.
//
//   0 stdin   1 stdout   2 stderr   3 error (one Status at the end)   4 resize {"Width":80,"Height":24}
//   255 (v5): the client closes the channel whose number is the one byte of the payload; FF 00 is the end of stdin
//
// Back-pressure both ways: output waits in the socket's queue, whose length the kubelet sees through
// ExecPeer::bytes_queued(); input stops being read while the process has more than kSinkHighWater of it waiting.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "net/http/server.h"
#include "orchestrator/client/node_streams.h"

namespace appliance::orchestrator::client {

namespace channel {
inline constexpr char kStdin = 0;
inline constexpr char kStdout = 1;
inline constexpr char kStderr = 2;
inline constexpr char kError = 3;
inline constexpr char kResize = 4;
inline constexpr char kClose = static_cast<char>(255);
inline constexpr std::string_view kV5 = "v5.channel.k8s.io";
inline constexpr std::string_view kV4 = "v4.channel.k8s.io";
inline constexpr uint16_t kCloseNormal = 1000;
// How soon a side that was paused is looked at again: the doors have no event for "it has been read".
inline constexpr base::Nanos kPoll = std::chrono::milliseconds(5);
}  // namespace channel

// The better of what a Sec-WebSocket-Protocol header offers, or "".
std::string_view chosen_protocol(std::string_view offered);

// The Status on the error channel, and what it says.
std::string exit_status(int exit_code);
std::string error_status(const Error& error);
struct ExecEnd {
  int exit_code = 0;
  std::optional<Error> error;  // instead of the code
};
ExecEnd parse_exec_status(std::string_view text);

// Where a bridge works: a task that is dropped instead of run ends the session.
struct BridgeThreads {
  std::function<void(base::Task)> run;                     // soon, where a few ms may be waited
  std::function<void(base::Nanos, base::Task)> run_after;  // likewise; never inside the call
};

// The server's side of one exec: the peer of the kubelet's session and the reader of the client's messages. The
// socket's handlers and the kubelet hold it; it ends when either side does.
class ExecBridge final : public ExecPeer, public std::enable_shared_from_this<ExecBridge> {
 public:
  ExecBridge(ExecRequest request, BridgeThreads threads) : request_(std::move(request)), threads_(std::move(threads)) {}

  // In accept_websocket()'s callback: on the socket's strand, before the first message.
  void opened(NodeStreams& streams, std::shared_ptr<net::http::WebSocket> socket);

  bool on_stdout(std::string bytes) override { return put(channel::kStdout, std::move(bytes)); }
  bool on_stderr(std::string bytes) override { return put(channel::kStderr, std::move(bytes)); }
  void on_exit(int exit_code) override { end(exit_status(exit_code)); }
  void on_error(const Error& error) override { end(error_status(error)); }
  [[nodiscard]] size_t bytes_queued() const override { return socket_->bytes_queued(); }

 private:
  void start(NodeStreams& streams);
  void on_message(std::string message);
  void drain();
  void input(ExecSession& session, std::string message);
  void pause();
  void look_again();
  bool put(char channel, std::string bytes);
  void end(std::string status);
  void drop();

  const ExecRequest request_;
  const BridgeThreads threads_;
  std::shared_ptr<net::http::WebSocket> socket_;  // set once, before anything else runs
  std::mutex mutex_;
  std::shared_ptr<ExecSession> session_;
  std::deque<std::string> messages_;  // bounded: the socket is paused while nobody takes them
  bool is_draining_ = false;
  bool dropped_ = false;
};

}  // namespace appliance::orchestrator::client
