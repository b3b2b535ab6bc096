#include "node/control/control.h"

#include "node/control/routes.h"

namespace appliance::node {
namespace {

using net::http::Exchange;

// The same exchange, asked by the admin: the socket's mode is the authentication.
class AsAdmin final : public Exchange {
 public:
  explicit AsAdmin(std::shared_ptr<Exchange> inner) : inner_(std::move(inner)), request_(inner_->request()) {
    request_.peer =
        net::http::PeerCertificate{.common_name = "system:admin", .organizations = {"system:masters"}, .sha256 = {}};
  }
  const net::http::Request& request() const override { return request_; }
  void respond(net::http::Response response) override { inner_->respond(std::move(response)); }
  std::shared_ptr<net::http::Stream> start_stream(net::http::Response head) override {
    return inner_->start_stream(std::move(head));
  }
  void accept_websocket(std::string_view subprotocol,
                        std::function<void(std::shared_ptr<net::http::WebSocket>)> opened) override {
    inner_->accept_websocket(subprotocol, std::move(opened));
  }
  void on_abort(base::Task task) override { inner_->on_abort(std::move(task)); }

 private:
  std::shared_ptr<Exchange> inner_;
  net::http::Request request_;
};

bool for_servers(std::string_view path) { return path.starts_with("/store/") || path.starts_with("/tokens"); }

Error not_here(const ControlDeps& deps) {
  return Error{.code = Code::kFailedPrecondition,
               .message = "this machine is a worker of the cluster at " + deps.api_url,
               .errno_value = 0,
               .hint = "ask there, or with kubectl and its kubeconfig"};
}

}  // namespace

net::http::Handler control_handler(ControlDeps deps) {
  auto shared = std::make_shared<ControlDeps>(std::move(deps));
  return [shared](std::shared_ptr<Exchange> exchange) {
    const auto& request = exchange->request();
    if (!request.path.starts_with("/control/")) {
      if (!shared->api) return respond_error(*exchange, not_here(*shared));
      return shared->api(std::make_shared<AsAdmin>(std::move(exchange)));
    }
    const auto path = request.path.substr(sizeof "/control" - 1);
    for (const auto& route : routes()) {
      if (route.method != request.method || route.path != path) continue;
      if (shared->kv == nullptr && for_servers(path)) return respond_error(*exchange, not_here(*shared));
      if (!route.blocks) return route.handle(*shared, exchange);
      const bool taken =
          shared->blocking.post([shared, exchange, handle = route.handle] { handle(*shared, exchange); });
      if (!taken)
        respond_error(
            *exchange,
            Error{.code = Code::kResourceExhausted, .message = "the server is too busy", .errno_value = 0, .hint = {}});
      return;
    }
    respond_error(*exchange, Error{.code = Code::kNotFound,
                                   .message = request.method + ' ' + request.path + ": no such path",
                                   .errno_value = 0,
                                   .hint = {}});
  };
}

}  // namespace appliance::node
