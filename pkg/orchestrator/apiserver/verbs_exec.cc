// pods/exec and pods/attach over WebSocket, subprotocols v5.channel.k8s.io and v4.channel.k8s.io (kube-api page 4):
// binary messages whose first byte names the channel. SPDY is refused with a clear Status.
//
//   0 stdin   1 stdout   2 stderr   3 error (one Status at the end)   4 resize {"Width":80,"Height":24}
//   255 (v5): the client closes the channel whose number is the one byte of the payload; FF 00 is the end of stdin
//
// Back-pressure both ways: output waits in the socket's queue, whose length the kubelet sees through
// ExecPeer::bytes_queued(); input stops being read while the process has more than kSinkHighWater of it waiting.
#include <deque>

#include "base/strings.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/pod_streams.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;

constexpr char kStdin = 0;
constexpr char kStdout = 1;
constexpr char kStderr = 2;
constexpr char kErrorChannel = 3;
constexpr char kResize = 4;
constexpr char kCloseChannel = static_cast<char>(255);
constexpr std::string_view kV5 = "v5.channel.k8s.io";
constexpr std::string_view kV4 = "v4.channel.k8s.io";
constexpr uint16_t kCloseNormal = 1000;
constexpr base::Nanos kStdinPoll = 5ms;  // how soon a paused client is read again after the process has read its input

std::string exit_status(int code) {
  if (code == 0) return R"({"metadata":{},"status":"Success"})";
  const std::string number = std::to_string(code);
  return json::serialize(json::Object{
      {"metadata", json::Object{}},
      {"status", "Failure"},
      {"message", "command terminated with non-zero exit code: command terminated with exit code " + number},
      {"reason", "NonZeroExitCode"},
      {"details", json::Object{{"causes", json::Array{json::Object{{"reason", "ExitCode"}, {"message", number}}}}}}});
}

// One exec: the peer of the kubelet's session and the reader of the client's messages. The socket's handlers and the
// kubelet hold it; it ends when either side does.
class Bridge final : public client::ExecPeer, public std::enable_shared_from_this<Bridge> {
 public:
  Bridge(Core& core, client::ExecRequest request) : core_(core), request_(std::move(request)) {}

  // On the socket's strand, before the first message.
  void opened(client::NodeStreams& streams, std::shared_ptr<net::http::WebSocket> socket) {
    socket_ = std::move(socket);
    socket_->on_message(
        [self = shared_from_this()](std::string message, bool) { self->on_message(std::move(message)); });
    socket_->on_close([self = shared_from_this()] { self->drop(); });
    // Starting a process takes the kubelet a while: not on the strand.
    core_.resume([self = shared_from_this(), &streams] { self->start(streams); });
  }

  bool on_stdout(std::string bytes) override { return put(kStdout, std::move(bytes)); }
  bool on_stderr(std::string bytes) override { return put(kStderr, std::move(bytes)); }
  void on_exit(int exit_code) override { end(exit_status(exit_code), kCloseNormal); }
  void on_error(const Error& error) override {
    end(json::serialize(api::to_status(api::internal_error(error.message))), kCloseNormal);
  }
  [[nodiscard]] size_t bytes_queued() const override { return socket_->bytes_queued(); }

 private:
  void start(client::NodeStreams& streams) {
    auto session = streams.exec(request_, shared_from_this());
    if (!session) return on_error(session.error());
    {
      const std::lock_guard lock(mutex_);
      if (dropped_) return;  // the session dies with this scope
      session_ = *session;
      is_draining_ = true;
    }
    drain();
  }

  // Messages wait in a queue that one thread at a time empties: what came before the process was there keeps its order.
  void on_message(std::string message) {
    bool has_session = false;
    {
      const std::lock_guard lock(mutex_);
      if (dropped_) return;
      messages_.push_back(std::move(message));
      has_session = session_ != nullptr;
      if (is_draining_) return;
      is_draining_ = has_session;
    }
    if (!has_session) return pause();
    drain();
  }
  void drain() {
    for (;;) {
      std::shared_ptr<client::ExecSession> session;
      std::string message;
      {
        const std::lock_guard lock(mutex_);
        session = session_;
        if (!session || messages_.empty()) {
          is_draining_ = false;
          return;
        }
        message = std::move(messages_.front());
        messages_.pop_front();
      }
      input(*session, std::move(message));
    }
  }

  void input(client::ExecSession& session, std::string message) {
    if (message.empty()) return;
    const char channel = message[0];
    if (channel == kStdin) {
      if (message.size() > 1) (void)session.write_stdin(message.substr(1));
      if (session.stdin_bytes_queued() > client::kSinkHighWater) pause();
    } else if (channel == kResize) {
      const auto size = json::parse(std::string_view(message).substr(1));
      if (size)
        session.resize(static_cast<uint16_t>(json::int_at(*size, {"Width"})),
                       static_cast<uint16_t>(json::int_at(*size, {"Height"})));
    } else if (channel == kCloseChannel && socket_->subprotocol() == kV5 && message.size() > 1 &&
               message[1] == kStdin) {
      session.close_stdin();  // v4 knows no such channel: there it is ignored as every unknown one
    }
  }

  // Stops reading the client, and looks again until the process has caught up.
  void pause() {
    socket_->pause_reading();
    core_.cache.queue().post_at(core_.clock.monotonic() + kStdinPoll, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->look_again();
    });
  }
  void look_again() {
    bool wait = false;
    {
      const std::lock_guard lock(mutex_);
      if (dropped_) return;
      wait = !session_ || session_->stdin_bytes_queued() > client::kSinkHighWater / 2;
    }
    if (wait) return pause();
    socket_->resume_reading();
  }

  bool put(char channel, std::string bytes) {
    bytes.insert(bytes.begin(), channel);
    return socket_->send(std::move(bytes));
  }
  void end(std::string status, uint16_t code) {
    (void)put(kErrorChannel, std::move(status));
    socket_->close(code, "");
    drop();
  }
  void drop() {
    std::shared_ptr<client::ExecSession> session;  // destroyed outside the lock: it may call back
    const std::lock_guard lock(mutex_);
    dropped_ = true;
    session.swap(session_);
    messages_.clear();
    if (session) core_.resume([session = std::move(session)] {});
  }

  Core& core_;
  const client::ExecRequest request_;
  std::shared_ptr<net::http::WebSocket> socket_;
  std::mutex mutex_;
  std::shared_ptr<client::ExecSession> session_;
  std::deque<std::string> messages_;  // bounded: the socket is paused while nobody takes them
  bool is_draining_ = false;
  bool dropped_ = false;
};

std::string_view chosen_protocol(const net::http::Request& request) {
  std::string_view v4;
  for (const std::string_view part : base::split(request.headers.get("Sec-WebSocket-Protocol"), ',')) {
    const std::string_view protocol = base::trim(part);
    if (protocol == kV5) return kV5;
    if (protocol == kV4) v4 = kV4;
  }
  return v4;
}

api::ApiError upgrade_refused(const net::http::Request& request) {
  const bool spdy = base::to_lower(request.headers.get("Upgrade")).starts_with("spdy");
  return api::bad_request(
      spdy ? "SPDY is not spoken here: kubectl 1.30 and later use WebSocket (v5.channel.k8s.io); 1.29 does with "
             "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true"
           : "Upgrade request required: WebSocket with subprotocol v5.channel.k8s.io or v4.channel.k8s.io");
}

void answer_exec(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  client::ExecRequest exec;
  exec.attach = call->info.subresource == "attach";
  auto target = pod_container(core, *call, std::string(request.query_value("container")));
  if (!target) return respond_error(*call, target.error());
  exec.ns = call->info.ns;
  exec.pod = call->info.name;
  exec.container = target->container;
  exec.command = request.query_values("command");
  exec.stdin_open = request.query_flag("stdin");
  exec.tty = request.query_flag("tty");
  exec.stdout_open = request.query_flag("stdout");
  exec.stderr_open = request.query_flag("stderr") && !exec.tty;
  if (!exec.attach && exec.command.empty())
    return respond_error(*call, api::bad_request("you must specify at least one command for the container"));
  if (!exec.stdin_open && !exec.stdout_open && !exec.stderr_open)
    return respond_error(*call, api::bad_request("you must specify at least one of stdin, stdout, stderr"));
  if (target->node.empty())
    return respond_error(*call, api::bad_request("pod " + call->info.name + " does not have a host assigned"));
  client::NodeStreams* streams = core.streams;
  if (streams == nullptr) return respond_error(*call, no_node_streams());
  const std::string_view protocol = chosen_protocol(request);
  if (!request.websocket_upgrade || protocol.empty()) return respond_error(*call, upgrade_refused(request));
  auto bridge = std::make_shared<Bridge>(core, std::move(exec));
  call->exchange->accept_websocket(protocol, [bridge, streams](std::shared_ptr<net::http::WebSocket> socket) {
    bridge->opened(*streams, std::move(socket));
  });
}

}  // namespace

void serve_exec(Core& core, const CallPtr& call) {
  with_revision(core, call, std::nullopt, [&core, call] { answer_exec(core, call); });
}

}  // namespace appliance::orchestrator::apiserver
