#include "net/http/transport.h"

namespace appliance::net::http {
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}
  void handshake(IoHandler done) override { done({}, 0); }
  void read_some(asio::mutable_buffer into, IoHandler done) override { socket_.async_read_some(into, std::move(done)); }
  void write_some(Buffers from, IoHandler done) override { socket_.async_write_some(from, std::move(done)); }
  void shutdown(IoHandler done) override {
    ErrorCode error;
    (void)socket_.shutdown(Socket::shutdown_send, error);  // fails when the peer is gone: the caller closes anyway
    done(error, 0);
  }
  void identify(Request&) override {}
  Socket& socket() override { return socket_; }
  [[nodiscard]] bool encrypted() const override { return false; }

 private:
  Socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace appliance::net::http
