// The bytes below HTTP: a connected socket, plain or TLS, behind one interface, so that nothing above is compiled
// twice. Lives on the connection's strand; every handler runs there. At most one read and one write at a time. For
// pkg/net/http only.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "net/http/message.h"
#include "net/loop/asio.h"

namespace appliance::net::tls {
class ServerContext;
}

namespace appliance::net::http {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Strand>;
using IoHandler = std::move_only_function<void(ErrorCode, size_t)>;
using Buffers = std::vector<asio::const_buffer>;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void handshake(IoHandler done) = 0;  // at once on plain text
  virtual void read_some(asio::mutable_buffer into, IoHandler done) = 0;
  virtual void write_some(Buffers from, IoHandler done) = 0;  // the memory stays until `done`
  virtual void shutdown(IoHandler done) = 0;                  // polite: close_notify, then FIN
  virtual void identify(Request& request) = 0;                // sets peer or peer_error from the client certificate
  virtual Socket& socket() = 0;                               // below TLS
  [[nodiscard]] virtual bool encrypted() const = 0;
};

std::unique_ptr<Transport> make_plain_transport(Socket socket);
std::unique_ptr<Transport> make_tls_transport(Socket socket, const tls::ServerContext& context);

}  // namespace appliance::net::http
