#include "net/http/exchange.h"

#include <atomic>

#include "net/http/connection.h"

namespace appliance::net::http {
namespace {

// Refers to the connection weakly: an exchange that a handler keeps does not keep a dead connection.
class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(std::weak_ptr<Connection> connection, Request request)
      : connection_(std::move(connection)), request_(std::move(request)) {}

  ~ConnectionExchange() override {
    if (!ended_.load()) respond(text_response(500, "500 Internal Server Error: the request was not answered\n"));
  }

  [[nodiscard]] const Request& request() const override { return request_; }

  void respond(Response response) override {
    if (ended_.exchange(true)) return;
    if (const auto connection = connection_.lock()) connection->respond(std::move(response));
  }

  std::shared_ptr<Stream> start_stream(Response head) override {
    const bool first = !ended_.exchange(true);
    if (const auto connection = connection_.lock(); connection && first)
      return connection->start_stream(std::move(head));
    auto state = std::make_shared<StreamState>(std::weak_ptr<Connection>(), 0);
    state->close();
    return make_stream_handle(std::move(state));
  }

  void accept_websocket(std::string_view subprotocol, std::function<void(std::shared_ptr<WebSocket>)> opened) override {
    if (!request_.websocket_upgrade) return respond(text_response(400, "400 Bad Request: not a WebSocket handshake\n"));
    if (ended_.exchange(true)) return;
    if (const auto connection = connection_.lock())
      connection->accept_websocket(std::string(request_.headers.get("sec-websocket-key")), std::string(subprotocol),
                                   std::move(opened));
  }

  void on_abort(base::Task task) override {
    if (ended_.load()) return;
    if (const auto connection = connection_.lock()) return connection->on_abort(std::move(task));
    task();
  }

 private:
  const std::weak_ptr<Connection> connection_;
  const Request request_;
  std::atomic<bool> ended_{false};
};

}  // namespace

std::shared_ptr<Exchange> make_exchange(std::weak_ptr<Connection> connection, Request request) {
  return std::make_shared<ConnectionExchange>(std::move(connection), std::move(request));
}

}  // namespace appliance::net::http
