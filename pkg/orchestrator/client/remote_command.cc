#include "orchestrator/client/remote_command.h"

#include <utility>

#include "base/strings.h"
#include "orchestrator/api/errors.h"

namespace appliance::orchestrator::client {
namespace {

constexpr std::string_view kInternalPrefix = "Internal error occurred: ";

}  // namespace

std::string_view chosen_protocol(std::string_view offered) {
  std::string_view v4;
  for (const std::string_view part : base::split(offered, ',')) {
    const std::string_view protocol = base::trim(part);
    if (protocol == channel::kV5) return channel::kV5;
    if (protocol == channel::kV4) v4 = channel::kV4;
  }
  return v4;
}

std::string exit_status(int exit_code) {
  if (exit_code == 0) return R"({"metadata":{},"status":"Success"})";
  const std::string number = std::to_string(exit_code);
  return json::serialize(json::Object{
      {"metadata", json::Object{}},
      {"status", "Failure"},
      {"message", "command terminated with non-zero exit code: command terminated with exit code " + number},
      {"reason", "NonZeroExitCode"},
      {"details", json::Object{{"causes", json::Array{json::Object{{"reason", "ExitCode"}, {"message", number}}}}}}});
}

std::string error_status(const Error& error) {
  return json::serialize(api::to_status(api::internal_error(error.message)));
}

ExecEnd parse_exec_status(std::string_view text) {
  ExecEnd out;
  const auto status = json::parse(text);
  if (status && json::string_at(*status, {"status"}) == "Success") return out;
  if (status && json::string_at(*status, {"reason"}) == "NonZeroExitCode") {
    for (const json::Value& cause : json::array_at(*status, {"details", "causes"}))
      if (json::string_at(cause, {"reason"}) == "ExitCode")
        if (const auto code = base::parse_int<int>(json::string_at(cause, {"message"}))) {
          out.exit_code = *code;
          return out;
        }
  }
  std::string_view message = status ? json::string_at(*status, {"message"}) : std::string_view();
  if (message.starts_with(kInternalPrefix)) message.remove_prefix(kInternalPrefix.size());
  out.error = Error{.code = Code::kInternal,
                    .message = message.empty() ? "the node's last word cannot be read" : std::string(message),
                    .errno_value = 0,
                    .hint = {}};
  return out;
}

void ExecBridge::opened(NodeStreams& streams, std::shared_ptr<net::http::WebSocket> socket) {
  socket_ = std::move(socket);
  socket_->on_message([self = shared_from_this()](std::string message, bool) { self->on_message(std::move(message)); });
  socket_->on_close([self = shared_from_this()] { self->drop(); });
  // Starting a process takes the kubelet a while: not on the strand.
  threads_.run([self = shared_from_this(), &streams] { self->start(streams); });
}

void ExecBridge::start(NodeStreams& streams) {
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
void ExecBridge::on_message(std::string message) {
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

void ExecBridge::drain() {
  for (;;) {
    std::shared_ptr<ExecSession> session;
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

void ExecBridge::input(ExecSession& session, std::string message) {
  if (message.empty()) return;
  const char to = message[0];
  if (to == channel::kStdin) {
    if (message.size() > 1) (void)session.write_stdin(message.substr(1));
    if (session.stdin_bytes_queued() > kSinkHighWater) pause();
  } else if (to == channel::kResize) {
    const auto size = json::parse(std::string_view(message).substr(1));
    if (size)
      session.resize(static_cast<uint16_t>(json::int_at(*size, {"Width"})),
                     static_cast<uint16_t>(json::int_at(*size, {"Height"})));
  } else if (to == channel::kClose && socket_->subprotocol() == channel::kV5 && message.size() > 1 &&
             message[1] == channel::kStdin) {
    session.close_stdin();  // v4 knows no such channel: there it is ignored as every unknown one
  }
}

// Stops reading the client, and looks again until the process has caught up.
void ExecBridge::pause() {
  socket_->pause_reading();
  threads_.run_after(channel::kPoll, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->look_again();
  });
}

void ExecBridge::look_again() {
  bool wait = false;
  {
    const std::lock_guard lock(mutex_);
    if (dropped_) return;
    wait = !session_ || session_->stdin_bytes_queued() > kSinkHighWater / 2;
  }
  if (wait) return pause();
  socket_->resume_reading();
}

bool ExecBridge::put(char to, std::string bytes) {
  bytes.insert(bytes.begin(), to);
  return socket_->send(std::move(bytes));
}

void ExecBridge::end(std::string status) {
  (void)put(channel::kError, std::move(status));
  socket_->close(channel::kCloseNormal, "");
  drop();
}

void ExecBridge::drop() {
  std::shared_ptr<ExecSession> session;
  {
    const std::lock_guard lock(mutex_);
    dropped_ = true;
    session.swap(session_);
    messages_.clear();
  }
  if (session) threads_.run([session = std::move(session)] {});  // its end may call back, and wait
}

}  // namespace appliance::orchestrator::client
