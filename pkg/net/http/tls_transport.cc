#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <cstring>

#include "base/crypto/init.h"
#include "base/crypto/x509.h"
#include "net/http/transport.h"
#include "net/tls/context.h"
#include "net/tls/peer_check.h"

namespace appliance::net::http {
namespace {

constexpr size_t kRecordBytes = 16U * 1024;  // one TLS record

// Asio's context takes a reference of ours away when it goes; the SSL of the stream holds another one.
asio::ssl::context borrow(SSL_CTX* context) {
  SSL_CTX_up_ref(context);
  return asio::ssl::context(context);
}

class TlsTransport : public Transport {
 public:
  TlsTransport(Socket socket, const std::shared_ptr<SSL_CTX>& context)
      : context_(borrow(context.get())), stream_(std::move(socket), context_) {}

  void handshake(IoHandler done) override { handshake_as(asio::ssl::stream_base::server, std::move(done)); }
  void handshake_as(asio::ssl::stream_base::handshake_type role, IoHandler done) {
    stream_.async_handshake(role, [done = std::move(done)](ErrorCode error) mutable { done(error, 0); });
  }
  void read_some(asio::mutable_buffer into, IoHandler done) override { stream_.async_read_some(into, std::move(done)); }

  // Asio encrypts only the first buffer of a sequence: small ones are gathered into one record.
  void write_some(Buffers from, IoHandler done) override {
    if (from.size() == 1 || from.front().size() >= kRecordBytes) {
      stream_.async_write_some(from.front(), std::move(done));
      return;
    }
    if (!record_) record_ = std::make_unique<std::array<char, kRecordBytes>>();
    size_t filled = 0;
    for (const asio::const_buffer& part : from) {
      const size_t take = std::min(part.size(), kRecordBytes - filled);
      std::memcpy(record_->data() + filled, part.data(), take);
      filled += take;
      if (filled == kRecordBytes) break;
    }
    stream_.async_write_some(asio::buffer(record_->data(), filled), std::move(done));
  }

  void shutdown(IoHandler done) override {
    stream_.async_shutdown([this, done = std::move(done)](ErrorCode error) mutable {
      ErrorCode ignored;  // the peer may be gone; the caller closes anyway
      (void)socket().shutdown(Socket::shutdown_send, ignored);
      done(error, 0);
    });
  }

  void identify(Request& request) override {
    const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(stream_.native_handle()), X509_free);
    if (!shown) return;
    const long verdict = SSL_get_verify_result(stream_.native_handle());
    if (verdict != X509_V_OK) {
      request.peer_error = std::string("client certificate: ") + X509_verify_cert_error_string(verdict);
      return;
    }
    unsigned char* der = nullptr;
    const int size = i2d_X509(shown.get(), &der);
    if (size <= 0) return;
    auto facts = crypto::parse_certificate_der({reinterpret_cast<char*>(der), static_cast<size_t>(size)});
    OPENSSL_free(der);
    if (!facts) {
      request.peer_error = "client " + facts.error().message;
      return;
    }
    request.peer = PeerCertificate{.common_name = std::move(facts->common_name),
                                   .organizations = std::move(facts->organizations),
                                   .sha256 = std::move(facts->sha256),
                                   .public_key_sha256 = std::move(facts->public_key_sha256)};
  }

  Socket& socket() override { return stream_.next_layer(); }
  [[nodiscard]] bool encrypted() const override { return true; }

 protected:
  SSL* ssl() { return stream_.native_handle(); }

 private:
  asio::ssl::context context_;
  asio::ssl::stream<Socket> stream_;
  std::unique_ptr<std::array<char, kRecordBytes>> record_;
};

class TlsClientTransport final : public TlsTransport {
 public:
  TlsClientTransport(Socket socket, const std::shared_ptr<SSL_CTX>& context, const TlsPeer& peer)
      : TlsTransport(std::move(socket), context), host_(peer.host), common_name_(peer.common_name) {
    X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl());
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, peer.host.c_str()) != 1) {
      SSL_set_tlsext_host_name(ssl(), peer.host.c_str());
      X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      (void)X509_VERIFY_PARAM_set1_host(wanted, peer.host.data(), peer.host.size());
    }
  }
  void handshake(IoHandler done) override { handshake_as(asio::ssl::stream_base::client, std::move(done)); }

  std::string server_problem() override { return tls::server_problem(ssl(), host_, common_name_); }

 private:
  const std::string host_;
  const std::string common_name_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_tls_client_transport(Socket socket, const TlsPeer& peer) {
  crypto::init();
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return fail(Code::kInternal, "TLS context");
  TRY(tls::configure_client(context.get(), peer.tls));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // 34 KB less per idle connection
  return std::make_unique<TlsClientTransport>(std::move(socket), context, peer);
}

std::unique_ptr<Transport> make_tls_transport(Socket socket, const tls::ServerContext& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context.acquire());
}

}  // namespace appliance::net::http
