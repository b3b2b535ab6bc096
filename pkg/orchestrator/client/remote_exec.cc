#include "orchestrator/client/remote_exec.h"

#include <utility>

#include "base/json/json.h"
#include "base/strings.h"
#include "net/http/websocket_client.h"
#include "orchestrator/client/remote_command.h"

namespace appliance::orchestrator::client {
namespace {

constexpr size_t kEarlyBytesMax = 4U << 20U;  // input before the node answered; who writes more does not look

// Dropping it ends the exec.
class RemoteSession final : public ExecSession {
 public:
  explicit RemoteSession(std::shared_ptr<RemoteExec> exec) : exec_(std::move(exec)) {}
  ~RemoteSession() override { exec_->drop(); }
  bool write_stdin(std::string bytes) override {
    bytes.insert(bytes.begin(), channel::kStdin);
    return exec_->send(std::move(bytes));
  }
  [[nodiscard]] size_t stdin_bytes_queued() const override { return exec_->bytes_queued(); }
  void close_stdin() override { (void)exec_->send({channel::kClose, channel::kStdin}); }
  void resize(uint16_t width, uint16_t height) override {
    (void)exec_->send(channel::kResize + json::serialize(json::Object{{"Width", width}, {"Height", height}}));
  }

 private:
  const std::shared_ptr<RemoteExec> exec_;
};

}  // namespace

std::shared_ptr<ExecSession> make_remote_session(std::shared_ptr<RemoteExec> exec) {
  return std::make_shared<RemoteSession>(std::move(exec));
}

std::string kubelet_exec_path(const ExecRequest& request) {
  std::string out = request.attach ? "/attach" : "/exec";
  for (const std::string* part : {&request.ns, &request.pod, &request.container})
    out += '/' + base::percent_encode(*part);
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    out += std::exchange(separator, '&');
    out.append(name).append("=").append(base::percent_encode(value));
  };
  for (const std::string& word : request.command) add("command", word);
  if (request.stdin_open) add("input", "1");
  if (request.stdout_open) add("output", "1");
  if (request.stderr_open) add("error", "1");
  if (request.tty) add("tty", "1");
  return out;
}

void RemoteExec::start(const ExecRequest& request) {
  net::http::WebSocketClientOptions options;
  options.base_url = target_.base_url;
  options.path = kubelet_exec_path(request);
  options.subprotocols = {std::string(channel::kV5)};
  options.ca_pem = target_.credentials.ca_pem;
  options.certificate_pem = target_.credentials.certificate_pem;
  options.key_pem = target_.credentials.key_pem;
  options.common_name = target_.common_name();
  options.deadline = kNodeConnectTimeout;
  net::http::connect_websocket(loop_, std::move(options),
                               [self = shared_from_this()](Result<std::shared_ptr<net::http::WebSocket>> opened) {
                                 self->on_opened(std::move(opened));
                               });
}

void RemoteExec::on_opened(Result<std::shared_ptr<net::http::WebSocket>> opened) {
  if (!opened) return fail_with(target_.error(opened.error()));
  const auto& socket = *opened;
  socket->on_message([self = shared_from_this()](std::string message, bool) { self->on_message(std::move(message)); });
  socket->on_close([self = shared_from_this()] { self->on_close(); });
  const std::lock_guard lock(mutex_);
  if (ended_) return;  // the socket closes with this scope
  socket_ = socket;
  for (std::string& message : early_) (void)socket_->send(std::move(message));
  early_.clear();
  early_bytes_ = 0;
}

bool RemoteExec::send(std::string message) {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  if (socket_) return socket_->send(std::move(message));
  if (early_bytes_ + message.size() > kEarlyBytesMax) return false;
  early_bytes_ += message.size();
  early_.push_back(std::move(message));
  return true;
}

size_t RemoteExec::bytes_queued() const {
  const std::lock_guard lock(mutex_);
  return socket_ ? socket_->bytes_queued() : early_bytes_;
}

std::shared_ptr<ExecPeer> RemoteExec::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

std::shared_ptr<ExecPeer> RemoteExec::take_peer() {
  const std::lock_guard lock(mutex_);
  return std::exchange(peer_, nullptr);
}

void RemoteExec::on_message(std::string message) {
  if (message.empty()) return;
  const char from = message[0];
  if (from == channel::kError) {
    const ExecEnd end = parse_exec_status(std::string_view(message).substr(1));
    const auto last = take_peer();
    if (!last) return;
    return end.error ? last->on_error(*end.error) : last->on_exit(end.exit_code);
  }
  if (from != channel::kStdout && from != channel::kStderr) return;  // v5 may grow
  const auto to = peer();
  if (!to) return;
  message.erase(0, 1);
  if (message.empty()) return;
  if (!(from == channel::kStdout ? to->on_stdout(std::move(message)) : to->on_stderr(std::move(message))))
    return drop();
  if (to->bytes_queued() > kSinkHighWater) pause();
}

void RemoteExec::on_close() {
  fail_with(
      target_.error({.code = Code::kUnavailable, .message = "the connection is lost", .errno_value = 0, .hint = {}}));
  drop();
}

void RemoteExec::pause() {
  const std::lock_guard lock(mutex_);
  if (!socket_) return;
  socket_->pause_reading();
  timer_ = loop_.after(channel::kPoll, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look_again();
  });
}

void RemoteExec::look_again() {
  const auto to = peer();
  if (to && to->bytes_queued() > kSinkHighWater / 2) return pause();
  const std::lock_guard lock(mutex_);
  if (socket_) socket_->resume_reading();
}

void RemoteExec::fail_with(const Error& error) {
  if (const auto last = take_peer()) last->on_error(error);
}

void RemoteExec::drop() {
  std::shared_ptr<net::http::WebSocket> socket;
  std::shared_ptr<ExecPeer> peer;  // both go outside the lock
  std::unique_ptr<net::Loop::Timer> timer;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    socket.swap(socket_);
    peer.swap(peer_);
    timer.swap(timer_);
    early_.clear();
  }
  if (socket) socket->close(channel::kCloseNormal, "");
}

}  // namespace appliance::orchestrator::client
