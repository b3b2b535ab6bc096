#include "net/http/server.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>

#include "net/http/connection.h"
#include "net/http/listen_socket.h"
#include "net/http/server_core.h"

namespace appliance::net::http {
namespace {

constexpr int kAcceptsPerWakeMax = 64;                  // then other handlers of the loop get their turn
constexpr std::chrono::milliseconds kAcceptPause{100};  // out of descriptors: a busy loop would not help

// The listening socket on a strand of its own.
class Listener final : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::shared_ptr<ServerCore> core, base::Fd fd)
      : core_(std::move(core)),
        strand_(asio::make_strand(core_->loop.core().context)),
        descriptor_(strand_, fd.release()),
        pause_(strand_) {}

  void start() {
    asio::dispatch(strand_, [self = shared_from_this()] { self->wait(); });
  }
  void stop() {
    asio::dispatch(strand_, [self = shared_from_this()] {
      ErrorCode ignored;  // closed in any case
      (void)self->descriptor_.close(ignored);
      self->pause_.cancel();
    });
  }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<Strand>;

  void wait() {
    if (!descriptor_.is_open()) return;
    descriptor_.async_wait(Descriptor::wait_read, [self = shared_from_this()](ErrorCode error) {
      if (!error) self->accept_some();
    });
  }

  void accept_some() {
    for (int i = 0; i < kAcceptsPerWakeMax; ++i) {
      if (!descriptor_.is_open()) return;
      auto accepted = accept_one(descriptor_.native_handle());
      if (!accepted) {
        core_->options.log.warn("cannot accept connections, trying again", {{"error", accepted.error()}});
        pause_.expires_after(kAcceptPause);
        pause_.async_wait([self = shared_from_this()](ErrorCode error) {
          if (!error) self->wait();
        });
        return;
      }
      if (!accepted->fd) break;
      serve(*std::move(accepted));
    }
    wait();
  }

  void serve(Accepted accepted) {
    const Strand strand = asio::make_strand(core_->loop.core().context);
    Socket socket(strand);
    ErrorCode error;
    const asio::generic::stream_protocol protocol(accepted.family, 0);
    (void)socket.assign(protocol, accepted.fd.get(), error);
    if (error) return;  // epoll is out of memory: the descriptor closes here
    (void)accepted.fd.release();
    auto transport = core_->options.tls ? make_tls_transport(std::move(socket), *core_->options.tls)
                                        : make_plain_transport(std::move(socket));
    auto connection = std::make_shared<Connection>(core_, strand, std::move(transport), std::move(accepted.remote));
    if (core_->enter(connection)) connection->start();
  }

  const std::shared_ptr<ServerCore> core_;
  Strand strand_;
  Descriptor descriptor_;
  asio::steady_timer pause_;
};

class BeastServer final : public Server {
 public:
  BeastServer(Loop& loop, ServerOptions options, Handler handler, ListenSocket socket)
      : core_(std::make_shared<ServerCore>(loop, std::move(options), std::move(handler))), port_(socket.port) {
    auto listener = std::make_shared<Listener>(core_, std::move(socket.fd));
    listener->start();
    listener_ = listener;
  }
  ~BeastServer() override { BeastServer::stop(); }
  [[nodiscard]] int port() const override { return port_; }

  void stop() override {
    const std::scoped_lock lock(stopping_);
    if (const auto listener = listener_.lock()) listener->stop();
    core_->close_all();
    core_->wait_gone(listener_);
    if (!core_->options.unix_path.empty() && !std::exchange(unlinked_, true))
      (void)::unlink(core_->options.unix_path.c_str());  // the next listen() replaces what stays
  }

 private:
  const std::shared_ptr<ServerCore> core_;
  std::weak_ptr<Listener> listener_;
  const int port_;
  std::mutex stopping_;
  bool unlinked_ = false;
};

}  // namespace

ServerMetrics::ServerMetrics(base::Metrics& m)
    : connections(m.counter("appliance_http_connections_total", "Connections accepted.")),
      connections_refused(
          m.counter("appliance_http_connections_refused_total", "Connections closed at accept: too many.")),
      requests(m.counter("appliance_http_requests_total", "Requests handed to a handler.")),
      requests_malformed(
          m.counter("appliance_http_requests_malformed_total", "Requests refused by the parser or a limit.")),
      streams_overflowed(
          m.counter("appliance_http_streams_overflowed_total", "Streams closed: the client was too slow.")),
      connections_open(m.gauge("appliance_http_connections_open", "Connections open now.")) {}

ServerCore::ServerCore(Loop& loop_in, ServerOptions options_in, Handler handler_in)
    : loop(loop_in),
      options(std::move(options_in)),
      handler(std::move(handler_in)),
      own_metrics(options.metrics == nullptr ? std::make_unique<base::Metrics>() : nullptr),
      metrics(options.metrics == nullptr ? *own_metrics : *options.metrics) {}

bool ServerCore::enter(const std::shared_ptr<Connection>& connection) {
  const std::scoped_lock lock(mutex_);
  if (stopping_ || open_.size() >= options.connections_max) {
    metrics.connections_refused.add();
    return false;
  }
  open_.emplace(connection.get(), connection);
  metrics.connections.add();
  metrics.connections_open.add(1);
  return true;
}

void ServerCore::leave(const Connection* connection) {
  const std::scoped_lock lock(mutex_);
  if (open_.erase(connection) == 0) return;
  metrics.connections_open.add(-1);
  gone_.notify_all();
}

void ServerCore::close_all() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [key, weak] : open_)
      if (auto connection = weak.lock()) all.push_back(std::move(connection));
  }
  for (const auto& connection : all) connection->close();
}

// A loop that was stopped first runs none of our handlers any more: then there is nothing to wait for.
void ServerCore::wait_gone(const std::weak_ptr<void>& listener) {
  std::unique_lock lock(mutex_);
  while (!(open_.empty() && listener.expired()) && !loop.core().stopped.load())
    gone_.wait_for(lock, std::chrono::milliseconds(5));
}

Result<std::unique_ptr<Server>> Server::listen(Loop& loop, ServerOptions options, Handler handler) {
  ListenSocket socket =
      TRY(options.unix_path.empty() ? listen_tcp(options.address, options.port) : listen_unix(options.unix_path));
  return std::make_unique<BeastServer>(loop, std::move(options), std::move(handler), std::move(socket));
}

}  // namespace appliance::net::http
