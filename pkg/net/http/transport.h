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
#include "net/tls/client_context.h"

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
  // Client's side, after the handshake, also after one that failed: why the server is not the one that was meant, or
  // "".
  [[nodiscard]] virtual std::string server_problem() { return {}; }
  virtual Socket& socket() = 0;  // below TLS
  [[nodiscard]] virtual bool encrypted() const = 0;
};

std::unique_ptr<Transport> make_plain_transport(Socket socket);
std::unique_ptr<Transport> make_tls_transport(Socket socket, const tls::ServerContext& context);

struct TlsPeer {
  tls::ClientOptions tls;   // whom to trust, who we are
  std::string host;         // DNS name or address that the server's certificate must carry
  std::string common_name;  // that it must have besides; "" = any
};
Result<std::unique_ptr<Transport>> make_tls_client_transport(Socket socket, const TlsPeer& peer);

}  // namespace appliance::net::http
